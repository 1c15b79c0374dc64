//! How many requests a host gets at once, and how many in a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Clock, clock};

/// What one host is asked at most. Requests that give the same limit for the same host share it,
/// whichever collector they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostLimit {
    concurrent: usize,
    interval: Duration,
}

impl Default for HostLimit {
    /// Four at once, ten a second: what no source we know objects to.
    fn default() -> Self {
        Self::concurrent(4).per_second(10)
    }
}

impl HostLimit {
    /// At most so many requests under way at once, at least one.
    pub const fn concurrent(requests: usize) -> Self {
        Self { concurrent: if requests == 0 { 1 } else { requests }, interval: Duration::ZERO }
    }

    /// At most so many requests a second.
    #[must_use]
    pub const fn per_second(self, requests: u32) -> Self {
        self.per(requests, Duration::from_secs(1))
    }

    /// At most so many requests in `time`, spread evenly after a first burst of as many as may be under
    /// way at once.
    #[must_use]
    pub const fn per(self, requests: u32, time: Duration) -> Self {
        match time.checked_div(requests) {
            Some(interval) => Self { interval, ..self },
            None => Self { interval: time, ..self },
        }
    }
}

/// The limits of every host asked so far.
#[derive(Default)]
pub(super) struct Gates(Mutex<HashMap<(String, HostLimit), Arc<Gate>>>);

struct Gate {
    places: Arc<Semaphore>,
    /// When the bucket would be full again, by the generic cell rate algorithm (ITU-T I.371): a token
    /// bucket kept as one instant, with nothing to refill.
    full_at: Mutex<Timestamp>,
}

impl Gates {
    /// Waits for a place and a token; the place is free again when what is returned is dropped.
    pub(super) async fn enter(
        &self,
        origin: String,
        limit: HostLimit,
        clock: &dyn Clock,
    ) -> Option<OwnedSemaphorePermit> {
        let gate = self.gate(origin, limit);
        // Never closed, so there is always a place in the end.
        let place = Arc::clone(&gate.places).acquire_owned().await.ok();
        let wait = gate.take_token(limit, clock.now());
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
        place
    }

    fn gate(&self, origin: String, limit: HostLimit) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates.entry((origin, limit)).or_insert_with(|| {
            let places = Arc::new(Semaphore::new(limit.concurrent.min(Semaphore::MAX_PERMITS)));
            Arc::new(Gate { places, full_at: Mutex::new(Timestamp::MIN) })
        });
        Arc::clone(gate)
    }
}

impl Gate {
    /// Takes the next token, and says how long to wait until it is there.
    fn take_token(&self, limit: HostLimit, now: Timestamp) -> Duration {
        let burst = u32::try_from(limit.concurrent).unwrap_or(u32::MAX);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let from = (*full_at).max(now);
        *full_at = clock::after(from, limit.interval);
        clock::until(now, from).saturating_sub(limit.interval.saturating_mul(burst - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn requests_are_spread_evenly_after_a_first_burst() {
        let clock = ManualClock::new("2026-11-16T09:00:00Z".parse().unwrap()).skipping_sleeps();
        let (gates, limit) = (Gates::default(), HostLimit::concurrent(2).per_second(4));
        for _ in 0..5 {
            drop(gates.enter("https://example.org".to_owned(), limit, &clock).await);
        }
        assert_eq!(clock.sleeps(), [Duration::from_millis(250); 3]);
        drop(gates.enter("https://example.com".to_owned(), limit, &clock).await);
        assert_eq!(clock.sleeps().len(), 3, "another host has tokens of its own");
    }
}
