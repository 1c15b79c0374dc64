//! What is told of one collector's requests and allowances, with whose collector it is.

use std::time::Duration;

use collectors::http::{Answered, RequestMeter};
use collectors::{Quota, QuotaMeter};
use kpi::CollectorName;

use super::Events;

/// The meter of one collector.
pub(super) struct OwnMeter {
    pub(super) collector: CollectorName,
    pub(super) events: Events,
}

impl QuotaMeter for OwnMeter {
    fn record(&self, quota: Quota) {
        self.events.quota_read(&self.collector, &quota);
    }
}

impl RequestMeter for OwnMeter {
    fn request(&self, answered: Answered, took: Duration) {
        self.events.source_asked(&self.collector, answered, took);
    }
}
