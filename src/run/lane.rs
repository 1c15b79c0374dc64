//! One collector's lane: its runs, one after the other, whatever sets them off.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::triggers::Request;
use super::{Ask, Postponement, RunReport, Runner, Trigger};
use crate::config::settings::CollectorSettings;

/// The longest sleep at a stretch. A machine that was suspended or whose clock was set is noticed
/// within it: long sleeps count elapsed time, and schedules go by the clock.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// How long after a failed run the collector is asked again at the earliest, doubled with each further
/// failure. A run has tried for itself within its deadline, so what failed it lasts a while.
const SHORTEST_HOLD: Duration = Duration::from_mins(15);

/// The longest time between two tries; also the longest a source's own request to be left alone is
/// honoured, because a day is when quotas are renewed.
const LONGEST_HOLD: Duration = Duration::from_hours(24);

/// The longest wait for an allowance to be renewed: by then a daily one is, on the longest day of the
/// year too. One renewed by the month is looked after once a day, because somebody may have raised it.
const LONGEST_POSTPONEMENT: Duration = Duration::from_hours(26);

pub(super) struct Lane {
    pub(super) settings: CollectorSettings,
    pub(super) runner: Arc<Runner>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) permits: Arc<Semaphore>,
    /// No run begins once this is cancelled.
    pub(super) stop: CancellationToken,
    /// Runs under way end once this is cancelled.
    pub(super) cancel: CancellationToken,
    pub(super) failures_in_a_row: u32,
}

enum Turn {
    Requested(Request),
    Scheduled,
    Backfill,
}

impl Lane {
    pub(super) async fn run(mut self) {
        let (mut next, mut trigger) = self.first_run().await;
        // When a backfill that may be under way goes on; `None` while there is none, or it waits for a run.
        let mut backfill = Some(self.runner.now());
        self.runner.events.next_run(&self.settings.name, next);
        self.runner.tell_missing(&self.settings).await;
        loop {
            let turn = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Some(request) = self.requests.recv() => Turn::Requested(request),
                () = sleep_until(&self.runner, next) => Turn::Scheduled,
                () = sleep_until(&self.runner, backfill) => Turn::Backfill,
            };
            match turn {
                Turn::Requested(Request::Run { ask, answer }) => {
                    let Some(report) = self.carry_out(Trigger::by_hand(&ask), &ask).await else { break };
                    // Whoever asked may have gone; the ledger has the report.
                    let _ = answer.send(report);
                }
                Turn::Requested(Request::Backfill(asked)) => {
                    let name = &self.settings.name;
                    match self.runner.state.set_backfill(name, Some(&asked)).await {
                        Ok(()) => backfill = Some(self.runner.now()),
                        Err(error) => self.runner.events.state_failed(name, &error),
                    }
                }
                Turn::Scheduled => {
                    let Some(report) = self.carry_out(trigger, &Ask::Due).await else { break };
                    (next, trigger) = self.after(&report);
                    self.runner.events.next_run(&self.settings.name, next);
                    // A backfill that failed goes on once the source has answered again.
                    backfill = report.is_success().then(|| self.runner.now());
                }
                Turn::Backfill => match self.runner.state.backfill(&self.settings.name).await {
                    Ok(Some(_)) => {
                        let Some(report) = self.carry_out(Trigger::Backfill, &Ask::Backfill).await else {
                            break;
                        };
                        backfill = match report.postponement() {
                            Some(postponement) => self.renewed(postponement),
                            None => report.more_due.then(|| self.runner.now()),
                        };
                    }
                    Ok(None) => backfill = None,
                    Err(error) => {
                        self.runner.events.state_failed(&self.settings.name, &error);
                        backfill = None;
                    }
                },
            }
        }
    }

    /// One run, once there is room for it; `None` where the stop comes first.
    async fn carry_out(&self, trigger: Trigger, ask: &Ask) -> Option<RunReport> {
        let _permit = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            // The semaphore is never closed.
            permit = self.permits.acquire() => permit.ok()?,
        };
        Some(self.runner.run(&self.settings, trigger, ask, &self.cancel).await)
    }

    /// At once where the collector has never succeeded, or a run was missed while the program was down:
    /// once, however many were missed. Else as scheduled.
    async fn first_run(&self) -> (Option<Timestamp>, Trigger) {
        let now = self.runner.now();
        let last = self.runner.state.last_success(&self.settings.name).await.unwrap_or_else(|error| {
            self.runner.events.state_failed(&self.settings.name, &error);
            None
        });
        if let Some(last) = last {
            self.runner.events.last_success(&self.settings.name, last);
        }
        match last {
            Some(last) if self.settings.schedule.next_after(last).is_none_or(|missed| missed > now) => {
                (self.scheduled(), Trigger::Schedule)
            }
            _ => (Some(now), Trigger::Start),
        }
    }

    fn after(&mut self, report: &RunReport) -> (Option<Timestamp>, Trigger) {
        let now = self.runner.now();
        if let Some(postponement) = report.postponement() {
            // An allowance waited out says nothing for or against the source: failures in a row stay.
            return (self.renewed(postponement), Trigger::CatchUp);
        }
        let Some(failure) = report.failure() else {
            self.failures_in_a_row = 0;
            return if report.more_due {
                (Some(now), Trigger::CatchUp)
            } else {
                (self.scheduled(), Trigger::Schedule)
            };
        };
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        let doubled = SHORTEST_HOLD.saturating_mul(2_u32.saturating_pow(self.failures_in_a_row - 1));
        if let Some(asked) = failure.retry_after {
            // A source that asks to be left alone is: neither asked in vain, nor left to the next day.
            let hold = asked.clamp(SHORTEST_HOLD, LONGEST_HOLD);
            return (now.saturating_add(hold).ok(), Trigger::CatchUp);
        }
        let again = now.saturating_add(doubled.min(LONGEST_HOLD)).ok();
        match (self.scheduled(), again) {
            // An outage of an hour at six in the morning must not cost a day.
            (Some(scheduled), Some(again)) if failure.reason.is_retryable() && again < scheduled => {
                (Some(again), Trigger::CatchUp)
            }
            (scheduled, _) => (scheduled, Trigger::Schedule),
        }
    }

    /// When a run goes on that waits for an allowance: just after it is renewed, and not all collectors
    /// at once. Where that moment has passed already, the source's clock is not ours, and to ask again
    /// at once could go on for ever.
    fn renewed(&self, postponement: &Postponement) -> Option<Timestamp> {
        let now = self.runner.now();
        let at = if postponement.until > now {
            postponement.until.min(now.saturating_add(LONGEST_POSTPONEMENT).ok()?)
        } else {
            now.saturating_add(SHORTEST_HOLD).ok()?
        };
        at.saturating_add(self.runner.randomness.up_to(self.settings.jitter)).ok()
    }

    /// The next time of the schedule and a random delay. Times that passed during a run are left out.
    fn scheduled(&self) -> Option<Timestamp> {
        let jitter = self.runner.randomness.up_to(self.settings.jitter);
        self.settings.schedule.next_after(self.runner.now())?.saturating_add(jitter).ok()
    }
}

/// Returns once the clock shows `due`; never where there is no next run.
async fn sleep_until(runner: &Runner, due: Option<Timestamp>) {
    let Some(due) = due else { return std::future::pending().await };
    loop {
        let remaining = due.duration_since(runner.now());
        if remaining <= SignedDuration::ZERO {
            return;
        }
        runner.context.clock.sleep(remaining.unsigned_abs().min(LONGEST_SLEEP)).await;
    }
}
