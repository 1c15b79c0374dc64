//! A courier: one receiver's queue, worked off in order, with patience.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use collectors::{Randomness, Reason};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::retry::{again_at, concerns_all};
use super::{Context, DeliverError, DeliveryEvents, Telling};
use crate::alerts::message::{self, Message};
use crate::alerts::state::{AlertBook, Delivery, Kept, Settled};
use crate::alerts::{AlertId, News, Notice};
use crate::config::settings::ReceiverSettings;
use crate::run::StateError;

/// How long an ended alert is told to a receiver that forgets, so that one restart between does not leave
/// it open there; Prometheus does the same for as long.
const ENDED_IS_REPEATED_FOR: Duration = Duration::from_mins(15);

/// The longest sleep at a stretch, so that a clock that was set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// How soon a state file that could not be read is looked at again.
const STATE_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// Tells one receiver what waits for it.
pub struct Courier {
    /// The receiver.
    pub settings: ReceiverSettings,
    /// Where deliveries wait.
    pub book: AlertBook,
    /// What the receiver may use.
    pub context: Context,
    /// Logs and counts.
    pub events: DeliveryEvents,
    /// For back-off.
    pub randomness: Arc<dyn Randomness>,
    /// Where people reach the pages of this program.
    pub public_url: Option<String>,
    /// Rung when something new may wait.
    pub wake: Arc<Notify>,
}

/// How one telling went.
pub type Tell = Result<String, DeliverError>;

