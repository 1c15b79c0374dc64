//! A clock that stands still until it is told to move, for tests and demonstrations.

use std::sync::{Arc, Mutex, PoisonError};
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
    leap: Arc<Mutex<Duration>>,
}

impl ManualClock {
    /// A clock that shows `now` and stands still.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(now),
            sleeps: watch::Sender::new(Vec::new()),
            leap: Arc::new(Mutex::new(Duration::ZERO)),
        }
    }

    /// From now on a sleep of at most `longest` moves the clock itself and returns at once. Waits
    /// between attempts then need nobody to advance them, while longer deadlines still do.
    pub fn leap_sleeps_up_to(&self, longest: Duration) {
        *self.leap.lock().unwrap_or_else(PoisonError::into_inner) = longest;
    }

    /// Moves the clock, and wakes whoever has slept long enough.
    pub fn advance(&self, duration: Duration) {
        self.now.send_modify(|now| *now = after(*now, duration));
    }

    /// Every duration somebody has asked to sleep for so far, in order.
    pub fn sleeps(&self) -> Vec<Duration> {
        self.sleeps.borrow().clone()
    }

    /// Returns once somebody has gone to sleep for the `count`th time.
    pub async fn slept(&self, count: usize) {
        // The sender lives as long as this clock, so waiting cannot fail.
        let _ = self.sleeps.subscribe().wait_for(|sleeps| sleeps.len() >= count).await;
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
        let leap = *self.leap.lock().unwrap_or_else(PoisonError::into_inner);
        if duration <= leap {
            self.now.send_modify(|now| *now = (*now).max(wake_at));
        }
        let _ = time.wait_for(|now| *now >= wake_at).await;
    }
}
