//! The clock of the demonstration: it stays at one hour while history is gathered, then days go by.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collectors::Clock;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// How far the time may go beyond a step: never to the next one, whose beginning is written down first, nor
/// further than sources let two clocks differ.
const LONGEST_STAY: Duration = Duration::from_mins(4);

/// A clock that goes in steps of an hour, when told to. Clones share the time.
///
/// Between two steps it goes on with the machine's, because waits between requests are counted by it.
/// Sources answer by the step alone: asked again in the same one, they answer the same.
#[derive(Debug, Clone)]
pub struct DemoClock {
    step: Arc<watch::Sender<(Timestamp, Instant)>>,
}

impl DemoClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { step: Arc::new(watch::Sender::new((now, Instant::now()))) }
    }

    /// Steps to `now`, and wakes whoever has waited long enough.
    pub fn set(&self, now: Timestamp) {
        self.step.send_replace((now, Instant::now()));
    }

    /// When the present step began.
    pub fn step(&self) -> Timestamp {
        self.step.borrow().0
    }
}

#[async_trait]
impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        let (step, begun) = *self.step.borrow();
        step.saturating_add(begun.elapsed().min(LONGEST_STAY)).unwrap_or(Timestamp::MAX)
    }

    /// Until this clock has moved on by `duration`, or the machine's has.
    async fn sleep(&self, duration: Duration) {
        let until = self.now().saturating_add(duration).unwrap_or(Timestamp::MAX);
        let mut watched = self.step.subscribe();
        tokio::select! {
            _ = watched.wait_for(|(step, _)| *step >= until) => {}
            () = tokio::time::sleep(duration) => {}
        }
    }

    /// By the machine's clock: an answer on loopback takes as long as it takes, however fast days go by.
    async fn time_limit(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_ends_the_sleeps_it_passes() {
        let start: Timestamp = "2026-06-15T08:00:00Z".parse().unwrap();
        let day = Duration::from_hours(24);
        let clock = DemoClock::new(start);
        let sleeper = clock.clone();
        let asleep = tokio::spawn(async move { sleeper.sleep(Duration::from_hours(23)).await });
        // On the one thread of a test the sleeper comes first.
        tokio::task::yield_now().await;
        clock.set(start.saturating_add(day).unwrap());
        asleep.await.unwrap();
        assert_eq!(clock.step(), start.saturating_add(day).unwrap());
        assert!(clock.now() >= clock.step());
    }
}
