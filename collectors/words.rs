//! The words a source uses for services, channels and measures, and ours for them.

use std::collections::{BTreeMap, HashMap};

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};

/// Words for channels understood without configuration, beside our own.
const CHANNELS: [(&str, Channel); 12] = [
    ("online", Channel::Digital),
    ("web", Channel::Digital),
    ("assisted", Channel::AssistedDigital),
    ("telephone", Channel::Phone),
    ("post", Channel::Paper),
    ("postal", Channel::Paper),
    ("in_person", Channel::FaceToFace),
    ("counter", Channel::FaceToFace),
    ("all", Channel::AllChannels),
    ("total", Channel::AllChannels),
    ("bulk", Channel::Api),
    ("email", Channel::Other),
];

/// Maps from configuration, keyed by [`word`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Words {
    services: HashMap<String, ServiceId>,
    channels: HashMap<String, Channel>,
    measures: HashMap<String, Measure>,
}

/// A text as words are compared: lower case, every run of anything but letters and digits one `_`.
pub(crate) fn word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
    }
    word.truncate(word.trim_end_matches('_').len());
    word
}

impl Words {
    pub(crate) fn new(
        services: &BTreeMap<String, ServiceId>,
        channels: &BTreeMap<String, Channel>,
        measures: &BTreeMap<String, Measure>,
    ) -> Self {
        Self { services: by_word(services), channels: by_word(channels), measures: by_word(measures) }
    }

    /// A service id: by the map, else the text itself in lower case.
    pub(crate) fn service(&self, text: &str) -> Result<ServiceId, String> {
        let text = text.trim();
        if let Some(id) = self.services.get(&word(text)) {
            return Ok(id.clone());
        }
        text.to_lowercase().parse().map_err(|_| {
            "expected a service id of lower-case letters, digits and hyphens; or add this name to `services`"
                .to_owned()
        })
    }

    pub(crate) fn channel(&self, text: &str) -> Result<Channel, String> {
        let word = word(text);
        self.channels
            .get(&word)
            .copied()
            .or_else(|| word.parse().ok())
            .or_else(|| CHANNELS.iter().find(|(known, _)| *known == word).map(|(_, channel)| *channel))
            .ok_or_else(|| "expected a channel; add this word to `channels`".to_owned())
    }

    pub(crate) fn measure(&self, text: &str) -> Result<Measure, String> {
        let word = word(text);
        self.measures
            .get(&word)
            .copied()
            .or_else(|| word.parse().ok())
            .ok_or_else(|| "expected a measure; add this word to `measures`".to_owned())
    }
}

fn by_word<T: Clone>(map: &BTreeMap<String, T>) -> HashMap<String, T> {
    map.iter().map(|(text, ours)| (word(text), ours.clone())).collect()
}

pub(crate) fn coverage(text: &str) -> Result<Coverage, String> {
    match word(text).as_str() {
        "" => Ok(Coverage::All),
        word => word.parse().map_err(|_| "expected a coverage, all or consented".to_owned()),
    }
}

pub(crate) fn period_kind(text: &str) -> Result<PeriodKind, String> {
    word(text).parse().map_err(|_| {
        "expected a period kind: hour, day, week, month, quarter, year, financial_year or year_to".to_owned()
    })
}

/// Whether a cell says that a figure may still be revised.
pub(crate) fn provisional(text: &str) -> Result<bool, String> {
    match word(text).as_str() {
        "yes" | "y" | "true" | "1" | "p" | "provisional" | "x" => Ok(true),
        "" | "no" | "n" | "false" | "0" | "f" | "final" => Ok(false),
        _ => Err("expected yes or no, provisional or final".to_owned()),
    }
}

/// The text on one line, cut to what is worth showing: enough to recognise it by, too little to leak
/// a paragraph.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut characters = text.trim().chars().map(|each| if each.is_control() { ' ' } else { each });
    let line: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() { line + "…" } else { line }
}
