//! What happens to a mirror: one event is one function, which logs and counts together.

use std::sync::Arc;
use std::time::Duration;

use crate::store::StoreError;
use crate::store::embedded::Backlog;

/// Counts what happens to a mirror.
pub trait MirrorMeter: Send + Sync {
    /// It took so many revisions that it lacked.
    fn mirror_sent(&self, revisions: u64);
    /// It could not be fed.
    fn mirror_failed(&self, error: &StoreError);
    /// How much waits for it.
    fn mirror_backlog(&self, backlog: &Backlog);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMirrorMeter;

impl MirrorMeter for NoMirrorMeter {
    fn mirror_sent(&self, _: u64) {}
    fn mirror_failed(&self, _: &StoreError) {}
    fn mirror_backlog(&self, _: &Backlog) {}
}

/// Logs and counts.
#[derive(Clone)]
pub struct MirrorEvents {
    meter: Arc<dyn MirrorMeter>,
}

impl MirrorEvents {
    /// Events counted by a meter.
    pub fn new(meter: Arc<dyn MirrorMeter>) -> Self {
        Self { meter }
    }

    pub(super) fn sent(&self, revisions: u64) {
        tracing::debug!(revisions, "figures mirrored");
        self.meter.mirror_sent(revisions);
    }

    pub(super) fn failed(&self, error: &StoreError, wait: Duration) {
        tracing::warn!(%error, wait_seconds = wait.as_secs_f64(), "mirror cannot be fed, trying again");
        self.meter.mirror_failed(error);
    }

    pub(super) fn refused(&self, error: &StoreError) {
        tracing::error!(%error, "mirror refused figures, they are left aside until the next start");
        self.meter.mirror_failed(error);
    }

    pub(super) fn backlog(&self, backlog: &Backlog) {
        let oldest = backlog.oldest.map(tracing::field::display);
        tracing::debug!(revisions = backlog.revisions, refused = backlog.refused, oldest, "mirror backlog");
        self.meter.mirror_backlog(backlog);
    }
}
