//! What becomes of a delivery that failed.

use std::time::Duration;

use collectors::http::Backoff;
use collectors::{Randomness, Reason};
use jiff::{SignedDuration, Timestamp};

use super::DeliverError;

/// For what may pass by itself: from seconds up to a quarter of an hour.
const PASSING: Backoff = Backoff { base: Duration::from_secs(10), cap: Duration::from_mins(15) };

/// For what somebody has to mend, and will not mend within minutes. It is tried again all the same,
/// because it may be mended at the receiver's side without anybody telling this program.
const TO_BE_MENDED: Duration = Duration::from_hours(1);

/// When the delivery may be tried again after `attempts` in all.
pub(super) fn again_at(
    error: &DeliverError,
    attempts: u32,
    now: Timestamp,
    randomness: &dyn Randomness,
) -> Timestamp {
    if let Some(renewed) = error.resets_at.filter(|renewed| *renewed > now) {
        return renewed;
    }
    let wait = match error.reason {
        Reason::Transient | Reason::Throttled => PASSING.wait(attempts, error.retry_after, randomness),
        Reason::Quota | Reason::Config | Reason::Auth | Reason::Permission | Reason::Malformed => {
            TO_BE_MENDED
        }
    };
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

/// Whether a failure says something of the receiver as a whole, so that others need not be tried now.
pub(super) const fn concerns_all(reason: Reason) -> bool {
    match reason {
        Reason::Transient | Reason::Throttled | Reason::Quota | Reason::Auth => true,
        Reason::Config | Reason::Permission | Reason::Malformed => false,
    }
}
