//! Settings as written in configuration. [`super::plan`] checks them against each other.

use std::collections::BTreeMap;

use kpi::{Channel, Coverage, ServiceId};
use serde::Deserialize;

use crate::SecretRef;
use crate::absence::Absent;
use crate::http::Address;
use crate::settings::counted::{Count, CountedBy, CountedService, Visits, digital};

/// Everything that may be set; `README.md` explains each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) url: Address,
    pub(super) token: SecretRef,
    #[serde(default)]
    pub(super) period: CountedBy,
    pub(super) time_zone: Option<String>,
    pub(super) coverage: Option<Coverage>,
    #[serde(default = "Absent::not_provided")]
    pub(super) absent: Absent,
    pub(super) look_back: Option<u32>,
    pub(super) settles_after_hours: Option<u32>,
    pub(super) timeout_secs: Option<u64>,
    pub(super) bulk_size: Option<usize>,
    pub(super) services: BTreeMap<ServiceId, CountedService<u32, Wanted>>,
}

/// What a measure of one channel is counted by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { goal = 2 }")]
pub(super) struct Wanted {
    #[serde(default = "digital")]
    pub(super) channel: Channel,
    pub(super) goal: Option<u32>,
    pub(super) event_category: Option<String>,
    pub(super) event_action: Option<String>,
    pub(super) event_name: Option<String>,
    pub(super) page: Option<String>,
    pub(super) funnel: Option<u32>,
    pub(super) step: Option<u32>,
    pub(super) visits: Option<Visits>,
    pub(super) metric: Option<String>,
    pub(super) segment: Option<String>,
}

impl Count for Wanted {
    fn channel(&self) -> Channel {
        self.channel
    }
}
