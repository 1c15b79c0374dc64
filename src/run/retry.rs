//! How long to wait before asking again: exponential back-off with full jitter.

use std::time::Duration;

/// Where chance comes from, injected so that tests decide it.
pub trait Randomness: Send + Sync {
    /// A duration from zero to `longest`.
    fn up_to(&self, longest: Duration) -> Duration;
}

/// The machine's own chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineRandomness;

impl Randomness for MachineRandomness {
    fn up_to(&self, longest: Duration) -> Duration {
        longest.mul_f64(fastrand::f64())
    }
}

/// Exponential back-off with full jitter: before attempt `n + 1` a wait anywhere between nothing and
/// `base` doubled `n - 1` times, at most `cap`. Anywhere, because collectors that failed together would
/// otherwise come back together (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Longest wait after the first failure.
    pub base: Duration,
    /// Longest wait of all, unless the source asks for more.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), cap: Duration::from_mins(1) }
    }
}

impl Backoff {
    /// The wait after `failures` failed attempts. What the source asks for is a lower bound: the jitter
    /// comes on top, so that not everyone is back on the same second.
    pub fn wait(
        &self,
        failures: u32,
        retry_after: Option<Duration>,
        randomness: &dyn Randomness,
    ) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let jitter = randomness.up_to(self.base.saturating_mul(doubled).min(self.cap));
        match retry_after {
            Some(asked) => asked.saturating_add(jitter.min(self.base)),
            None => jitter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    struct Highest;

    impl Randomness for Highest {
        fn up_to(&self, longest: Duration) -> Duration {
            longest
        }
    }

    #[rstest]
    #[case(1, 1)]
    #[case(2, 2)]
    #[case(3, 4)]
    #[case(6, 32)]
    #[case(7, 60)]
    #[case(u32::MAX, 60)]
    fn the_longest_wait_doubles_up_to_a_cap(#[case] failures: u32, #[case] seconds: u64) {
        assert_eq!(Backoff::default().wait(failures, None, &Highest), Duration::from_secs(seconds));
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        fastrand::seed(7);
        let waits: Vec<Duration> =
            (0..1000).map(|_| Backoff::default().wait(3, None, &MachineRandomness)).collect();
        let within = |from, to| waits.iter().filter(|wait| (from..to).contains(&wait.as_millis())).count();
        assert_eq!(within(0, 4001), 1000);
        assert!(within(0, 1000) > 200 && within(3000, 4001) > 200);
    }

    #[test]
    fn what_the_source_asks_for_is_a_lower_bound() {
        let wait = Backoff::default().wait(5, Some(Duration::from_secs(90)), &Highest);
        assert_eq!(wait, Duration::from_secs(91));
    }
}
