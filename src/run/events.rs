//! What happens during runs. One event is one function, which logs and counts together, so that the log
//! and the metrics can never disagree. The message is a fixed sentence; data is in fields.

use std::sync::Arc;
use std::time::Duration;

use collectors::http::Answered;
use collectors::{Quota, Reason};
use jiff::Timestamp;
use kpi::{CollectorName, Note, PeriodKind};

use super::{Counts, Failure, Outcome, Postponement, RunReport, StateError, Trigger, TriggerError};

/// Counts what happens. Every method does nothing unless implemented.
pub trait Meter: Send + Sync {
    /// A run began.
    fn run_started(&self, _collector: &CollectorName, _trigger: Trigger) {}
    /// A request failed and is made again.
    fn run_retried(&self, _collector: &CollectorName, _reason: Reason) {}
    /// A run ended.
    fn run_finished(&self, _report: &RunReport) {}
    /// When a collector that has just been started last succeeded, before the program was started.
    fn last_success(&self, _collector: &CollectorName, _at: Timestamp) {}
    /// When a collector runs next; `None` where its schedule is over.
    fn next_run(&self, _collector: &CollectorName, _at: Option<Timestamp>) {}
    /// How many periods of a backfill are stored, of how many; `None` once it has ended.
    fn backfill_progress(&self, _collector: &CollectorName, _done_of: Option<(usize, usize)>) {}
    /// A source said what is left of an allowance.
    fn quota_read(&self, _collector: &CollectorName, _quota: &Quota) {}
    /// A request to a source ended.
    fn source_asked(&self, _collector: &CollectorName, _answered: Answered, _took: Duration) {}
    /// How many closed periods are not stored; `None` where the source is not asked by periods.
    fn periods_missing(&self, _collector: &CollectorName, _count: Option<usize>) {}
    /// A run by hand was refused.
    fn trigger_refused(&self, _collector: &str) {}
    /// Figures were pushed and stored.
    fn pushed(&self, _pusher: &CollectorName, _counts: Counts) {}
    /// The run state could not be read or written.
    fn state_failed(&self, _collector: &CollectorName) {}
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullMeter;

impl Meter for NullMeter {}

/// Logs and counts.
#[derive(Clone)]
pub struct Events {
    meter: Arc<dyn Meter>,
}

impl Events {
    /// Events counted by a meter.
    pub fn new(meter: Arc<dyn Meter>) -> Self {
        Self { meter }
    }

    pub(super) fn run_started(&self, collector: &CollectorName, trigger: Trigger) {
        tracing::debug!(%collector, trigger = trigger.as_str(), "run started");
        self.meter.run_started(collector, trigger);
    }

    pub(super) fn run_retried(&self, collector: &CollectorName, failure: &Failure, wait: Duration) {
        let Failure { reason, message, .. } = failure;
        tracing::info!(%collector, %reason, message, wait_seconds = wait.as_secs_f64(), "request failed, asking again");
        self.meter.run_retried(collector, *reason);
    }

    pub(super) fn run_finished(&self, report: &RunReport) {
        let RunReport { collector, trigger, outcome, notes, .. } = report;
        let (trigger, outcome_word) = (trigger.as_str(), outcome.as_str());
        let duration_seconds = report.duration().as_secs_f64();
        let counts = report.counts();
        match outcome {
            Outcome::Stored(_) | Outcome::Unchanged => tracing::info!(
                %collector, trigger, outcome = outcome_word, duration_seconds, windows = report.windows.len(),
                new = counts.new, unchanged = counts.unchanged, revised = counts.revised,
                held_back = counts.held_back,
                notes = notes.len(), "run finished"
            ),
            Outcome::Postponed(Postponement { until, message }) => tracing::info!(
                %collector, trigger, outcome = outcome_word, %until, message, duration_seconds,
                windows = report.windows.len(), new = counts.new, revised = counts.revised,
                "run postponed until the allowance is renewed"
            ),
            Outcome::Failed(Failure { reason, message, details, .. }) => {
                tracing::warn!(
                    %collector, trigger, outcome = outcome_word, %reason, message, duration_seconds,
                    windows = report.windows.len(), new = counts.new, revised = counts.revised,
                    details = details.len(), "run failed"
                );
                for detail in details.iter().take(MOST_LINES) {
                    tracing::warn!(%collector, detail, "run failed, detail");
                }
            }
        }
        for note in notes.iter().take(MOST_LINES) {
            tracing::info!(%collector, place = note.place, note = note.text, "noted during a run");
        }
        self.meter.run_finished(report);
    }

