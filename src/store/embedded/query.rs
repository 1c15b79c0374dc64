//! Reads figures.
//!
//! Every figure is reached through its series: one short range scan of the key for each series that
//! a query selects, whatever the size of the table.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use kpi::{FigureKey, Period, PeriodKind};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::append::newest_collection_at;
use super::fault::Outcome;
use super::row::{FIGURE_COLUMNS, FigureRow, SERIES_COLUMNS, SeriesRow, timestamp};
use crate::store::{Query, Series, StoredPoint};

const HOURS_PER_DAY: i64 = 24;

pub(super) fn series(connection: &Connection, query: &Query) -> Outcome<Vec<Series>> {
    let mut reader = PointReader::new(connection)?;
    let known_at = query.known_at.map(|instant| newest_collection_at(connection, instant)).transpose()?;
    let mut selected = Vec::new();
    for series in select(connection, query)? {
        let rows = match known_at {
            None => reader.current(&series, periods(query, series.key.period_kind, series.newest_period))?,
            Some(newest) => reader.known_at(&series, query, newest)?,
        };
        if !rows.is_empty() {
            let points = reader.times.stored(rows)?;
            selected.push(Series { key: series.key, collector: series.owner, points });
        }
    }
    Ok(selected)
}

pub(super) fn latest(connection: &Connection) -> Outcome<Vec<Series>> {
    let mut times = Times::new(connection)?;
    // CROSS JOIN keeps the order of the loops: a plan that walks the figures takes a hundred times
    // as long.
    let mut statement = connection.prepare_cached(
        "SELECT id, service, measure, channel, coverage, period_kind, owner, newest_period,
                period, mantissa, shape, revision, collection_id
         FROM series CROSS JOIN figure ON series_id = id AND period = newest_period",
    )?;
    let mut rows = statement.query([])?;
    let mut latest = Vec::new();
    while let Some(row) = rows.next()? {
        let series = SeriesRow::read(row)?;
        let figure = FigureRow::read_from(row, 8, series.key.period_kind)?;
        let points = times.stored(vec![figure])?;
        latest.push(Series { key: series.key, collector: series.owner, points });
    }
    latest.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(latest)
}

pub(super) fn revisions(connection: &Connection, key: &FigureKey) -> Outcome<Vec<StoredPoint>> {
    let series = &key.series;
    let id: Option<i64> = connection
        .prepare_cached(
            "SELECT id FROM series
             WHERE service = ? AND measure = ? AND channel = ? AND coverage = ? AND period_kind = ?",
        )?
        .query_row(
            params![
                series.service.as_str(),
                series.measure.as_str(),
                series.channel.as_str(),
                series.coverage.as_str(),
                series.period_kind.as_str()
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id.filter(|_| key.period.kind() == series.period_kind) else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {FIGURE_COLUMNS} FROM superseded WHERE series_id = ?1 AND period = ?2
         UNION ALL SELECT {FIGURE_COLUMNS} FROM figure WHERE series_id = ?1 AND period = ?2
         ORDER BY revision"
    ))?;
    let mut rows = statement.query(params![id, key.period.index()])?;
    let mut revisions = Vec::new();
    while let Some(row) = rows.next()? {
        revisions.push(FigureRow::read(row, series.period_kind)?);
    }
    Times::new(connection)?.stored(revisions)
}

/// The series a query asks for, in order.
fn select(connection: &Connection, query: &Query) -> Outcome<Vec<SeriesRow>> {
    let mut selected = Vec::new();
    match &query.services {
        None => {
            let sql = format!("SELECT {SERIES_COLUMNS} FROM series");
            read_series(&mut connection.prepare_cached(&sql)?, [], &mut selected)?;
        }
        Some(services) => {
            let sql = format!("SELECT {SERIES_COLUMNS} FROM series WHERE service = ?");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut services: Vec<&str> = services.iter().map(kpi::ServiceId::as_str).collect();
            services.sort_unstable();
            services.dedup();
            for service in services {
                read_series(&mut statement, [service], &mut selected)?;
            }
        }
    }
    selected.retain(|series| {
        query.measures.as_ref().is_none_or(|measures| measures.contains(&series.key.measure))
            && query.period_kinds.as_ref().is_none_or(|kinds| kinds.contains(&series.key.period_kind))
    });
    selected.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(selected)
}

fn read_series(
    statement: &mut CachedStatement<'_>,
    parameters: impl rusqlite::Params,
    into: &mut Vec<SeriesRow>,
) -> Outcome<()> {
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        into.push(SeriesRow::read(row)?);
    }
    Ok(())
}

/// Whether a limit by newest days leaves a kind alone: of months and longer there are never many.
const fn is_read_whole(kind: PeriodKind) -> bool {
    !matches!(kind, PeriodKind::Hour | PeriodKind::Day | PeriodKind::Week)
}

