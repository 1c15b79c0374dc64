//! The words a database uses for services, channels and measures, and ours for them.

use std::collections::{BTreeMap, HashMap};

use kpi::{Channel, Coverage, Measure, ServiceId};

/// Maps from configuration, keyed by the word in lower case.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    services: HashMap<String, ServiceId>,
    channels: HashMap<String, Channel>,
    measures: HashMap<String, Measure>,
}

fn lower<T: Clone>(map: &BTreeMap<String, T>) -> HashMap<String, T> {
    map.iter().map(|(word, ours)| (word.trim().to_lowercase(), ours.clone())).collect()
}

impl Words {
    pub(super) fn new(
        services: &BTreeMap<String, ServiceId>,
        channels: &BTreeMap<String, Channel>,
        measures: &BTreeMap<String, Measure>,
    ) -> Self {
        Self { services: lower(services), channels: lower(channels), measures: lower(measures) }
    }

    pub(super) fn service(&self, text: &str) -> Result<ServiceId, String> {
        find(&self.services, text, |_| {
            "is not a service id of lower-case letters, digits and hyphens; add it to `services`".to_owned()
        })
    }

    pub(super) fn channel(&self, text: &str) -> Result<Channel, String> {
        find(&self.channels, text, |_| "is not a channel; add it to `channels`".to_owned())
    }

    pub(super) fn measure(&self, text: &str) -> Result<Measure, String> {
        find(&self.measures, text, |_| "is not a measure; add it to `measures`".to_owned())
    }
}

/// The word a map has for a text, else the text itself where it is one of ours.
fn find<T: Clone + std::str::FromStr>(
    map: &HashMap<String, T>,
    text: &str,
    problem: impl FnOnce(T::Err) -> String,
) -> Result<T, String> {
    let word = text.trim().to_lowercase();
    match map.get(&word) {
        Some(ours) => Ok(ours.clone()),
        None => word.parse().map_err(problem),
    }
}

pub(super) fn coverage(text: &str) -> Result<Coverage, String> {
    let word = text.trim().to_lowercase();
    word.parse().map_err(|_| "is not a coverage; give all or consented".to_owned())
}
