//! Settings as written in configuration. [`super::plan`] checks them against each other.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use kpi::{Channel, Coverage, Measure, PeriodKind, Rating, ServiceId};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::SecretRef;
use crate::http::Address;

/// Everything that may be set; `README.md` explains each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) url: Option<Address>,
    pub(super) api_key: SecretRef,
    #[serde(default)]
    pub(super) period: PeriodName,
    pub(super) time_zone: Option<String>,
    pub(super) coverage: Option<Coverage>,
    #[serde(default)]
    pub(super) absent: Absent,
    pub(super) look_back: Option<u32>,
    pub(super) settles_after_hours: Option<u32>,
    pub(super) timeout_secs: Option<u64>,
    pub(super) requests_per_hour: Option<u32>,
    pub(super) services: BTreeMap<ServiceId, Service>,
}

/// The kinds of period Plausible groups by and we store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PeriodName {
    #[default]
    Day,
    Week,
    Month,
}

impl PeriodName {
    pub(super) const fn kind(self) -> PeriodKind {
        match self {
            Self::Day => PeriodKind::Day,
            Self::Week => PeriodKind::Week,
            Self::Month => PeriodKind::Month,
        }
    }

    /// The dimension that groups by it. Plausible's weeks begin on Mondays.
    pub(super) const fn dimension(self) -> &'static str {
        match self {
            Self::Day => "time:day",
            Self::Week => "time:week",
            Self::Month => "time:month",
        }
    }
}

/// What a period that Plausible leaves out becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Absent {
    /// Asked for and not there.
    #[default]
    NotProvided,
    /// Nothing happened, once the period has settled.
    Zero,
}

/// A service: where it is counted, and what counts as what.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) site: String,
    started: Option<OneOrMany<Wanted>>,
    completed: Option<OneOrMany<Wanted>>,
    rating_1: Option<OneOrMany<Wanted>>,
    rating_2: Option<OneOrMany<Wanted>>,
    rating_3: Option<OneOrMany<Wanted>>,
    rating_4: Option<OneOrMany<Wanted>>,
    rating_5: Option<OneOrMany<Wanted>>,
}

impl Service {
    /// Each thing wanted, with its measure and its place among those of the measure.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (Measure, usize, &Wanted)> {
        [
            (Measure::Started, &self.started),
            (Measure::Completed, &self.completed),
            (Measure::Rating(Rating::One), &self.rating_1),
            (Measure::Rating(Rating::Two), &self.rating_2),
            (Measure::Rating(Rating::Three), &self.rating_3),
            (Measure::Rating(Rating::Four), &self.rating_4),
            (Measure::Rating(Rating::Five), &self.rating_5),
        ]
        .into_iter()
        .flat_map(|(measure, wanted)| {
            let each = wanted.iter().flat_map(|OneOrMany(each)| each.iter().enumerate());
            each.map(move |(index, wanted)| (measure, index, wanted))
        })
    }
}

/// What a measure of one channel is counted by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// Which visits: those of the site, less what the filters leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Visits {
    All,
}

const fn digital() -> Channel {
    Channel::Digital
}

/// A table, or an array of such tables.
#[derive(Debug, Clone)]
struct OneOrMany<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableOrArray<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for TableOrArray<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table such as { goal = \"Submit\" }, or an array of them")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| OneOrMany(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<OneOrMany<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(TableOrArray(PhantomData))
    }
}
