//! Settings as written in configuration. [`super::plan`] checks them against each other.

use std::collections::BTreeMap;
use std::fmt;

use kpi::{Channel, Coverage, ServiceId};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::filter::Filter;
use crate::SecretRef;
use crate::absence::Absent;
use crate::http::Address;
use crate::settings::counted::{CountedBy, OneOrMany};

/// Everything that may be set; `README.md` explains each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) key: SecretRef,
    #[serde(default)]
    pub(super) sign_in: SignIn,
    pub(super) property: Option<PropertyId>,
    #[serde(default)]
    pub(super) period: CountedBy,
    pub(super) time_zone: Option<String>,
    pub(super) coverage: Option<Coverage>,
    #[serde(default = "Absent::not_provided")]
    pub(super) absent: Absent,
    pub(super) look_back: Option<u32>,
    pub(super) settles_after_hours: Option<u32>,
    pub(super) api: Option<Address>,
    pub(super) services: BTreeMap<ServiceId, ServiceSettings>,
}

/// How a service-account key becomes a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SignIn {
    /// A signed statement is the bearer token itself: no call to another host.
    #[default]
    SelfSigned,
    /// The signed statement is exchanged for a token.
    TokenExchange,
}

/// What is counted for one service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceSettings {
    pub(super) property: Option<PropertyId>,
    #[serde(default)]
    pub(super) filter: Filter,
    pub(super) started: Option<OneOrMany<Count>>,
    pub(super) completed: Option<OneOrMany<Count>>,
    #[serde(default)]
    pub(super) channels: BTreeMap<Channel, ChannelSettings>,
    pub(super) ratings: Option<RatingSettings>,
}

/// What is counted for one channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelSettings {
    #[serde(default)]
    pub(super) filter: Filter,
    pub(super) started: Option<OneOrMany<Count>>,
    pub(super) completed: Option<OneOrMany<Count>>,
}

/// Answers to the satisfaction question, sent as events with the level as a parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RatingSettings {
    pub(super) event: String,
    pub(super) dimension: String,
    #[serde(default)]
    pub(super) filter: Filter,
    pub(super) channel: Option<Channel>,
    #[serde(default)]
    pub(super) values: BTreeMap<String, u8>,
}

/// One thing that is counted; a list of them is added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) event: Option<String>,
    pub(super) filter: Filter,
    pub(super) metric: Metric,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountTable {
    event: Option<String>,
    #[serde(default)]
    filter: Filter,
    #[serde(default)]
    metric: Metric,
}

/// The metrics whose counts may be added over days. Users may not: the same person counts again every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Metric {
    #[default]
    EventCount,
    KeyEvents,
    ScreenPageViews,
    Sessions,
}

impl Metric {
    pub(super) const fn api_name(self) -> &'static str {
        match self {
            Self::EventCount => "eventCount",
            Self::KeyEvents => "keyEvents",
            Self::ScreenPageViews => "screenPageViews",
            Self::Sessions => "sessions",
        }
    }
}

impl From<String> for Count {
    fn from(event: String) -> Self {
        Self { event: Some(event), filter: Filter::default(), metric: Metric::default() }
    }
}

impl From<CountTable> for Count {
    fn from(table: CountTable) -> Self {
        Self { event: table.event, filter: table.filter, metric: table.metric }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EventOrTable;
        impl<'de> Visitor<'de> for EventOrTable {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an event, or a table with event, filter and metric")
            }
            fn visit_str<E: Error>(self, event: &str) -> Result<Count, E> {
                Ok(Count::from(event.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Count, A::Error> {
                CountTable::deserialize(MapAccessDeserializer::new(map)).map(Count::from)
            }
        }
        deserializer.deserialize_any(EventOrTable)
    }
}

/// The number of a property. Ids of another form are those of something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PropertyId(String);

impl fmt::Display for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for PropertyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = PropertyId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of a property (Admin, Property details)")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<PropertyId, E> {
                let digits = text.strip_prefix("properties/").unwrap_or(text);
                let numeric = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                if numeric && digits.len() <= 20 {
                    return Ok(PropertyId(digits.to_owned()));
                }
                let what = match text.get(..2) {
                    Some("G-" | "g-") => "the measurement id of a data stream",
                    Some("UA" | "ua") => "an id of Universal Analytics, which ended in 2023",
                    _ => "not the id of a property",
                };
                Err(E::custom(format!(
                    "{text:?} is {what}; give the property's number (Admin, Property details)"
                )))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<PropertyId, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Digits)
    }
}
