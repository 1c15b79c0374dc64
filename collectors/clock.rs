//! Time and sleep, injected so that no test waits.

pub mod manual;

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

pub use manual::ManualClock;

/// What time it is, and how to wait.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
    /// Returns once `duration` has passed on this clock.
    async fn sleep(&self, duration: Duration);
    /// Returns once `duration` has passed on this clock: the time limit of something else under way. A
    /// clock of tests may skip sleeps, which only pass the time, but not this.
    async fn time_limit(&self, duration: Duration) {
        self.sleep(duration).await;
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The instant `duration` after `start`, or the last one there is.
pub(crate) fn after(start: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| start.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

/// How long from `start` until `end`; nothing when `end` has passed.
pub(crate) fn until(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(start.duration_until(end)).unwrap_or(Duration::ZERO)
}
