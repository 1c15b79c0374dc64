//! Services of a web analytics tool: each with its place there, and what is counted as what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use kpi::{Channel, Measure, PeriodKind, Rating, ServiceId};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Check;

/// The kinds of period that web analytics answer in and we store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CountedBy {
    #[default]
    Day,
    Week,
    Month,
}

impl CountedBy {
    pub(crate) const fn kind(self) -> PeriodKind {
        match self {
            Self::Day => PeriodKind::Day,
            Self::Week => PeriodKind::Week,
            Self::Month => PeriodKind::Month,
        }
    }
}

/// A service: the site it is counted on, and what counts as which measure.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountedService<S, C> {
    pub(crate) site: S,
    started: Option<OneOrMany<C>>,
    completed: Option<OneOrMany<C>>,
    rating_1: Option<OneOrMany<C>>,
    rating_2: Option<OneOrMany<C>>,
    rating_3: Option<OneOrMany<C>>,
    rating_4: Option<OneOrMany<C>>,
    rating_5: Option<OneOrMany<C>>,
}

/// What a measure of one channel is counted by.
pub(crate) trait Count {
    /// The channel it is a count of.
    fn channel(&self) -> Channel;
}

/// Which visits: those of the site, less what a segment or filters leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Visits {
    All,
}

/// The channel of web analytics, where none is named.
pub(crate) const fn digital() -> Channel {
    Channel::Digital
}

impl<S, C: Count> CountedService<S, C> {
    /// Each count, with its measure and its place among those of the measure.
    fn counts(&self) -> impl Iterator<Item = (Measure, usize, &C)> {
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
        .flat_map(|(measure, counts)| {
            let each = counts.iter().flat_map(|OneOrMany(each)| each.iter().enumerate());
            each.map(move |(index, count)| (measure, index, count))
        })
    }

    /// What is counted for this service, made by `figure` from the path, measure and count of each. Names
    /// a measure counted twice for one channel, and a service for which nothing is counted.
    pub(crate) fn figures<F>(
        &self,
        id: &ServiceId,
        check: &mut Check,
        mut figure: impl FnMut(&mut Check, &str, Measure, &C) -> Option<F>,
    ) -> Vec<F> {
        let mut figures = Vec::new();
        let mut given = BTreeSet::new();
        for (measure, index, count) in self.counts() {
            let path = format!("services.{id}.{measure}");
            let path = if index == 0 { path } else { format!("{path}[{index}]") };
            let channel = count.channel();
            if !given.insert((measure, channel)) {
                let problem = format!(
                    "{measure} is given twice for channel {channel}; name another channel, or define one goal \
                     there that covers both"
                );
                check.problem(&path, problem);
            }
            figures.extend(figure(check, &path, measure, count));
        }
        if given.is_empty() {
            let problem = "nothing is counted for this service; give `started`, `completed` or a rating";
            check.problem(format!("services.{id}"), problem);
        }
        figures
    }
}

/// Refuses settings that name no service.
pub(crate) fn some_service<T>(services: &BTreeMap<ServiceId, T>, check: &mut Check) {
    if services.is_empty() {
        check.problem("services", "no service is named; add a table [services.<id>]");
    }
}

/// One of something, or a list of them.
#[derive(Debug, Clone)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemOrList<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemOrList<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("what is counted, or a list of it")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany<T>, E> {
                T::deserialize(StrDeserializer::new(text)).map(|one| OneOrMany(vec![one]))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| OneOrMany(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<OneOrMany<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(ItemOrList(PhantomData))
    }
}