    pub(super) fn pushed(&self, pusher: &CollectorName, counts: Counts, notes: &[Note]) {
        let Counts { new, unchanged, revised, .. } = counts;
        tracing::info!(%pusher, new, unchanged, revised, notes = notes.len(), "figures were pushed");
        for note in notes.iter().take(MOST_LINES) {
            tracing::info!(%pusher, place = note.place, note = note.text, "noted of pushed figures");
        }
        self.meter.pushed(pusher, counts);
    }

    pub(super) fn last_success(&self, collector: &CollectorName, at: Timestamp) {
        tracing::debug!(%collector, %at, "last success remembered");
        self.meter.last_success(collector, at);
    }

    pub(super) fn next_run(&self, collector: &CollectorName, at: Option<Timestamp>) {
        if let Some(at) = at {
            tracing::debug!(%collector, %at, "next run planned");
        } else {
            tracing::info!(%collector, "schedule is over, no further run planned");
        }
        self.meter.next_run(collector, at);
    }

    pub(super) fn backfill_progress(&self, collector: &CollectorName, done_of: Option<(usize, usize)>) {
        if let Some((done, total)) = done_of {
            tracing::info!(%collector, done, total, "backfill under way");
        } else {
            tracing::info!(%collector, "backfill finished");
        }
        self.meter.backfill_progress(collector, done_of);
    }

    pub(super) fn quota_read(&self, collector: &CollectorName, quota: &Quota) {
        let Quota { name, remaining, limit, resets_at } = quota;
        let resets_at = resets_at.map(|at| at.to_string());
        tracing::debug!(%collector, quota = name, remaining, limit, resets_at, "allowance read");
        self.meter.quota_read(collector, quota);
    }

    pub(super) fn source_asked(&self, collector: &CollectorName, answered: Answered, took: Duration) {
        let (code, took_seconds) = (answered.as_str(), took.as_secs_f64());
        tracing::trace!(%collector, code, took_seconds, "source asked");
        self.meter.source_asked(collector, answered, took);
    }

    pub(super) fn periods_missing(&self, collector: &CollectorName, count: Option<usize>) {
        tracing::debug!(%collector, count, "periods missing counted");
        self.meter.periods_missing(collector, count);
    }

    #[expect(clippy::unused_self, reason = "every event is reached the same way; this one has no count")]
    pub(super) fn cursor_ignored(&self, collector: &CollectorName, stored: PeriodKind, asked: PeriodKind) {
        tracing::warn!(%collector, %stored, %asked, "cursor is of another kind of period, starting anew");
    }

    pub(super) fn trigger_refused(&self, collector: &str, error: &TriggerError) {
        tracing::warn!(collector, %error, "run by hand refused");
        self.meter.trigger_refused(collector);
    }

    pub(super) fn state_failed(&self, collector: &CollectorName, error: &StateError) {
        tracing::error!(%collector, %error, "run state failed");
        self.meter.state_failed(collector);
    }

    #[expect(clippy::unused_self, reason = "every event is reached the same way; this one has no count")]
    pub(super) fn stopping_late(&self, late: &[CollectorName], grace: Duration) {
        let late = late.iter().map(CollectorName::as_str).collect::<Vec<_>>().join(", ");
        tracing::warn!(
            late,
            grace_seconds = grace.as_secs_f64(),
            "runs still going on at the stop are cancelled"
        );
    }

    #[expect(clippy::unused_self, reason = "every event is reached the same way; this one has no count")]
    pub(super) fn lane_ended(&self, collector: Option<&CollectorName>) {
        let collector = collector.map(CollectorName::as_str);
        tracing::error!(collector, "collector task ended by a fault of the program, others go on");
    }
}

/// The most details and notes of one run in the log; the report holds more.
const MOST_LINES: usize = 20;
