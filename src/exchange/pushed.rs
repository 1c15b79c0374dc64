//! Figures as they are pushed: the columns `export` writes, of which fewer are required.

use jiff::Timestamp;
use kpi::{Channel, CollectorName, Coverage, Measure, PeriodKind, ServiceId};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::record::{Record, RecordError, read_csv, read_json_lines};

/// How pushed figures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushForm {
    /// CSV with a header.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PushedFigure {
    service: ServiceId,
    measure: Measure,
    channel: Channel,
    #[serde(default = "all_users")]
    coverage: Coverage,
    period_kind: PeriodKind,
    period_start: String,
    #[serde(default = "known")]
    state: String,
    value: Option<Decimal>,
    #[serde(default)]
    provisional: bool,
    #[serde(default)]
    thresholded: bool,
    sampled_ppm: Option<u32>,
    // What an export says beside it is the store's to know.
    #[serde(rename = "period_end")]
    _period_end: Option<IgnoredAny>,
    #[serde(rename = "revision")]
    _revision: Option<IgnoredAny>,
    #[serde(rename = "collected_at")]
    _collected_at: Option<IgnoredAny>,
    #[serde(rename = "collector")]
    _collector: Option<IgnoredAny>,
}

const fn all_users() -> Coverage {
    Coverage::All
}

fn known() -> String {
    "known".to_owned()
}

/// Reads pushed figures, each with its line; they count as collected by `pusher` at `now`.
pub fn read_pushed(
    form: PushForm,
    body: &[u8],
    pusher: &CollectorName,
    now: Timestamp,
) -> Result<Vec<(u64, Record)>, RecordError> {
    let figures: Vec<(u64, PushedFigure)> = match form {
        PushForm::Csv => read_csv(body)?,
        PushForm::JsonLines => read_json_lines(body)?,
    };
    let record = |(line, figure): (u64, PushedFigure)| {
        let record = Record {
            service: figure.service,
            measure: figure.measure,
            channel: figure.channel,
            coverage: figure.coverage,
            period_kind: figure.period_kind,
            period_start: figure.period_start,
            period_end: String::new(),
            state: figure.state,
            value: figure.value,
            provisional: figure.provisional,
            thresholded: figure.thresholded,
            sampled_ppm: figure.sampled_ppm,
            revision: 1,
            collected_at: now,
            collector: pusher.clone(),
        };
        (line, record)
    };
    Ok(figures.into_iter().map(record).collect())
}
