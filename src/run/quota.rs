//! What sources say of their allowances, with whose collector it is.

use collectors::{Quota, QuotaMeter};
use kpi::CollectorName;

use super::Events;

/// The quota meter of one collector.
pub(super) struct OwnQuota {
    pub(super) collector: CollectorName,
    pub(super) events: Events,
}

impl QuotaMeter for OwnQuota {
    fn record(&self, quota: Quota) {
        self.events.quota_read(&self.collector, &quota);
    }
}
