//! A clock that stands still until it is told to move, for tests and demonstrations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use super::{Clock, after};

/// A clock moved by hand. Clones share the time.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::time::Duration;
/// use collectors::clock::{Clock, ManualClock};
///
/// let clock = ManualClock::new("2026-11-16T09:00:00Z".parse().unwrap());
/// let sleeper = clock.clone();
/// let asleep = tokio::spawn(async move { sleeper.sleep(Duration::from_hours(1)).await });
/// clock.slept(1).await;
/// clock.advance(Duration::from_hours(1));
/// asleep.await.unwrap();
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
    sleeps: watch::Sender<Vec<Duration>>,
    time_limits: watch::Sender<usize>,
    skips_sleeps: Arc<AtomicBool>,
}

impl ManualClock {
    /// A clock that shows `now` and stands still.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(now),
            sleeps: watch::Sender::new(Vec::new()),
            time_limits: watch::Sender::new(0),
            skips_sleeps: Arc::default(),
        }
    }

    /// The same clock, on which a sleep moves the time itself and returns at once. Waits between attempts
    /// then need nobody to advance them; time limits still do.
    #[must_use]
    pub fn skipping_sleeps(self) -> Self {
        self.skips_sleeps.store(true, Ordering::SeqCst);
        self
    }

    /// Moves the clock, and wakes whoever has waited long enough.
    pub fn advance(&self, duration: Duration) {
        self.now.send_modify(|now| *now = after(*now, duration));
    }

    /// Every duration somebody has asked to sleep for so far, in order.
    pub fn sleeps(&self) -> Vec<Duration> {
        self.sleeps.borrow().clone()
    }

    /// How many time limits have been set so far.
    pub fn time_limits(&self) -> usize {
        *self.time_limits.borrow()
    }

    /// Returns once somebody has gone to sleep for the `count`th time.
    pub async fn slept(&self, count: usize) {
        // The sender lives as long as this clock, so waiting cannot fail.
        let _ = self.sleeps.subscribe().wait_for(|sleeps| sleeps.len() >= count).await;
    }

    /// Returns once somebody has set a time limit for the `count`th time.
    pub async fn limited(&self, count: usize) {
        let _ = self.time_limits.subscribe().wait_for(|limits| *limits >= count).await;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        // Subscribed before the sleep is counted: who waits for the count may advance at once.
        let mut time = self.now.subscribe();
        let wake_at = after(self.now(), duration);
        self.sleeps.send_modify(|sleeps| sleeps.push(duration));
        if self.skips_sleeps.load(Ordering::SeqCst) {
            self.now.send_modify(|now| *now = (*now).max(wake_at));
        }
        let _ = time.wait_for(|now| *now >= wake_at).await;
    }

    async fn time_limit(&self, duration: Duration) {
        let mut time = self.now.subscribe();
        let end = after(self.now(), duration);
        self.time_limits.send_modify(|limits| *limits += 1);
        let _ = time.wait_for(|now| *now >= end).await;
    }
}
