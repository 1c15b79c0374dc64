//! Settings as written in configuration, checked against each other.

use std::time::Duration;

use kpi::{Channel, ServiceId};
use serde::Deserialize;

use crate::http::{Address, Credential, HostLimit};
use crate::settings::{self, Check};
use crate::windows::Settling;
use crate::{SecretRef, SettingProblem, SettingProblems};

const ADDRESS: &str = "https://publicapi.payments.service.gov.uk";
/// A journey expires 90 minutes after it began, and search lags behind.
const SETTLES_AFTER_HOURS: u32 = 3;
const LOOK_BACK: u32 = 7;
/// Refunds come weeks after their payments.
const LOOK_BACK_REFUNDS: u32 = 120;
const MAX_PAGES: u32 = 2000;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    service: ServiceId,
    /// One for each account of the service.
    api_keys: Vec<SecretRef>,
    url: Option<Address>,
    channels: Option<Vec<Channel>>,
    #[serde(default)]
    states: States,
    #[serde(default)]
    refunded: Refunded,
    largest: Option<u32>,
    look_back: Option<u32>,
    settles_after_hours: Option<u32>,
    requests_per_second: Option<u32>,
    max_pages: Option<u32>,
}

/// Which states of a payment count as what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct States {
    started: Option<Vec<State>>,
    completed: Option<Vec<State>>,
}

/// The state of a payment ("Payment status lifecycle" in the GOV.UK Pay documentation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Created,
    Started,
    Submitted,
    Capturable,
    Success,
    Failed,
    Cancelled,
    Error,
}

/// What becomes of a payment that was paid back in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refunded {
    /// It was completed all the same.
    #[default]
    Count,
    /// It counts as started only.
    LeaveOut,
}

/// What the collector works from.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) service: ServiceId,
    pub(super) address: Address,
    /// The key of each account of the service.
    pub(super) accounts: Vec<Credential>,
    /// Channels for which a day without payments is zero.
    pub(super) channels: Vec<Channel>,
    /// `None`: every state, those too that Pay may add.
    pub(super) started: Option<Vec<State>>,
    pub(super) completed: Vec<State>,
    pub(super) refunded: Refunded,
    pub(super) largest: u32,
    pub(super) look_back: u32,
    pub(super) settling: Settling,
    pub(super) host_limit: HostLimit,
    pub(super) timeout: Duration,
    pub(super) max_pages: u32,
}

/// Checks settings; nothing is asked.
pub(super) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let settings: Settings = settings::parse(table)?;
    let mut check = Check::default();
    if settings.api_keys.is_empty() {
        let message = "this list is empty; add { file = \"PATH\" } for each account of the service";
        check.problem("api_keys", message);
    }
    for (index, key) in settings.api_keys.iter().enumerate() {
        if settings.api_keys.iter().take(index).any(|earlier| earlier == key) {
            let message = "the same key is there twice, and its payments would count twice; take one out";
            check.problem(format!("api_keys[{index}]"), message);
        }
    }
    let channels = settings.channels.unwrap_or_else(|| vec![Channel::Digital]);
    for (index, channel) in channels.iter().enumerate() {
        if !matches!(channel, Channel::Digital | Channel::Phone) {
            let message = format!("GOV.UK Pay has no payments by {channel}; use digital and phone");
            check.problem(format!("channels[{index}]"), message);
        }
    }
    let address = settings.url.map_or_else(|| Address::parse(ADDRESS), Ok);
    let address = address.map_err(|problem| vec![SettingProblem::new("url", problem)])?;
    let usual_look_back = match settings.refunded {
        Refunded::Count => LOOK_BACK,
        Refunded::LeaveOut => LOOK_BACK_REFUNDS,
    };
    let hours = settings.settles_after_hours.unwrap_or(SETTLES_AFTER_HOURS);
    check.finish(Plan {
        service: settings.service,
        address,
        accounts: settings.api_keys.iter().map(|key| Credential::bearer(key.open())).collect(),
        channels,
        started: settings.states.started,
        completed: settings.states.completed.unwrap_or_else(|| vec![State::Success]),
        refunded: settings.refunded,
        largest: settings.largest.unwrap_or(7).max(1),
        look_back: settings.look_back.unwrap_or(usual_look_back),
        settling: Settling::hours(kpi::period::london(), hours),
        // Accounts with little traffic have a limit per minute that the documentation does not tell.
        host_limit: HostLimit::concurrent(2).per_second(settings.requests_per_second.unwrap_or(5)),
        timeout: Duration::from_mins(1),
        max_pages: settings.max_pages.unwrap_or(MAX_PAGES).max(1),
    })
}
