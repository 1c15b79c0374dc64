//! Settings as written in configuration, checked against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::SettingProblems;
use crate::http::{Address, Credential, HostLimit, Tls};
use crate::http_json::auth::AuthSettings;
use crate::http_json::certificates::TlsSettings;
use crate::settings::{self, Check};
use crate::windows::Settling;
use crate::words::Words;

/// What an expression writes where its range goes.
pub(super) const WINDOW: &str = "{window}";

const SETTLES_AFTER_MINUTES: u32 = 10;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    url: Address,
    #[serde(default)]
    auth: AuthSettings,
    #[serde(default)]
    tls: TlsSettings,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    period: Option<PeriodKind>,
    time_zone: Option<String>,
    largest: Option<u32>,
    look_back: Option<u32>,
    settles_after_minutes: Option<u32>,
    timeout_secs: Option<u64>,
    figures: Vec<FigureSettings>,
    #[serde(default)]
    services: BTreeMap<String, ServiceId>,
    #[serde(default)]
    channels: BTreeMap<String, Channel>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FigureSettings {
    query: String,
    measure: Measure,
    service: Part,
    channel: Part,
    #[serde(default)]
    coverage: Coverage,
}

/// Where a part of a figure comes from: `"digital"`, or `{ label = "channel" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Constant(String),
    Label(String),
}

/// What the collector works from. It cannot be printed: a header may hold a key.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) address: Address,
    pub(super) credential: Option<Credential>,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) host_limit: HostLimit,
    pub(super) timeout: Duration,
    pub(super) period_kind: PeriodKind,
    pub(super) settling: Settling,
    pub(super) largest: u32,
    pub(super) look_back: u32,
    pub(super) figures: Vec<FigurePlan>,
    pub(super) words: Words,
}

/// One expression and what its value is.
#[derive(Clone)]
pub(super) struct FigurePlan {
    pub(super) query: String,
    pub(super) measure: Measure,
    pub(super) service: Part,
    pub(super) channel: Part,
    pub(super) coverage: Coverage,
}

/// Checks settings; nothing is asked.
pub(super) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let settings: Settings = settings::parse(table)?;
    let mut check = Check::default();
    let tls = settings.tls.clone().tls(&mut check);
    let credential = settings.auth.credential(tls.clone(), &mut check.problems);
    let zone = check.time_zone("time_zone", settings.time_zone.as_deref());
    let words = Words::new(&settings.services, &settings.channels, &BTreeMap::new());
    if settings.figures.is_empty() {
        check.problem("figures", "this list is empty; add an expression and what it counts");
    }
    let mut seen = BTreeSet::new();
    for (index, figure) in settings.figures.iter().enumerate() {
        let mut wrong = |key: &str, message: String| {
            check.problem(format!("figures[{index}].{key}"), message);
        };
        if !figure.query.contains(WINDOW) {
            wrong(
                "query",
                format!(
                    "no {WINDOW} in it; write increase(…[{WINDOW}]), since a day lasts 23 or 25 hours where the clocks \
                     change"
                ),
            );
        }
        if let Part::Constant(text) = &figure.service
            && let Err(expected) = words.service(text)
        {
            wrong("service", format!("{text:?}: {expected}"));
        }
        if let Part::Constant(text) = &figure.channel
            && let Err(expected) = words.channel(text)
        {
            wrong("channel", format!("{text:?}: {expected}"));
        }
        let constant = (&figure.service, &figure.channel);
        if let (Part::Constant(service), Part::Constant(channel)) = constant
            && !seen.insert((figure.measure, service.clone(), channel.clone(), figure.coverage))
        {
            wrong(
                "query",
                "an earlier expression gives the same figure; keep one, or add them up in PromQL".to_owned(),
            );
        }
    }
    let period_kind = settings.period.unwrap_or(PeriodKind::Day);
    let minutes = settings.settles_after_minutes.unwrap_or(SETTLES_AFTER_MINUTES);
    check.finish(Plan {
        address: settings.url,
        credential,
        tls,
        headers: settings.headers,
        host_limit: HostLimit::concurrent(2).per_second(5),
        timeout: Duration::from_secs(settings.timeout_secs.unwrap_or(120)),
        period_kind,
        settling: Settling { zone, after: SignedDuration::from_mins(i64::from(minutes)) },
        // Far below the 11,000 points one range query may have, and little work for one answer.
        largest: settings
            .largest
            .unwrap_or(if period_kind == PeriodKind::Hour { 744 } else { 31 })
            .clamp(1, 10_000),
        look_back: settings.look_back.unwrap_or(1),
        figures: settings
            .figures
            .into_iter()
            .map(|FigureSettings { query, measure, service, channel, coverage }| FigurePlan {
                query,
                measure,
                service,
                channel,
                coverage,
            })
            .collect(),
        words,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelTable {
    label: String,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrLabel;
        impl<'de> Visitor<'de> for TextOrLabel {
            type Value = Part;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text for every series, or { label = \"…\" }")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Part, E> {
                Ok(Part::Constant(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part, A::Error> {
                LabelTable::deserialize(MapAccessDeserializer::new(map)).map(|table| Part::Label(table.label))
            }
        }
        deserializer.deserialize_any(TextOrLabel)
    }
}
