//! How long to wait before asking again.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::{Randomness, clock};

/// Exponential back-off with full jitter: before attempt `n + 1` a wait anywhere between nothing and
/// `base` doubled `n - 1` times, at most `cap`. Anywhere, because requests that failed together would
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

/// A longer wait is the runner's to plan: a run that sleeps holds its place and shows nothing.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// What `Retry-After` asks for: seconds, or a date in any of the three forms of RFC 9110, 5.6.7.
pub(super) fn asked_wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(clock::until(now, Timestamp::try_from(date).ok()?))
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
    #[case(6, 32)]
    #[case(7, 60)]
    #[case(u32::MAX, 60)]
    fn the_longest_wait_doubles_up_to_a_cap(#[case] failures: u32, #[case] seconds: u64) {
        assert_eq!(Backoff::default().wait(failures, None, &Highest), Duration::from_secs(seconds));
    }

    #[rstest]
    #[case("120", Some(120))]
    #[case("Mon, 16 Nov 2026 09:00:30 GMT", Some(30))]
    #[case("Monday, 16-Nov-26 09:00:30 GMT", Some(30))]
    #[case("Mon Nov 16 09:00:30 2026", Some(30))]
    #[case("Mon, 16 Nov 2026 08:00:00 GMT", Some(0))]
    #[case("-1", None)]
    #[case("soon", None)]
    fn both_forms_of_retry_after_are_read(#[case] text: &str, #[case] seconds: Option<u64>) {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        let now = "2026-11-16T09:00:00Z".parse().unwrap();
        assert_eq!(asked_wait(&headers, now), seconds.map(Duration::from_secs));
    }
}
