//! Allowances of a property (API page "Data API limits and quotas"): told to the meter, respected before
//! they are exceeded, and waited for when they are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::answer::{PropertyQuota, QuotaStatus};
use crate::{CollectError, Quota, QuotaMeter, Reason};

/// When an allowance is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewal {
    /// Midnight in California, where Google's days begin.
    Day,
    Hour,
    AtOnce,
}

impl Renewal {
    fn next(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Day => {
                let pacific = TimeZone::get("America/Los_Angeles").ok()?;
                now.to_zoned(pacific).tomorrow().ok()?.start_of_day().ok().map(|day| day.timestamp())
            }
            Self::Hour => {
                let hour = now.as_second().div_euclid(3600) + 1;
                Timestamp::from_second(hour.checked_mul(3600)?).ok()
            }
            Self::AtOnce => None,
        }
    }
}

fn statuses(quota: &PropertyQuota) -> [(&'static str, Renewal, Option<QuotaStatus>); 6] {
    [
        ("tokens_per_day", Renewal::Day, quota.tokens_per_day),
        ("tokens_per_hour", Renewal::Hour, quota.tokens_per_hour),
        ("tokens_per_project_per_hour", Renewal::Hour, quota.tokens_per_project_per_hour),
        ("concurrent_requests", Renewal::AtOnce, quota.concurrent_requests),
        ("server_errors_per_project_per_hour", Renewal::Hour, quota.server_errors_per_project_per_hour),
        (
            "potentially_thresholded_requests_per_hour",
            Renewal::Hour,
            quota.potentially_thresholded_requests_per_hour,
        ),
    ]
}

/// The lowest readings of one run. A collector with several properties has one meter: what is told is the
/// property with least left.
#[derive(Debug, Default)]
pub(super) struct Lowest(Mutex<HashMap<&'static str, u64>>);

impl Lowest {
    pub(super) fn record(&self, quota: &PropertyQuota, meter: &dyn QuotaMeter, now: Timestamp) {
        let mut lowest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, renewal, status) in statuses(quota) {
            let Some(status) = status else { continue };
            let least = lowest.entry(name).or_insert(status.remaining);
            *least = status.remaining.min(*least);
            let resets_at = renewal.next(now);
            meter.record(Quota { name: name.to_owned(), remaining: *least, limit: None, resets_at });
        }
    }
}

/// Refuses the next request where the last answer shows that it would be refused there: any used-up
/// allowance fails every request to the property, those of other programs too.
pub(super) fn admit(property: &str, last: &PropertyQuota, now: Timestamp) -> Result<(), CollectError> {
    for (name, renewal, status) in statuses(last) {
        let Some(status) = status.filter(|_| renewal != Renewal::AtOnce) else { continue };
        if status.remaining == 0 || status.remaining < status.consumed {
            let problem = format!(
                "property {property} has {} of {name} left, and the last request took {}; the rest is asked \
                 for once the allowance is renewed",
                status.remaining, status.consumed
            );
            return Err(used_up(problem, renewal, now));
        }
    }
    Ok(())
}

fn used_up(problem: String, renewal: Renewal, now: Timestamp) -> CollectError {
    let error = CollectError::new(Reason::Quota, problem);
    match renewal.next(now) {
        Some(instant) => error.with_resets_at(instant),
        None => error,
    }
}

/// What `RESOURCE_EXHAUSTED` means. Only the message names the allowance, and nothing says how long to wait.
pub(super) fn exhausted(property: &str, message: &str, said: &str, now: Timestamp) -> CollectError {
    let lower = message.to_ascii_lowercase();
    let slow_down = |seconds| {
        let problem =
            format!("property {property} asks for fewer requests at once, and is asked again ({said:?})");
        CollectError::new(Reason::Throttled, problem).with_retry_after(Duration::from_secs(seconds))
    };
    if lower.contains("concurrent") {
        return slow_down(30);
    }
    if lower.contains("per minute") {
        return slow_down(60);
    }
    let renewal = if lower.contains("per day") { Renewal::Day } else { Renewal::Hour };
    let problem = format!(
        "an allowance of property {property} is used up ({said:?}); collect less often, or fewer counts, if \
         this comes again"
    );
    used_up(problem, renewal, now)
}

/// Ten server errors in an hour block a property for the rest of it, so two are left for other programs.
const MOST_SERVER_ERRORS: u32 = 8;

/// Server errors of each property in the present hour, over all runs: retries inside a run and the runs
/// after it count together at Google.
#[derive(Debug, Default)]
pub(super) struct ServerErrors(Mutex<HashMap<String, (i64, u32)>>);

impl ServerErrors {
    fn of(&self, property: &str, now: Timestamp, more: u32) -> u32 {
        let hour = now.as_second().div_euclid(3600);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if more == 0 {
            return counts.get(property).filter(|(of, _)| *of == hour).map_or(0, |(_, count)| *count);
        }
        let (of, count) = counts.entry(property.to_owned()).or_insert((hour, 0));
        if *of != hour {
            (*of, *count) = (hour, 0);
        }
        *count = count.saturating_add(more);
        *count
    }

    /// Counts one more; an error once it is better to stop.
    pub(super) fn count(&self, property: &str, now: Timestamp) -> Result<(), CollectError> {
        self.of(property, now, 1);
        self.admit(property, now)
    }

    /// An error while the property is left alone.
    pub(super) fn admit(&self, property: &str, now: Timestamp) -> Result<(), CollectError> {
        let count = self.of(property, now, 0);
        if count < MOST_SERVER_ERRORS {
            return Ok(());
        }
        let problem = format!(
            "property {property} failed {count} times this hour, and after 10 it is blocked for all; it is \
             asked again in the next hour"
        );
        Err(used_up(problem, Renewal::Hour, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const NOW: &str = "2026-11-23T09:20:00Z";

    #[rstest]
    #[case("Exhausted property tokens per day. …", Some("2026-11-24T08:00:00Z"))]
    #[case("Exhausted property tokens for a project per hour. …", Some("2026-11-23T10:00:00Z"))]
    #[case("Exhausted potentially thresholded requests quota. …", Some("2026-11-23T10:00:00Z"))]
    #[case("Exhausted server errors per project per hour. …", Some("2026-11-23T10:00:00Z"))]
    #[case("Exhausted concurrent requests quota. …", None)]
    fn an_allowance_is_renewed_at_its_own_time(#[case] message: &str, #[case] at: Option<&str>) {
        let error = exhausted("1", message, message, NOW.parse().unwrap());
        assert_eq!(error.resets_at().map(|at| at.to_string()).as_deref(), at);
        assert_eq!(error.reason(), if at.is_some() { Reason::Quota } else { Reason::Throttled });
    }

    #[test]
    fn the_day_begins_at_midnight_in_california_in_summer_too() {
        let next = Renewal::Day.next("2026-07-01T06:59:00Z".parse().unwrap()).unwrap();
        assert_eq!(next.to_string(), "2026-07-01T07:00:00Z");
    }

    #[test]
    fn a_property_is_left_alone_before_its_tenth_server_error() {
        let errors = ServerErrors::default();
        let now: Timestamp = NOW.parse().unwrap();
        let counted = (0..9).take_while(|_| errors.count("1", now).is_ok()).count();
        assert_eq!(counted, 7);
        assert_eq!(errors.admit("1", now).unwrap_err().reason(), Reason::Quota);
        assert!(errors.admit("2", now).is_ok());
        assert!(errors.admit("1", "2026-11-23T10:00:00Z".parse().unwrap()).is_ok());
    }
}
