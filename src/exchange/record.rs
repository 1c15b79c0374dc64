use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};

use jiff::Timestamp;
use kpi::{
    BatchBuilder, Channel, CollectorName, Coverage, Measure, Period, PeriodKind, Point, Quality,
    SampledShare, SeriesKey, ServiceId, Value,
};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::store::{Provenance, Series, Submission};

/// One figure as a row of a file: every column as text or number that any tool reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Service id.
    pub service: ServiceId,
    /// What is counted.
    pub measure: Measure,
    /// How the transactions came.
    pub channel: Channel,
    /// Which users are counted.
    pub coverage: Coverage,
    /// Kind of period.
    pub period_kind: PeriodKind,
    /// First day, or instant for an hour.
    pub period_start: String,
    /// Day after the last; written for readers, ignored when read.
    pub period_end: String,
    /// One of `known`, `not_provided`, `not_applicable`, `suppressed`, `withdrawn`.
    pub state: String,
    /// The number, in the state `known`.
    pub value: Option<Decimal>,
    /// The source may still revise it.
    pub provisional: bool,
    /// Rows under a privacy threshold were left out.
    pub thresholded: bool,
    /// Share it was sampled from, in parts per million.
    pub sampled_ppm: Option<u32>,
    /// Revision; written for readers, ignored when read.
    pub revision: u32,
    /// When it was collected.
    pub collected_at: Timestamp,
    /// By which collector.
    pub collector: CollectorName,
}

/// Column names, in order.
const COLUMNS: [&str; 15] = [
    "service",
    "measure",
    "channel",
    "coverage",
    "period_kind",
    "period_start",
    "period_end",
    "state",
    "value",
    "provisional",
    "thresholded",
    "sampled_ppm",
    "revision",
    "collected_at",
    "collector",
];

/// Why a file of records cannot be taken in. Nothing of it is.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A line is not a record.
    #[error("line {line} is not a figure: {problem}")]
    Malformed {
        /// Line in the file, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The file gives two values for one figure.
    #[error("{count} figures are given twice with different values, the first {first}")]
    Conflicting {
        /// How many.
        count: usize,
        /// Which is the first.
        first: String,
    },
    /// The file cannot be read or written.
    #[error("the file cannot be read or written")]
    File(#[from] std::io::Error),
}

impl Record {
    /// The records of a stored series.
    pub fn of_series(series: &Series) -> impl Iterator<Item = Self> + '_ {
        let key = &series.key;
        series.points.iter().map(move |stored| Self {
            service: key.service.clone(),
            measure: key.measure,
            channel: key.channel,
            coverage: key.coverage,
            period_kind: key.period_kind,
            period_start: stored.point.period.start_text(),
            period_end: stored.point.period.end_text(),
            state: stored.point.value.state().to_owned(),
            value: stored.point.value.known(),
            provisional: stored.point.quality.provisional,
            thresholded: stored.point.quality.thresholded,
            sampled_ppm: stored.point.quality.sampled.map(SampledShare::parts_per_million),
            revision: stored.revision,
            collected_at: stored.collected_at,
            collector: series.collector.clone(),
        })
    }

    fn key(&self) -> SeriesKey {
        SeriesKey {
            service: self.service.clone(),
            measure: self.measure,
            channel: self.channel,
            coverage: self.coverage,
            period_kind: self.period_kind,
        }
    }

    fn point(&self) -> Result<Point, String> {
        let period = Period::from_start_text(self.period_kind, &self.period_start)
            .map_err(|error| error.to_string())?;
        let value = match (self.state.as_str(), self.value) {
            ("known", Some(number)) => Value::Known(number),
            ("known", None) => return Err("state is known and value is empty".to_owned()),
            (state, Some(number)) => {
                return Err(format!("state is {state} and value is {number}; only known has one"));
            }
            ("not_provided", None) => Value::NotProvided,
            ("not_applicable", None) => Value::NotApplicable,
            ("suppressed", None) => Value::Suppressed,
            ("withdrawn", None) => Value::Withdrawn,
            (other, None) => {
                return Err(format!(
                    "{other:?} is not a state; use known, not_provided, not_applicable, suppressed or withdrawn"
                ));
            }
        };
        let sampled = match self.sampled_ppm {
            None => None,
            Some(parts) => Some(
                SampledShare::from_parts_per_million(parts)
                    .ok_or_else(|| format!("sampled_ppm {parts} is above 1000000"))?,
            ),
        };
        let quality = Quality { provisional: self.provisional, thresholded: self.thresholded, sampled };
        Ok(Point { period, value, quality })
    }
}

/// Writes records as CSV with a header.
pub fn write_csv(records: &[Record], to: impl Write) -> Result<(), csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).has_headers(false).from_writer(to);
    writer.write_record(COLUMNS)?;
    for record in records {
        writer.serialize(record)?;
    }
    writer.flush()?;
    Ok(())
}

/// Writes records as JSON, one object a line.
pub fn write_json_lines(records: &[Record], mut to: impl Write) -> std::io::Result<()> {
    for record in records {
        serde_json::to_writer(&mut to, record)?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads what [`write_csv`] writes, each figure with its line.
pub fn read_csv<T: DeserializeOwned>(from: impl Read) -> Result<Vec<(u64, T)>, RecordError> {
    let mut reader = csv::Reader::from_reader(from);
    let mut records = Vec::new();
    for record in reader.deserialize() {
        let record = record.map_err(|error| RecordError::Malformed {
            line: error.position().map_or(0, csv::Position::line),
            problem: error.to_string(),
        })?;
        records.push((records.len() as u64 + 2, record));
    }
    Ok(records)
}

/// Reads what [`write_json_lines`] writes, each figure with its line.
pub fn read_json_lines<T: DeserializeOwned>(from: impl BufRead) -> Result<Vec<(u64, T)>, RecordError> {
    let mut records = Vec::new();
    for (line, text) in (1..).zip(from.lines()) {
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        let record = serde_json::from_str(&text)
            .map_err(|error| RecordError::Malformed { line, problem: error.to_string() })?;
        records.push((line, record));
    }
    Ok(records)
}

/// Groups records into submissions by who collected them and when, oldest first, so that figures taken
/// out of one store go into another in the order they were known.
pub fn submissions(records: Vec<(u64, Record)>) -> Result<Vec<Submission>, RecordError> {
    let mut groups: BTreeMap<(Timestamp, CollectorName), BatchBuilder> = BTreeMap::new();
    for (line, record) in records {
        let point = record.point().map_err(|problem| RecordError::Malformed { line, problem })?;
        let group = groups.entry((record.collected_at, record.collector.clone())).or_default();
        group.push(record.key(), point);
    }
    let mut submissions = Vec::with_capacity(groups.len());
    for ((collected_at, collector), builder) in groups {
        let (batch, conflicts) = builder.finish();
        if let Some(first) = conflicts.first() {
            return Err(RecordError::Conflicting {
                count: conflicts.len(),
                first: format!(
                    "{} {} for {}",
                    first.key.series.service, first.key.series.measure, first.key.period
                ),
            });
        }
        submissions.push(Submission {
            provenance: Provenance { collector, adopts: Vec::new(), collected_at },
            series: batch.series,
            services: Vec::new(),
        });
    }
    Ok(submissions)
}
