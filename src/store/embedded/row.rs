//! Rows of the tables as values.

use jiff::Timestamp;
use kpi::{CollectorName, Period, PeriodKind, Point, SeriesKey};
use rusqlite::Row;

use super::codec::decode;
use super::fault::{Fault, Outcome};

/// What [`FigureRow::read`] reads, from `figure` and from `superseded`.
pub(super) const FIGURE_COLUMNS: &str = "period, mantissa, shape, revision, collection_id";

/// What [`SeriesRow::read`] reads.
pub(super) const SERIES_COLUMNS: &str =
    "id, service, measure, channel, coverage, period_kind, owner, newest_period";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FigureRow {
    pub(super) point: Point,
    pub(super) revision: u32,
    pub(super) collection_id: i64,
}

impl FigureRow {
    pub(super) fn read(row: &Row<'_>, kind: PeriodKind) -> Outcome<Self> {
        Self::read_from(row, 0, kind)
    }

    /// Reads from the column `first` on.
    pub(super) fn read_from(row: &Row<'_>, first: usize, kind: PeriodKind) -> Outcome<Self> {
        let period = Period::from_index(kind, row.get(first)?).map_err(Fault::unreadable)?;
        let (value, quality) = decode(row.get_ref(first + 1)?, row.get(first + 2)?)?;
        Ok(Self {
            point: Point { period, value, quality },
            revision: row.get(first + 3)?,
            collection_id: row.get(first + 4)?,
        })
    }
}

#[derive(Debug, Clone)]
pub(super) struct SeriesRow {
    pub(super) id: i64,
    pub(super) key: SeriesKey,
    pub(super) owner: CollectorName,
    pub(super) newest_period: i32,
}

impl SeriesRow {
    pub(super) fn read(row: &Row<'_>) -> Outcome<Self> {
        Ok(Self {
            id: row.get(0)?,
            key: SeriesKey {
                service: word(row, 1)?,
                measure: word(row, 2)?,
                channel: word(row, 3)?,
                coverage: word(row, 4)?,
                period_kind: word(row, 5)?,
            },
            owner: word(row, 6)?,
            newest_period: row.get(7)?,
        })
    }
}

fn word<T>(row: &Row<'_>, column: usize) -> Outcome<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    row.get_ref(column)?.as_str().map_err(Fault::unreadable)?.parse().map_err(Fault::unreadable)
}

/// As stored: 64 bits hold the years 1677 to 2262, and an instant outside them is not when anything
/// was collected.
pub(super) fn nanoseconds(instant: Timestamp) -> i64 {
    let nanoseconds = instant.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

pub(super) fn timestamp(nanoseconds: i64) -> Timestamp {
    // Every i64 is within jiff's range; the fallback keeps this total.
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}
