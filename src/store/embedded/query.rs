//! Reads figures.
//!
//! Every figure is reached through its series: one short range scan of the key for each series that
//! a query selects, whatever the size of the table.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use kpi::{CollectorName, FigureKey, Period, PeriodKind, ServiceId};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::fault::{Fault, Outcome};
use super::row::{FIGURE_COLUMNS, FigureRow, SERIES_COLUMNS, SeriesRow, timestamp};
use crate::store::{Query, Revision, Series, SeriesHistory, StoredPoint};

const HOURS_PER_DAY: i64 = 24;

pub(super) fn series(connection: &Connection, query: &Query) -> Outcome<Vec<Series>> {
    let mut reader = PointReader::new(connection)?;
    let mut selected = Vec::new();
    for series in select(connection, query)? {
        let rows = match query.known_at {
            None => reader.current(&series, periods(query, series.key.period_kind, series.newest_period))?,
            Some(instant) => reader.known_at(&series, query, instant)?,
        };
        if !rows.is_empty() {
            let points = reader.collections.stored(rows)?;
            selected.push(Series { key: series.key, collector: series.owner, points });
        }
    }
    Ok(selected)
}

pub(super) fn history(connection: &Connection, query: &Query) -> Outcome<Vec<SeriesHistory>> {
    let mut reader = PointReader::new(connection)?;
    let mut selected = Vec::new();
    for series in select(connection, query)? {
        let rows = reader.history(&series, query)?;
        if !rows.is_empty() {
            let revisions = reader.collections.revisions(rows)?;
            selected.push(SeriesHistory { key: series.key, owner: series.owner, revisions });
        }
    }
    Ok(selected)
}

/// Every revision of the figures of one series whose period lies between two indexes.
pub(super) fn history_between(
    connection: &Connection,
    series: &SeriesRow,
    span: (i64, i64),
) -> Outcome<Vec<Revision>> {
    let mut reader = PointReader::new(connection)?;
    let rows = reader.revisions(series, span)?;
    reader.collections.revisions(rows)
}

pub(super) fn latest(connection: &Connection) -> Outcome<Vec<Series>> {
    let mut collections = Collections::new(connection)?;
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
        let points = collections.stored(vec![figure])?;
        latest.push(Series { key: series.key, collector: series.owner, points });
    }
    latest.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(latest)
}

/// A series is made with its first figure, so its row says that there is one.
pub(super) fn services_with_figures(connection: &Connection) -> Outcome<BTreeSet<ServiceId>> {
    let mut statement = connection.prepare_cached("SELECT DISTINCT service FROM series")?;
    let mut rows = statement.query([])?;
    let mut services = BTreeSet::new();
    while let Some(row) = rows.next()? {
        services.insert(row.get::<_, String>(0)?.parse().map_err(Fault::unreadable)?);
    }
    Ok(services)
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
    Collections::new(connection)?.stored(revisions)
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
    collections: Collections<'a>,
}

impl<'a> PointReader<'a> {
    fn new(connection: &'a Connection) -> Outcome<Self> {
        let scan = |table: &str| {
            connection.prepare_cached(&format!(
                "SELECT {FIGURE_COLUMNS} FROM {table} WHERE series_id = ? AND period BETWEEN ? AND ?"
            ))
        };
        let collections = Collections::new(connection)?;
        Ok(Self { current: scan("figure")?, superseded: scan("superseded")?, collections })
    }

    fn current(&mut self, series: &SeriesRow, span: (i64, i64)) -> Outcome<Vec<FigureRow>> {
        scan(&mut self.current, series, span)
    }

    /// Every revision, in order of period and revision.
    fn revisions(&mut self, series: &SeriesRow, span: (i64, i64)) -> Outcome<Vec<FigureRow>> {
        let mut rows = scan(&mut self.superseded, series, span)?;
        rows.extend(self.current(series, span)?);
        rows.sort_by_key(|row| (row.point.period, row.revision));
        Ok(rows)
    }

    /// The newest revision of each figure that was known at an instant.
    fn known_at(&mut self, series: &SeriesRow, query: &Query, instant: Timestamp) -> Outcome<Vec<FigureRow>> {
        let span = span_to_read(series, query);
        let current = self.current(series, span)?;
        let count = current.len();
        let mut rows = self.collections.until(instant, current)?;
        if rows.len() < count {
            let revisions = self.revisions(series, span)?;
            rows = self.collections.until(instant, revisions)?;
            keep_last_of_each_period(&mut rows);
        }
        limit(&mut rows, series, query);
        Ok(rows)
    }

