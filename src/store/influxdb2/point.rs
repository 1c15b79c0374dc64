//! A revision of a figure as a point and back, exactly.

use kpi::{CollectorName, Period, Point, Quality, SampledShare, SeriesKey, Value};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::answer::{Cell, Rows};
use super::fault::{Fault, Outcome};
use super::ledger::{Ledger, nanoseconds, timestamp};
use super::line::{Line, LineError};
use super::schema::{FIGURE, place, start_secs};
use crate::store::StoredPoint;

/// What is asked for of a point, in the order [`Row::read`] takes it. `value` is left out: it is for
/// people, and `exact` is what it stands for.
pub(super) const FIELDS: [&str; 8] =
    ["submission", "state", "exact", "revision", "collected_at", "provisional", "thresholded", "sampled_ppm"];

/// The same with the one more that history needs.
pub(super) const FIELDS_OF_HISTORY: [&str; 9] = [
    "submission",
    "state",
    "exact",
    "revision",
    "collected_at",
    "provisional",
    "thresholded",
    "sampled_ppm",
    "collector",
];

/// A point of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) period: Period,
    /// Its place among the points of the figure.
    pub(super) slot: i64,
    /// What it says, where its submission counts.
    pub(super) counted: Option<Counted>,
}

/// A point whose submission counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) stored: StoredPoint,
    /// Who collected it, where that was asked for.
    pub(super) collector: Option<CollectorName>,
}

/// Who collected a revision, and with which submission it came.
pub(super) struct Origin<'a> {
    pub(super) collector: &'a CollectorName,
    pub(super) submission: &'a str,
}

/// A line with the tags of a series, so far without a field.
pub(super) fn tagged(measurement: &str, key: &SeriesKey) -> Result<Line, LineError> {
    let SeriesKey { service, measure, channel, coverage, period_kind } = key;
    Line::new(measurement)?
        .tag("channel", channel.as_str())?
        .tag("coverage", coverage.as_str())?
        .tag("measure", measure.as_str())?
        .tag("period_kind", period_kind.as_str())?
        .tag("service", service.as_str())
}

/// The line of a revision.
pub(super) fn line(
    key: &SeriesKey,
    stored: &StoredPoint,
    slot: i64,
    origin: &Origin<'_>,
) -> Result<String, LineError> {
    let Point { period, value, quality } = stored.point;
    let mut line = tagged(FIGURE, key)?;
    if let Some(number) = value.known() {
        if let Some(drawn) = number.to_f64() {
            line = line.float("value", drawn)?;
        }
        line = line.text("exact", &number.to_string())?;
    }
    line = line
        .text("state", value.state())?
        .integer("revision", stored.revision.into())?
        .integer("collected_at", nanoseconds(stored.collected_at))?
        .text("collector", origin.collector.as_str())?
        .text("submission", origin.submission)?;
    if quality.provisional {
        line = line.boolean("provisional", true)?;
    }
    if quality.thresholded {
        line = line.boolean("thresholded", true)?;
    }
    if let Some(share) = quality.sampled {
        line = line.integer("sampled_ppm", share.parts_per_million().into())?;
    }
    line.at(start_secs(period) + slot)
}

/// The series that rows of an answer belong to.
pub(super) fn series_key(rows: &Rows<'_>) -> Outcome<SeriesKey> {
    fn word<T: std::str::FromStr<Err: std::fmt::Display>>(rows: &Rows<'_>, tag: &str) -> Outcome<T> {
        rows.tag(tag)
            .parse()
            .map_err(|problem| Fault::Unreadable(format!("a series has the tags {:?}: {problem}", rows.tags)))
    }
    Ok(SeriesKey {
        service: word(rows, "service")?,
        measure: word(rows, "measure")?,
        channel: word(rows, "channel")?,
        coverage: word(rows, "coverage")?,
        period_kind: word(rows, "period_kind")?,
    })
}

impl Row {
    pub(super) fn read(key: &SeriesKey, cells: &[Cell<'_>], ledger: &Ledger) -> Outcome<Self> {
        Self::try_read(key, cells, ledger).ok_or_else(|| {
            let SeriesKey { service, measure, channel, .. } = key;
            Fault::Unreadable(format!("{measure} of {service} by {channel} holds the point {cells:?}"))
        })
    }

    fn try_read(key: &SeriesKey, cells: &[Cell<'_>], ledger: &Ledger) -> Option<Self> {
        let [time, submission, ..] = cells else { return None };
        let (period, slot) = place(key.period_kind, time.integer()?)?;
        // A server may show a point that is just being written without some of its fields. What counts
        // was complete before this answer began.
        let counts = submission.text().is_some_and(|submission| ledger.counts(submission));
        let counted = if counts { Some(Counted::read(period, cells)?) } else { None };
        Some(Self { period, slot, counted })
    }
}

impl Counted {
    fn read(period: Period, cells: &[Cell<'_>]) -> Option<Self> {
        let [_, _, state, exact, revision, collected_at, provisional, thresholded, sampled, more @ ..] =
            cells
        else {
            return None;
        };
        let value = match (state.text()?, exact) {
            ("known", Cell::Text(number)) => Value::Known(Decimal::from_str_exact(number).ok()?),
            ("not_provided", Cell::Absent) => Value::NotProvided,
            ("not_applicable", Cell::Absent) => Value::NotApplicable,
            ("suppressed", Cell::Absent) => Value::Suppressed,
            ("withdrawn", Cell::Absent) => Value::Withdrawn,
            _ => return None,
        };
        let sampled = match sampled {
            Cell::Absent => None,
            Cell::Integer(parts) => Some(SampledShare::from_parts_per_million(u32::try_from(*parts).ok()?)?),
            _ => return None,
        };
        let quality = Quality { provisional: provisional.flag()?, thresholded: thresholded.flag()?, sampled };
        let revision = u32::try_from(revision.integer()?).ok().filter(|revision| *revision > 0)?;
        let collected_at = timestamp(collected_at.integer()?);
        let collector = match more {
            [collector] => Some(collector.text()?.parse().ok()?),
            _ => None,
        };
        Some(Self {
            stored: StoredPoint { point: Point { period, value, quality }, revision, collected_at },
            collector,
        })
    }
}
