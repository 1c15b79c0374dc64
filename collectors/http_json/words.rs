//! The words a source uses for services, channels and measures, and ours for them.

use std::collections::{BTreeMap, HashMap};

use kpi::{Channel, Measure, ServiceId};

/// Maps from configuration, by text without regard to case and surrounding white space.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    services: HashMap<String, ServiceId>,
    channels: HashMap<String, Channel>,
    measures: HashMap<String, Measure>,
}

impl Words {
    pub(crate) fn new(
        services: &BTreeMap<String, ServiceId>,
        channels: &BTreeMap<String, Channel>,
        measures: &BTreeMap<String, Measure>,
    ) -> Self {
        Self { services: folded(services), channels: folded(channels), measures: folded(measures) }
    }

    /// A service by the map, else the text itself.
    pub(crate) fn service(&self, text: &str) -> Result<ServiceId, String> {
        let word = fold(text);
        self.services.get(&word).cloned().or_else(|| word.parse().ok()).ok_or_else(|| {
            "expected a service id of lower-case letters, digits and hyphens; or add this name to `services`"
                .to_owned()
        })
    }

    pub(crate) fn channel(&self, text: &str) -> Result<Channel, String> {
        let word = fold(text);
        let found = self.channels.get(&word).copied().or_else(|| word.parse().ok());
        found.ok_or_else(|| "expected a channel; add this word to `channels`".to_owned())
    }

    pub(crate) fn measure(&self, text: &str) -> Result<Measure, String> {
        let word = fold(text);
        let found = self.measures.get(&word).copied().or_else(|| word.parse().ok());
        found.ok_or_else(|| "expected a measure; add this word to `measures`".to_owned())
    }
}

fn folded<T: Clone>(map: &BTreeMap<String, T>) -> HashMap<String, T> {
    map.iter().map(|(text, ours)| (fold(text), ours.clone())).collect()
}

fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The text on one line, cut to what is worth showing: enough to recognise it by, too little to leak
/// a paragraph.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut characters = text.trim().chars().map(|each| if each.is_control() { ' ' } else { each });
    let line: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() { line + "…" } else { line }
}
