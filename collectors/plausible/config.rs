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
    pub(super) url: Option<Address>,
    pub(super) api_key: SecretRef,
    #[serde(default)]
    pub(super) period: CountedBy,
    pub(super) time_zone: Option<String>,
    pub(super) coverage: Option<Coverage>,
    #[serde(default = "Absent::not_provided")]
    pub(super) absent: Absent,
    pub(super) look_back: Option<u32>,
    pub(super) settles_after_hours: Option<u32>,
    pub(super) timeout_secs: Option<u64>,
    pub(super) requests_per_hour: Option<u32>,
    pub(super) services: BTreeMap<ServiceId, CountedService<String, Wanted>>,
}

/// What a measure of one channel is counted by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { goal = \"Submit\" }")]
pub(super) struct Wanted {
    #[serde(default = "digital")]
    pub(super) channel: Channel,
    pub(super) goal: Option<String>,
    pub(super) page: Option<String>,
    pub(super) visits: Option<Visits>,
    pub(super) metric: Option<String>,
    #[serde(default)]
    pub(super) filters: Vec<toml::Value>,
}

impl Count for Wanted {
    fn channel(&self) -> Channel {
        self.channel
    }
}
