//! How much the store holds.

use std::path::Path;

use jiff::civil::Date;
use kpi::Period;
use rusqlite::{Connection, OptionalExtension};

use super::fault::{Fault, Outcome};
use super::row::{SERIES_COLUMNS, SeriesRow};
use super::schema::with_suffix;

/// How much a store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Figures, each counted once however often it was revised.
    pub figures: u64,
    /// Values that figures had before they were revised.
    pub superseded: u64,
    /// Series.
    pub series: u64,
    /// Services with a series or a description.
    pub services: u64,
    /// Submissions that changed something.
    pub collections: u64,
    /// First day of the earliest period.
    pub first_day: Option<Date>,
    /// First day of the latest period.
    pub newest_day: Option<Date>,
    /// Space taken on the disk, the write-ahead log included.
    pub size_bytes: u64,
}

pub(super) fn stats(connection: &Connection, file: &Path) -> Outcome<Stats> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let (first_day, newest_day) = days(connection)?;
    Ok(Stats {
        figures: count("SELECT count(*) FROM figure")?,
        superseded: count("SELECT count(*) FROM superseded")?,
        series: count("SELECT count(*) FROM series")?,
        services: count(
            "SELECT count(*) FROM (SELECT service FROM series UNION SELECT service FROM service_description)",
        )?,
        collections: count("SELECT count(*) FROM collection")?,
        first_day,
        newest_day,
        size_bytes: [file.to_owned(), with_suffix(file, "-wal")]
            .iter()
            .filter_map(|file| std::fs::metadata(file).ok())
            .map(|file| file.len())
            .sum(),
    })
}

/// Indexes of different kinds of period do not compare, so the days do.
fn days(connection: &Connection) -> Outcome<(Option<Date>, Option<Date>)> {
    let mut oldest = connection.prepare_cached("SELECT min(period) FROM figure WHERE series_id = ?")?;
    let mut statement = connection.prepare_cached(&format!("SELECT {SERIES_COLUMNS} FROM series"))?;
    let mut rows = statement.query([])?;
    let (mut first, mut newest): (Option<Date>, Option<Date>) = (None, None);
    while let Some(row) = rows.next()? {
        let series = SeriesRow::read(row)?;
        let start = |index| {
            Period::from_index(series.key.period_kind, index)
                .map(Period::start_date)
                .map_err(Fault::unreadable)
        };
        let oldest: Option<i32> = oldest.query_row([series.id], |row| row.get(0)).optional()?.flatten();
        if let Some(day) = oldest.map(start).transpose()? {
            first = Some(first.map_or(day, |first| first.min(day)));
        }
        let day = start(series.newest_period)?;
        newest = Some(newest.map_or(day, |newest| newest.max(day)));
    }
    Ok((first, newest))
}
