//! Any source that answers JSON over HTTP, by configuration alone.
//!
//! A question goes out by `template` (what is asked) and `fetch` (one page after the other, as `paging`
//! says); its rows come back through `read`. `auth` serves other kinds too.

pub(crate) mod auth;
pub(crate) mod certificates;
mod client_credentials;
mod config;
mod dates;
mod fetch;
mod paging;
mod plan;
mod read;
mod template;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, PeriodSpan, ProbeReport, Reading, Reason,
    SettingProblems, Window, windows,
};
use plan::Plan;
use read::Reader;

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "http_json",
    summary: "any JSON API: what to ask and where the figures are by JSON Pointer",
    reasons: &Reason::ALL_BUT_QUOTA,
    // Of the system behind it nothing is known: as for a database.
    purge_guard_days: Some(90),
    build,
};

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(HttpJson { plan: plan::plan(table)? }))
}

struct HttpJson {
    plan: Plan,
}

#[async_trait]
impl Collector for HttpJson {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            reading: Reading::Windows {
                period_kind: self.plan.period_kind,
                largest: self.plan.largest,
                settles_after: self.plan.settling.after,
                look_back: self.plan.look_back,
            },
        }
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        let plan = &self.plan;
        let now = context.clock.now();
        let Some(period) = windows::newest_closed(plan.period_kind, now, &plan.settling.zone) else {
            return Ok(ProbeReport { lines: Vec::new() });
        };
        let mut reader = Reader::new(plan, PeriodSpan { first: period, last: period }, now);
        let more = fetch::pages(plan, (period, period), context, 1, &mut reader).await?;
        let rows = reader.row_count();
        let batch = reader.finish()?;
        let more = if more { ", and there are more pages" } else { "" };
        let mut lines =
            vec![format!("{}: {rows} rows, {} figures for {period}{more}", plan.home, batch.figure_count())];
        lines.extend(batch.notes.iter().map(|note| format!("{}: {}", note.place, note.text)));
        Ok(ProbeReport { lines })
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        let plan = &self.plan;
        let span = windows::span(window, plan.period_kind)?;
        let mut reader = Reader::new(plan, span, context.clock.now());
        if fetch::pages(plan, (span.first, span.last), context, plan.max_pages, &mut reader).await? {
            let problem = format!(
                "{} has more than {} pages; raise `limits.max_pages`, or ask for fewer periods with `largest`",
                plan.home, plan.max_pages
            );
            return Err(CollectError::new(Reason::Malformed, problem));
        }
        Ok(Answer::Figures { batch: reader.finish()?, bookmark: None })
    }
}
