//! What is remembered between runs: the ledger, cursors, bookmarks and backfills.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use collectors::Bookmark;
use jiff::Timestamp;
use kpi::{CollectorName, Period};

use super::{RunReport, Trigger};
use crate::plan::Backfill;

/// Remembers runs. Losing it costs re-reads and nothing more: figures are in the store.
#[async_trait]
pub trait RunState: Send + Sync {
    /// Enters a run that begins into the ledger.
    async fn start(
        &self,
        collector: &CollectorName,
        trigger: Trigger,
        at: Timestamp,
    ) -> Result<RunId, StateError>;

    /// Enters how it ended.
    async fn finish(&self, run: RunId, report: &RunReport) -> Result<(), StateError>;

    /// When the newest run began that did all it was asked to, those for what is due alone
    /// ([`Trigger::is_forward`]).
    async fn last_success(&self, collector: &CollectorName) -> Result<Option<Timestamp>, StateError>;

    /// When the newest run that has ended, in whatever way, ended.
    async fn last_finished(&self, collector: &CollectorName) -> Result<Option<Timestamp>, StateError>;

    /// The period up to which everything is stored.
    async fn cursor(&self, collector: &CollectorName) -> Result<Option<Period>, StateError>;

    /// Moves the cursor.
    async fn set_cursor(&self, collector: &CollectorName, cursor: Period) -> Result<(), StateError>;

    /// What the collector returned with its last stored answer.
    async fn bookmark(&self, collector: &CollectorName) -> Result<Option<Bookmark>, StateError>;

    /// Replaces the bookmark; `None` forgets it.
    async fn set_bookmark(
        &self,
        collector: &CollectorName,
        bookmark: Option<&Bookmark>,
    ) -> Result<(), StateError>;

    /// The backfill under way.
    async fn backfill(&self, collector: &CollectorName) -> Result<Option<Backfill>, StateError>;

    /// Begins a backfill, or notes how far it has come; `None` ends it.
    async fn set_backfill(
        &self,
        collector: &CollectorName,
        backfill: Option<&Backfill>,
    ) -> Result<(), StateError>;
}

/// A run in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// The state of runs cannot be read or written for now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the run state is unavailable: {0}")]
pub struct StateError(pub String);

/// State that lasts as long as the process: for tests, previews and the demo.
#[derive(Debug, Default)]
pub struct MemoryState {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    started: Vec<(CollectorName, Trigger, Timestamp)>,
    finished: Vec<RunReport>,
    cursors: HashMap<CollectorName, Period>,
    bookmarks: HashMap<CollectorName, Bookmark>,
    backfills: HashMap<CollectorName, Backfill>,
}

impl MemoryState {
    /// Nothing remembered.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every finished run, oldest first.
    pub fn reports(&self) -> Vec<RunReport> {
        self.lock().finished.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code panics while it holds the lock, and every write is one assignment.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RunState for MemoryState {
    async fn start(
        &self,
        collector: &CollectorName,
        trigger: Trigger,
        at: Timestamp,
    ) -> Result<RunId, StateError> {
        let mut inner = self.lock();
        inner.started.push((collector.clone(), trigger, at));
        Ok(RunId(i64::try_from(inner.started.len()).unwrap_or(i64::MAX)))
    }

    async fn finish(&self, _: RunId, report: &RunReport) -> Result<(), StateError> {
        self.lock().finished.push(report.clone());
        Ok(())
    }

    async fn last_success(&self, collector: &CollectorName) -> Result<Option<Timestamp>, StateError> {
        let succeeded = |report: &&RunReport| {
            report.collector == *collector && report.is_success() && report.trigger.is_forward()
        };
        Ok(self.lock().finished.iter().rev().find(succeeded).map(|report| report.started))
    }

    async fn last_finished(&self, collector: &CollectorName) -> Result<Option<Timestamp>, StateError> {
        let mut newest_first = self.lock().finished.clone().into_iter().rev();
        Ok(newest_first.find(|report| report.collector == *collector).map(|report| report.finished))
    }

    async fn cursor(&self, collector: &CollectorName) -> Result<Option<Period>, StateError> {
        Ok(self.lock().cursors.get(collector).copied())
    }

    async fn set_cursor(&self, collector: &CollectorName, cursor: Period) -> Result<(), StateError> {
        self.lock().cursors.insert(collector.clone(), cursor);
        Ok(())
    }

    async fn bookmark(&self, collector: &CollectorName) -> Result<Option<Bookmark>, StateError> {
        Ok(self.lock().bookmarks.get(collector).cloned())
    }

    async fn set_bookmark(
        &self,
        collector: &CollectorName,
        bookmark: Option<&Bookmark>,
    ) -> Result<(), StateError> {
        put(&mut self.lock().bookmarks, collector, bookmark.cloned());
        Ok(())
    }

    async fn backfill(&self, collector: &CollectorName) -> Result<Option<Backfill>, StateError> {
        Ok(self.lock().backfills.get(collector).copied())
    }

    async fn set_backfill(
        &self,
        collector: &CollectorName,
        backfill: Option<&Backfill>,
    ) -> Result<(), StateError> {
        put(&mut self.lock().backfills, collector, backfill.copied());
        Ok(())
    }
}

fn put<T>(map: &mut HashMap<CollectorName, T>, collector: &CollectorName, value: Option<T>) {
    match value {
        Some(value) => map.insert(collector.clone(), value),
        None => map.remove(collector),
    };
}