    /// Every revision of the figures a query selects.
    fn history(&mut self, series: &SeriesRow, query: &Query) -> Outcome<Vec<FigureRow>> {
        let mut rows = self.revisions(series, span_to_read(series, query))?;
        if let Some(instant) = query.known_at {
            rows = self.collections.until(instant, rows)?;
            limit(&mut rows, series, query);
        }
        Ok(rows)
    }
}

/// What counts as newest is itself a matter of what was known: then everything is read.
fn span_to_read(series: &SeriesRow, query: &Query) -> (i64, i64) {
    match query.known_at {
        Some(_) if query.newest_days.is_some() => (i64::MIN, i64::MAX),
        Some(_) => dates(query, series.key.period_kind),
        None => periods(query, series.key.period_kind, series.newest_period),
    }
}

/// Leaves what a query selects, counted from the newest of the rows.
fn limit(rows: &mut Vec<FigureRow>, series: &SeriesRow, query: &Query) {
    if let Some(newest) = rows.last() {
        let (first, last) = periods(query, series.key.period_kind, newest.point.period.index());
        rows.retain(|row| (first..=last).contains(&row.point.period.index().into()));
    }
}

fn keep_last_of_each_period(rows: &mut Vec<FigureRow>) {
    rows.reverse();
    rows.dedup_by_key(|row| row.point.period);
    rows.reverse();
}

fn scan(
    statement: &mut CachedStatement<'_>,
    series: &SeriesRow,
    (first, last): (i64, i64),
) -> Outcome<Vec<FigureRow>> {
    let mut rows = statement.query(params![series.id, first, last])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(FigureRow::read(row, series.key.period_kind)?);
    }
    Ok(found)
}

/// Who collected each submission and when, looked up once.
struct Collections<'a> {
    find: CachedStatement<'a>,
    found: HashMap<i64, (Timestamp, CollectorName)>,
}

impl<'a> Collections<'a> {
    fn new(connection: &'a Connection) -> Outcome<Self> {
        let find =
            connection.prepare_cached("SELECT collected_at, collector FROM collection WHERE id = ?")?;
        Ok(Self { find, found: HashMap::new() })
    }

    fn stored(&mut self, rows: Vec<FigureRow>) -> Outcome<Vec<StoredPoint>> {
        self.joined(rows, |row, (collected_at, _)| stored(&row, *collected_at))
    }

    fn revisions(&mut self, rows: Vec<FigureRow>) -> Outcome<Vec<Revision>> {
        self.joined(rows, |row, (collected_at, collector)| Revision {
            stored: stored(&row, *collected_at),
            collector: collector.clone(),
        })
    }

    /// The rows collected at an instant or before.
    fn until(&mut self, instant: Timestamp, rows: Vec<FigureRow>) -> Outcome<Vec<FigureRow>> {
        let known = self.joined(rows, |row, (collected_at, _)| (*collected_at <= instant).then_some(row))?;
        Ok(known.into_iter().flatten().collect())
    }

    fn joined<T>(
        &mut self,
        rows: Vec<FigureRow>,
        with: impl Fn(FigureRow, &(Timestamp, CollectorName)) -> T,
    ) -> Outcome<Vec<T>> {
        let mut joined = Vec::with_capacity(rows.len());
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let id = row.collection_id;
            let collection = self.of(id)?;
            joined.push(with(row, collection));
            // Neighbours mostly come from one submission.
            while let Some(row) = rows.next_if(|row| row.collection_id == id) {
                joined.push(with(row, collection));
            }
        }
        Ok(joined)
    }

    fn of(&mut self, id: i64) -> Outcome<&(Timestamp, CollectorName)> {
        use std::collections::hash_map::Entry;
        match self.found.entry(id) {
            Entry::Occupied(found) => Ok(found.into_mut()),
            Entry::Vacant(vacant) => {
                let (collected_at, collector): (i64, String) =
                    self.find.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let collector = collector.parse().map_err(Fault::unreadable)?;
                Ok(vacant.insert((timestamp(collected_at), collector)))
            }
        }
    }
}

fn stored(row: &FigureRow, collected_at: Timestamp) -> StoredPoint {
    StoredPoint { point: row.point, revision: row.revision, collected_at }
}