impl Courier {
    /// Works until `stop` is cancelled. A telling under way is finished first: cut off, nobody would
    /// know whether it arrived.
    pub async fn run(self, stop: CancellationToken) {
        let mut refresh_at = self.settings.receiver.refreshed_every().map(|_| self.now());
        loop {
            if let Some(every) = self.settings.receiver.refreshed_every()
                && refresh_at.is_some_and(|at| at <= self.now())
            {
                self.refresh().await;
                refresh_at = Some(later(self.now(), every));
            }
            let again = match self.round(&stop).await {
                Ok(again) => again,
                Err(error) => {
                    self.events.state_failed(&error);
                    Some(later(self.now(), STATE_AGAIN_AFTER))
                }
            };
            let next = [again, refresh_at].into_iter().flatten().min();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = self.sleep_until(next) => {}
            }
        }
    }

    /// Tells everything that may be told now; gives when the next may be, where something waits.
    pub async fn round(&self, stop: &CancellationToken) -> Result<Option<Timestamp>, StateError> {
        let mut next = None;
        // Of one alert what came first is told first.
        let mut behind: BTreeSet<AlertId> = BTreeSet::new();
        for delivery in self.book.waiting(&self.settings.name).await? {
            if stop.is_cancelled() {
                break;
            }
            let alert = &delivery.notice.alert.id;
            if behind.contains(alert) {
                continue;
            }
            let now = self.now();
            if later(delivery.created_at, self.settings.give_up_after) <= now {
                self.book.settle(delivery.id, Settled::Abandoned, now).await?;
                self.events.abandoned(&self.settings.name, &delivery.notice);
                continue;
            }
            let due = self.due(&delivery, now);
            if due > now {
                behind.insert(alert.clone());
                next = Some(next.map_or(due, |next: Timestamp| next.min(due)));
                continue;
            }
            if let Some((reason, again_at)) = self.attempt(&delivery).await? {
                next = Some(next.map_or(again_at, |next: Timestamp| next.min(again_at)));
                behind.insert(alert.clone());
                if concerns_all(reason) {
                    // The others would fail alike, each after its own time-out.
                    return Ok(Some(again_at));
                }
            }
            self.context.clock.sleep(self.settings.receiver.spacing()).await;
        }
        Ok(next)
    }

    /// When a delivery may be told: not before its receiver or the back-off allows, nor in quiet hours.
    fn due(&self, delivery: &Delivery, now: Timestamp) -> Timestamp {
        let allowed = delivery.not_before.unwrap_or(now).max(now);
        let severity = delivery.notice.alert.severity;
        self.settings.quiet_hours.as_ref().map_or(allowed, |quiet| quiet.end(severity, allowed))
    }

    /// One attempt; where it fails, why and when the next may be made.
    async fn attempt(&self, delivery: &Delivery) -> Result<Option<(Reason, Timestamp)>, StateError> {
        self.book.attempt_begins(delivery.id).await?;
        let notice = &delivery.notice;
        let message = message::compose(notice, self.public_url.as_deref());
        let telling = Telling {
            notice,
            message: &message,
            decided_at: delivery.created_at,
            again: delivery.attempts > 0,
        };
        let told = tell_once(&self.settings, &telling, &self.context).await;
        let now = self.now();
        match told {
            Ok(answer) => {
                self.book.settle(delivery.id, Settled::Sent, now).await?;
                self.events.sent(&self.settings.name, notice, &answer);
                Ok(None)
            }
            Err(error) => {
                let at = again_at(&error, delivery.attempts.saturating_add(1), now, &*self.randomness);
                self.book.attempt_failed(delivery.id, &error.to_string(), at).await?;
                self.events.failed(&self.settings.name, notice, &error, at);
                Ok(Some((error.reason, at)))
            }
        }
    }

    /// Tells a receiver that forgets what stands.
    async fn refresh(&self) {
        match self.standing().await {
            Ok(standing) => {
                let worded: Vec<(Notice, Message)> = standing
                    .into_iter()
                    .map(|notice| {
                        let message = message::compose(&notice, self.public_url.as_deref());
                        (notice, message)
                    })
                    .collect();
                let tellings: Vec<Telling<'_>> = worded
                    .iter()
                    .map(|(notice, message)| Telling {
                        notice,
                        message,
                        decided_at: notice.alert.raised_at,
                        again: true,
                    })
                    .collect();
                let refreshed = within(&self.settings, &self.context, async {
                    self.settings.receiver.refresh(&tellings, &self.context).await
                });
                if let Err(error) = refreshed.await {
                    self.events.refresh_failed(&self.settings.name, &error);
                }
            }
            Err(error) => self.events.state_failed(&error),
        }
    }

    /// What is open, and what ended a short while ago, of what this receiver takes.
    async fn standing(&self) -> Result<Vec<Notice>, StateError> {
        let since = self
            .now()
            .checked_sub(SignedDuration::try_from(ENDED_IS_REPEATED_FOR).unwrap_or_default())
            .unwrap_or(Timestamp::MIN);
        let mut kept = self.book.open().await?;
        if self.settings.resolved {
            kept.extend(self.book.ended_since(since).await?);
        }
        let takes = |kept: &Kept| !kept.quiet && self.settings.route.takes(&kept.alert, &kept.services);
        Ok(kept
            .into_iter()
            .filter(takes)
            .map(|kept| {
                let news = if kept.alert.resolution.is_some() { News::Resolved } else { News::Raised };
                Notice { news, alert: kept.alert, occasion: kept.occasion, services: kept.services }
            })
            .collect())
    }

    fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Returns once the clock shows `due`; never where there is nothing to wait for.
    async fn sleep_until(&self, due: Option<Timestamp>) {
        let Some(due) = due else { return std::future::pending().await };
        loop {
            let remaining = due.duration_since(self.now());
            if remaining <= SignedDuration::ZERO {
                return;
            }
            self.context.clock.sleep(remaining.unsigned_abs().min(LONGEST_SLEEP)).await;
        }
    }
}

/// Tells a receiver within its time.
pub async fn tell_once(settings: &ReceiverSettings, telling: &Telling<'_>, context: &Context) -> Tell {
    within(settings, context, settings.receiver.tell(telling, context)).await
}

async fn within<T>(
    settings: &ReceiverSettings,
    context: &Context,
    telling: impl Future<Output = Result<T, DeliverError>>,
) -> Result<T, DeliverError> {
    tokio::select! {
        biased;
        told = telling => told,
        () = context.clock.time_limit(settings.timeout) => {
            let seconds = settings.timeout.as_secs();
            let problem = format!("the receiver did not answer within {seconds} seconds");
            Err(DeliverError::new(Reason::Transient, problem))
        }
    }
}

fn later(instant: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| instant.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}