/// The first and last period index that a query asks for in a series, given its newest.
fn periods(query: &Query, kind: PeriodKind, newest: i32) -> (i64, i64) {
    let (mut first, last) = dates(query, kind);
    if let Some(days) = query.newest_days.filter(|_| !is_read_whole(kind)) {
        let per_day = indexes_per_day(kind);
        first = first.max((i64::from(newest).div_euclid(per_day) - i64::from(days)) * per_day);
    }
    (first, last)
}

fn dates(query: &Query, kind: PeriodKind) -> (i64, i64) {
    let per_day = indexes_per_day(kind);
    let first = query.from.map_or(i64::MIN, |date| day(date).saturating_mul(per_day));
    let last = query.to.map_or(i64::MAX, |date| day(date).saturating_mul(per_day).saturating_sub(1));
    (first, last)
}

const fn indexes_per_day(kind: PeriodKind) -> i64 {
    if matches!(kind, PeriodKind::Hour) { HOURS_PER_DAY } else { 1 }
}

/// Days since 1970-01-01; beyond every period for a date outside the years periods may lie in.
fn day(date: Date) -> i64 {
    match Period::containing(PeriodKind::Day, date) {
        Ok(day) => day.index().into(),
        Err(_) if date.year() < kpi::period::FIRST_YEAR => i64::from(i32::MIN),
        Err(_) => i64::from(i32::MAX),
    }
}

struct PointReader<'a> {
    current: CachedStatement<'a>,
    superseded: CachedStatement<'a>,
    times: Times<'a>,
}

impl<'a> PointReader<'a> {
    fn new(connection: &'a Connection) -> Outcome<Self> {
        let scan = |table: &str| {
            connection.prepare_cached(&format!(
                "SELECT {FIGURE_COLUMNS} FROM {table} WHERE series_id = ? AND period BETWEEN ? AND ?"
            ))
        };
        Ok(Self { current: scan("figure")?, superseded: scan("superseded")?, times: Times::new(connection)? })
    }

    fn current(&mut self, series: &SeriesRow, (first, last): (i64, i64)) -> Outcome<Vec<FigureRow>> {
        scan(&mut self.current, series, first, last)
    }

    /// The newest revision of each figure among the submissions up to `newest`.
    fn known_at(&mut self, series: &SeriesRow, query: &Query, newest: i64) -> Outcome<Vec<FigureRow>> {
        // What counts as newest is itself a matter of what was known, so everything is read.
        let everything = (i64::MIN, i64::MAX);
        let kind = series.key.period_kind;
        let (first, last) = if query.newest_days.is_some() { everything } else { dates(query, kind) };
        let mut rows = self.current(series, (first, last))?;
        if rows.iter().any(|row| row.collection_id > newest) {
            let mut known: BTreeMap<Period, FigureRow> = BTreeMap::new();
            let superseded = scan(&mut self.superseded, series, first, last)?;
            // In order of revision within a period: a later one that was known replaces an earlier.
            for row in superseded.into_iter().chain(rows).filter(|row| row.collection_id <= newest) {
                known.insert(row.point.period, row);
            }
            rows = known.into_values().collect();
        }
        if let Some(newest) = rows.last() {
            let (first, last) = periods(query, kind, newest.point.period.index());
            rows.retain(|row| (first..=last).contains(&row.point.period.index().into()));
        }
        Ok(rows)
    }
}

fn scan(
    statement: &mut CachedStatement<'_>,
    series: &SeriesRow,
    first: i64,
    last: i64,
) -> Outcome<Vec<FigureRow>> {
    let mut rows = statement.query(params![series.id, first, last])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(FigureRow::read(row, series.key.period_kind)?);
    }
    Ok(found)
}

/// When each submission was collected, looked up once.
struct Times<'a> {
    find: CachedStatement<'a>,
    found: HashMap<i64, Timestamp>,
}

impl<'a> Times<'a> {
    fn new(connection: &'a Connection) -> Outcome<Self> {
        let find = connection.prepare_cached("SELECT collected_at FROM collection WHERE id = ?")?;
        Ok(Self { find, found: HashMap::new() })
    }

    fn stored(&mut self, rows: Vec<FigureRow>) -> Outcome<Vec<StoredPoint>> {
        let mut last: Option<(i64, Timestamp)> = None;
        let mut points = Vec::with_capacity(rows.len());
        for FigureRow { point, revision, collection_id } in rows {
            // Neighbours mostly come from one submission.
            let collected_at = match last {
                Some((id, collected_at)) if id == collection_id => collected_at,
                _ => self.of(collection_id)?,
            };
            last = Some((collection_id, collected_at));
            points.push(StoredPoint { point, revision, collected_at });
        }
        Ok(points)
    }

    fn of(&mut self, collection_id: i64) -> Outcome<Timestamp> {
        if let Some(collected_at) = self.found.get(&collection_id) {
            return Ok(*collected_at);
        }
        let collected_at = timestamp(self.find.query_row([collection_id], |row| row.get(0))?);
        self.found.insert(collection_id, collected_at);
        Ok(collected_at)
    }
}
