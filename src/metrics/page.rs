//! The figures' part of `/metrics`, written once for each snapshot.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use flate2::Compression;
use jiff::Timestamp;

use super::exposition::Part;
use super::figures::Figures;
use crate::config::settings::KeepPeriods;
use crate::snapshot::{Snapshot, Snapshots};

/// Series that one scrape should not go beyond: more burdens Prometheus.
const MANY_SERIES: usize = 50_000;

/// What was written of a snapshot, and how long it is right.
pub(super) struct Page {
    pub(super) part: Part,
    /// When the first figure on it has been kept long enough.
    pub(super) until: Option<Timestamp>,
    snapshot: Arc<Snapshot>,
    keep: KeepPeriods,
    series: usize,
}

impl Page {
    fn write(snapshot: Arc<Snapshot>, keep: KeepPeriods, now: Timestamp) -> Result<Self, prometheus::Error> {
        let Figures { families, series, until } = Figures::of(&snapshot, keep, now);
        let part = Part::of(&families, Compression::default())?;
        Ok(Self { part, until, snapshot, keep, series })
    }
}

/// Writes pages, and holds the newest.
pub(super) struct Pages {
    snapshots: Arc<Snapshots>,
    keep: ArcSwap<KeepPeriods>,
    newest: ArcSwapOption<Page>,
    /// One at a time: whoever waited finds the page written.
    writing: Mutex<()>,
}

impl Pages {
    pub(super) fn new(snapshots: Arc<Snapshots>, keep: KeepPeriods) -> Self {
        let keep = ArcSwap::from_pointee(keep);
        Self { snapshots, keep, newest: ArcSwapOption::empty(), writing: Mutex::new(()) }
    }

    pub(super) fn keep_periods(&self, keep: KeepPeriods) {
        self.keep.store(Arc::new(keep));
    }

    /// The page of the current snapshot as of now: the one that is there if it is right, or else one
    /// written for whoever asks.
    pub(super) fn current(&self) -> Result<Arc<Page>, prometheus::Error> {
        if let Some(page) = self.right_page() {
            return Ok(page);
        }
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = self.right_page() {
            return Ok(page);
        }
        let page = Page::write(self.snapshots.current(), **self.keep.load(), self.snapshots.now())?;
        let before = self.newest.load().as_ref().map_or(0, |page| page.series);
        say_if_many(before, page.series);
        let page = Arc::new(page);
        self.newest.store(Some(Arc::clone(&page)));
        Ok(page)
    }

    /// Whether a scrape would find the page written.
    #[cfg(test)]
    pub(super) fn is_written(&self) -> bool {
        self.right_page().is_some()
    }

    fn right_page(&self) -> Option<Arc<Page>> {
        let page = self.newest.load_full()?;
        let is_right = Arc::ptr_eq(&page.snapshot, &self.snapshots.current())
            && page.keep == **self.keep.load()
            && page.until.is_none_or(|until| self.snapshots.now() < until);
        is_right.then_some(page)
    }
}

/// Nothing is left out: a figure that is not there would look like one that is not known.
fn say_if_many(before: usize, series: usize) {
    if series > MANY_SERIES && before <= MANY_SERIES {
        tracing::warn!(
            series,
            many = MANY_SERIES,
            "many series at /metrics; spread the services over several instances, or report fewer kinds of period"
        );
    }
}
