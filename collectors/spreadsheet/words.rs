//! The words a source uses for services, channels and measures, and ours for them.

use std::collections::HashMap;

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
pub(super) struct Words {
    pub(super) services: HashMap<String, ServiceId>,
    pub(super) channels: HashMap<String, Channel>,
    pub(super) measures: HashMap<String, Measure>,
}

/// A text as words are compared: lower case, every run of anything but letters and digits one `_`.
pub(super) fn word(text: &str) -> String {
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
    /// A service id: by the map, else the text itself in lower case.
    pub(super) fn service(&self, text: &str) -> Result<ServiceId, String> {
        let text = text.trim();
        if let Some(id) = self.services.get(&word(text)) {
            return Ok(id.clone());
        }
        text.to_lowercase().parse().map_err(|_| {
            "expected a service id of lower-case letters, digits and hyphens; or add this name to `services`"
                .to_owned()
        })
    }

    pub(super) fn channel(&self, text: &str) -> Result<Channel, String> {
        let word = word(text);
        self.channels
            .get(&word)
            .copied()
            .or_else(|| word.parse().ok())
            .or_else(|| CHANNELS.iter().find(|(known, _)| *known == word).map(|(_, channel)| *channel))
            .ok_or_else(|| "expected a channel; add this word to `channels`".to_owned())
    }

    pub(super) fn measure(&self, text: &str) -> Result<Measure, String> {
        let word = word(text);
        self.measures
            .get(&word)
            .copied()
            .or_else(|| word.parse().ok())
            .ok_or_else(|| "expected a measure; add this word to `measures`".to_owned())
    }
}

pub(super) fn coverage(text: &str) -> Result<Coverage, String> {
    match word(text).as_str() {
        "" => Ok(Coverage::All),
        word => word.parse().map_err(|_| "expected a coverage, all or consented".to_owned()),
    }
}

pub(super) fn period_kind(text: &str) -> Result<PeriodKind, String> {
    word(text).parse().map_err(|_| {
        "expected a period kind: hour, day, week, month, quarter, year, financial_year or year_to".to_owned()
    })
}

/// Whether a cell says that a figure may still be revised.
pub(super) fn provisional(text: &str) -> Result<bool, String> {
    match word(text).as_str() {
        "yes" | "y" | "true" | "1" | "p" | "provisional" | "x" => Ok(true),
        "" | "no" | "n" | "false" | "0" | "f" | "final" => Ok(false),
        _ => Err("expected yes or no, provisional or final".to_owned()),
    }
}
