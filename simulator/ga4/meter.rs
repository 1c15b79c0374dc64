//! Quota: tokens per day, hour and project, requests at once, server errors and thresholded requests.
//!
//! <https://developers.google.com/analytics/devguides/reporting/data/v1/quotas>. Any bucket that is
//! empty fails every request to its property; the message names the bucket and nothing says when it refills.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Ga4;
use super::errors::Refusal;
use crate::world::today;

/// A quota bucket of one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// Core tokens per property per day; refilled at midnight in California.
    TokensPerDay,
    /// Core tokens per property per hour.
    TokensPerHour,
    /// Core tokens per project per property per hour.
    TokensPerProjectPerHour,
    /// Requests being answered.
    ConcurrentRequests,
    /// Answers of 500 and 503 per project per property per hour.
    ServerErrorsPerProjectPerHour,
    /// Requests per hour that thresholds may have cut.
    PotentiallyThresholdedRequestsPerHour,
}

impl Bucket {
    const ALL: [Self; 6] = [
        Self::TokensPerDay,
        Self::TokensPerHour,
        Self::TokensPerProjectPerHour,
        Self::ConcurrentRequests,
        Self::ServerErrorsPerProjectPerHour,
        Self::PotentiallyThresholdedRequestsPerHour,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::TokensPerDay => "tokensPerDay",
            Self::TokensPerHour => "tokensPerHour",
            Self::TokensPerProjectPerHour => "tokensPerProjectPerHour",
            Self::ConcurrentRequests => "concurrentRequests",
            Self::ServerErrorsPerProjectPerHour => "serverErrorsPerProjectPerHour",
            Self::PotentiallyThresholdedRequestsPerHour => "potentiallyThresholdedRequestsPerHour",
        }
    }

    fn exhausted(self) -> &'static str {
        match self {
            Self::TokensPerDay => {
                "Exhausted property tokens per day. These quota tokens will return in under 24 hours."
            }
            Self::TokensPerHour => {
                "Exhausted property tokens per hour. These quota tokens will return in under an hour."
            }
            Self::TokensPerProjectPerHour => {
                "Exhausted property tokens for a project per hour. These quota tokens will return in under an hour."
            }
            Self::ConcurrentRequests => {
                "Exhausted concurrent requests quota. Please send fewer requests concurrently."
            }
            Self::ServerErrorsPerProjectPerHour => {
                "Exhausted server errors per project per hour. This quota will return in under an hour."
            }
            Self::PotentiallyThresholdedRequestsPerHour => {
                "Exhausted potentially thresholded requests quota. This quota will refresh in under an hour."
            }
        }
    }

    /// Which refill a moment belongs to; `None` for what is given back at once.
    fn window(self, now: Timestamp) -> Option<i64> {
        match self {
            Self::ConcurrentRequests => None,
            Self::TokensPerDay => {
                let pacific = TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC);
                let day = today(now, &pacific);
                Some(i64::from(day.year()) * 1000 + i64::from(day.day_of_year()))
            }
            _ => Some(now.as_second().div_euclid(3600)),
        }
    }
}

/// Sizes of the buckets. The default is that of a standard property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota(BTreeMap<Bucket, u64>);

impl Default for Quota {
    fn default() -> Self {
        let sizes = [200_000, 40_000, 14_000, 10, 10, 120];
        Self(Bucket::ALL.into_iter().zip(sizes).collect())
    }
}

impl Quota {
    /// Sets the size of a bucket.
    pub fn set(&mut self, bucket: Bucket, size: u64) {
        self.0.insert(bucket, size);
    }

    fn size(&self, bucket: Bucket) -> u64 {
        self.0.get(&bucket).copied().unwrap_or(0)
    }
}

/// What is used of each bucket of each property, and in which refill.
#[derive(Debug, Default)]
pub(super) struct Meter(BTreeMap<(u64, Bucket), (Option<i64>, u64)>);

impl Meter {
    fn used(&mut self, property: u64, bucket: Bucket, now: Timestamp) -> &mut u64 {
        let window = bucket.window(now);
        let (since, used) = self.0.entry((property, bucket)).or_insert((window, 0));
        if *since != window {
            (*since, *used) = (window, 0);
        }
        used
    }
}

impl Ga4 {
    /// Refuses a request to a property with an empty bucket. The request itself is one of those at once.
    fn refuse_exhausted(&self, property: u64) -> Option<Refusal> {
        let now = self.world.now();
        let quota = self.options.get().quota;
        let mut meter = self.meter.lock();
        let empty = Bucket::ALL.into_iter().find(|bucket| {
            let used = *meter.used(property, *bucket, now);
            if *bucket == Bucket::ConcurrentRequests {
                used > quota.size(*bucket)
            } else {
                used >= quota.size(*bucket)
            }
        });
        empty.map(|bucket| Refusal::exhausted(bucket.exhausted()))
    }

    /// Takes a report's tokens, and gives the state of every bucket as `propertyQuota` shows it.
    pub(super) fn charge(&self, property: u64, tokens: u64, thresholded: bool) -> Value {
        let now = self.world.now();
        let quota = self.options.get().quota;
        let mut meter = self.meter.lock();
        let mut shown = serde_json::Map::new();
        for bucket in Bucket::ALL {
            let taken = match bucket {
                Bucket::TokensPerDay | Bucket::TokensPerHour | Bucket::TokensPerProjectPerHour => tokens,
                Bucket::PotentiallyThresholdedRequestsPerHour => u64::from(thresholded),
                Bucket::ConcurrentRequests | Bucket::ServerErrorsPerProjectPerHour => 0,
            };
            let used = meter.used(property, bucket, now);
            *used += taken;
            let remaining = quota.size(bucket).saturating_sub(*used);
            // Proto-JSON leaves out a zero.
            let members = [("consumed", taken), ("remaining", remaining)];
            let members = members.into_iter().filter(|(_, number)| *number > 0);
            shown.insert(
                bucket.name().to_owned(),
                members.map(|(name, number)| (name.to_owned(), json!(number))).collect(),
            );
        }
        Value::Object(shown)
    }
}

/// A request that is being answered; given back when it ends or its client hangs up.
struct InFlight {
    ga4: Arc<Ga4>,
    property: u64,
}

impl InFlight {
    fn begin(ga4: Arc<Ga4>, property: u64) -> Self {
        *ga4.meter.lock().used(property, Bucket::ConcurrentRequests, ga4.world.now()) += 1;
        Self { ga4, property }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let now = self.ga4.world.now();
        let mut meter = self.ga4.meter.lock();
        let used = meter.used(self.property, Bucket::ConcurrentRequests, now);
        *used = used.saturating_sub(1);
    }
}

/// Stands between the count of calls and the mischief, so that a scripted wait holds a place among the
/// requests at once, and a scripted 503 counts as a server error.
pub(super) async fn measure(State(ga4): State<Arc<Ga4>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let property = path.strip_prefix("/v1beta/properties/").and_then(|rest| {
        let digits = rest.split([':', '/']).next()?;
        digits.parse::<u64>().ok()
    });
    let Some(property) = property else { return next.run(request).await };
    let in_flight = InFlight::begin(Arc::clone(&ga4), property);
    if let Some(refusal) = ga4.refuse_exhausted(property) {
        return refusal.into_response();
    }
    let response = next.run(request).await;
    if response.status().is_server_error() {
        *ga4.meter.lock().used(property, Bucket::ServerErrorsPerProjectPerHour, ga4.world.now()) += 1;
    }
    drop(in_flight);
    response
}
