//! Figures in files: CSV, TSV and workbooks.
//!
//! A file goes the way `place` or `fetch` (its bytes) → `table` (rows of text cells) → `header` (which
//! column is what) → `long` or `wide` (figures) → `merge` (one answer). Everything about the meaning of
//! a file is in `plan::Plan`, so that an edition with other columns needs other settings and no code.

mod bookmark;
mod cell;
pub(crate) mod config;
mod dates;
mod decode;
mod fetch;
pub(crate) mod header;
#[cfg(any(feature = "feedback_explorer", feature = "govuk_forms"))]
pub(crate) mod known_layout;
mod long;
mod merge;
mod number;
mod organisations;
mod place;
pub(crate) mod plan;
mod preset;
mod quotes;
pub(crate) mod read;
pub(crate) mod report;
mod short;
mod soundness;
pub(crate) mod table;
mod tokens;
mod wide;
mod workbook;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, ProbeReport, Reading, Reason,
    SettingProblems, Window,
};
use bookmark::Memory;
use fetch::Fetched;
use merge::Merge;
use plan::{Location, Plan};
use read::Outcome;

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "spreadsheet",
    summary: "CSV, TSV, xlsx, xls and ods files: one, a folder of them, or at an http(s) address",
    reasons: &Reason::ALL_BUT_QUOTA,
    purge_guard_days: None,
    build,
};

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(Spreadsheet::new(plan::plan(table)?, read::read)))
}

/// What makes figures of the bytes of a file, given its name.
pub(crate) type ReadFile = dyn Fn(&Plan, &str, &[u8]) -> Outcome + Send + Sync;

/// Files at a place, read again where they changed. Kinds that are files of one known layout bring a
/// reader of their own.
pub(crate) struct Spreadsheet {
    plan: Arc<Plan>,
    read: Arc<ReadFile>,
}

impl Spreadsheet {
    pub(crate) fn new(
        plan: Plan,
        read: impl Fn(&Plan, &str, &[u8]) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        Self { plan: Arc::new(plan), read: Arc::new(read) }
    }
}

#[async_trait]
impl Collector for Spreadsheet {
    fn capabilities(&self) -> Capabilities {
        Capabilities { reading: Reading::Whole }
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        let (plan, read) = (Arc::clone(&self.plan), Arc::clone(&self.read));
        let Location::Url { url, timeout } = &self.plan.location else {
            return blocking(move || place::probe(&plan, &*read)).await.map(|lines| ProbeReport { lines });
        };
        let fetched = fetch::fetch(&context.http, url, *timeout, plan.max_bytes, None).await?;
        let lines = blocking(move || match fetched {
            Fetched::Unchanged => Ok(Vec::new()),
            Fetched::File { name, bytes, .. } => {
                Ok(vec![place::describe(&name, &read(&plan, &name, &bytes))])
            }
        });
        Ok(ProbeReport { lines: lines.await? })
    }

    async fn collect(&self, _: &Window, context: &Context) -> Result<Answer, CollectError> {
        let memory = Memory::recall(context.bookmark.as_ref(), &self.plan.fingerprint);
        let (plan, read) = (Arc::clone(&self.plan), Arc::clone(&self.read));
        let Location::Url { url, timeout } = &self.plan.location else {
            return blocking(move || place::collect(&plan, &memory, &*read)).await;
        };
        let before = memory.files.get(&url.file_name());
        match fetch::fetch(&context.http, url, *timeout, plan.max_bytes, before).await? {
            Fetched::Unchanged => Ok(Answer::Unchanged),
            Fetched::File { name, bytes, seen } => {
                blocking(move || {
                    let mut merge = Merge::new(&plan.fingerprint);
                    merge.add(&name, seen, read(&plan, &name, &bytes));
                    merge.finish()
                })
                .await
            }
        }
    }
}

/// Files and the reading of them block, and a daemon's other work goes on meanwhile.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CollectError> + Send + 'static,
) -> Result<T, CollectError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(CollectError::new(Reason::Malformed, "the file cannot be read; the reader failed on it")
            .with_source(error))
    })
}

#[cfg(test)]
mod tests;
