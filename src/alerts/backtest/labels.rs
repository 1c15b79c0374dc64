//! A file of labels: what truly happened, one JSON object a line.

use std::io::BufRead;

use jiff::civil::Date;
use kpi::{Kpi, PeriodKind, ServiceId};
use serde::Deserialize;

/// What happened to a service, or that nothing did. Keys that are not named here are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// Which service.
    pub service: ServiceId,
    /// Which KPI it shows in.
    #[serde(default = "digital_takeup")]
    pub kpi: Kpi,
    /// The kind of period of its figures; any where it is not given.
    pub period_kind: Option<PeriodKind>,
    /// What happened: a word for the table.
    #[serde(default = "fall")]
    pub event: String,
    /// How far the KPI went down, in points.
    #[serde(default)]
    pub points: u32,
    /// First day of the first period it shows in; none where nothing happened.
    pub from: Option<Date>,
    /// First day after it; none where it stayed.
    pub to: Option<Date>,
    /// What detection should make of it.
    #[serde(default)]
    pub verdict: Verdict,
}

/// What detection should make of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An alert.
    #[default]
    Fall,
    /// No alert.
    Quiet,
    /// At most a warning.
    WarningAtMost,
}

const fn digital_takeup() -> Kpi {
    Kpi::DigitalTakeup
}

fn fall() -> String {
    "fall".to_owned()
}

/// A file that is not one of labels.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// A line is not a label.
    #[error("line {line} is not a label; write {{\"service\":\"a-service\",\"from\":\"2026-03-02\"}}")]
    Malformed {
        /// Line in the file, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file cannot be read.
    #[error("the file of labels cannot be read")]
    File(#[from] std::io::Error),
}

/// Reads the labels of a file; empty lines are passed over.
pub fn read_labels(from: impl BufRead) -> Result<Vec<Label>, LabelError> {
    let mut labels = Vec::new();
    for (index, text) in from.lines().enumerate() {
        let text = text?;
        if !text.trim().is_empty() {
            let label = serde_json::from_str(&text);
            labels.push(label.map_err(|source| LabelError::Malformed { line: index + 1, source })?);
        }
    }
    Ok(labels)
}
