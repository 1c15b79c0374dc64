//! Proves that what is stored is what this program writes.

use std::collections::HashMap;

use kpi::PeriodKind;
use rusqlite::{Connection, Row, params};

use super::describe;
use super::fault::{Fault, Outcome};
use super::row::{FIGURE_COLUMNS, FigureRow, SERIES_COLUMNS, SeriesRow};

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Current figures that were read.
    pub figures: u64,
    /// Superseded values that were read.
    pub superseded: u64,
    /// Everything that is wrong, in plain words; empty where all is well.
    pub problems: Vec<String>,
}

pub(super) fn verify(connection: &Connection) -> Outcome<Verification> {
    let mut found = Verification::default();
    integrity(connection, &mut found)?;
    // Damage of the file makes everything below it fail in turn.
    if found.problems.is_empty() {
        foreign_keys(connection, &mut found)?;
        descriptions(connection, &mut found)?;
        every_series(connection, &mut found)?;
    }
    Ok(found)
}

fn integrity(connection: &Connection, found: &mut Verification) -> Outcome<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check(1000)")?;
    let mut rows = statement.query([])?;
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let line: String = row.get(0)?;
                if line != "ok" {
                    found.problems.push(format!("integrity: {line}"));
                }
            }
            Ok(None) => return Ok(()),
            // Some damage ends the check itself.
            Err(error) => {
                found.problems.push(format!("integrity: {error}"));
                return Ok(());
            }
        }
    }
}

fn foreign_keys(connection: &Connection, found: &mut Verification) -> Outcome<()> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        found.problems.push(format!("a row of {table} names a row of {parent} that is not there"));
    }
    Ok(())
}

/// When each submission was collected.
fn times(connection: &Connection) -> Outcome<HashMap<i64, i64>> {
    let mut statement = connection.prepare("SELECT id, collected_at FROM collection")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn descriptions(connection: &Connection, found: &mut Verification) -> Outcome<()> {
    let mut statement = connection.prepare(
        "SELECT service, name, department, department_name, agency, agency_name FROM service_description",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        note(describe::read(row), "a service description", found)?;
    }
    Ok(())
}

fn every_series(connection: &Connection, found: &mut Verification) -> Outcome<()> {
    let mut statement = connection.prepare(&format!("SELECT {SERIES_COLUMNS} FROM series"))?;
    let times = times(connection)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if let Some(series) = note(SeriesRow::read(row), &format!("series {id}"), found)? {
            one_series(connection, &series, &times, found)?;
        }
    }
    Ok(())
}

fn one_series(
    connection: &Connection,
    series: &SeriesRow,
    times: &HashMap<i64, i64>,
    found: &mut Verification,
) -> Outcome<()> {
    let kind = series.key.period_kind;
    let read = |table: &str, order: &str, found: &mut Verification| -> Outcome<Vec<FigureRow>> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {FIGURE_COLUMNS} FROM {table} WHERE series_id = ? ORDER BY {order}"
        ))?;
        let mut rows = statement.query(params![series.id])?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            read.extend(figure(row, kind, series.id, found)?);
        }
        Ok(read)
    };
    let figures = read("figure", "period", found)?;
    let superseded = read("superseded", "period, revision", found)?;
    found.figures += figures.len() as u64;
    found.superseded += superseded.len() as u64;
    let newest = figures.last().map(|row| row.point.period.index());
    if newest != Some(series.newest_period) {
        found.problems.push(format!(
            "series {} says its newest period is {} and it is {newest:?}",
            series.id, series.newest_period
        ));
    }
    revisions(series.id, &figures, &superseded, times, found);
    Ok(())
}

/// Both in order of period: the superseded rows of a figure are 1, 2, 3 … and the figure is next.
fn revisions(
    id: i64,
    figures: &[FigureRow],
    superseded: &[FigureRow],
    times: &HashMap<i64, i64>,
    found: &mut Verification,
) {
    let mut older = superseded.iter().peekable();
    for figure in figures {
        let period = figure.point.period;
        while let Some(orphan) = older.next_if(|row| row.point.period < period) {
            found.problems.push(format!(
                "series {id} has a superseded value and no figure for {}",
                orphan.point.period
            ));
        }
        let (mut expected, mut before) = (1, i64::MIN);
        let own = std::iter::from_fn(|| older.next_if(|row| row.point.period == period));
        for row in own.chain([figure]) {
            if row.revision != expected {
                found.problems.push(format!(
                    "series {id} has revision {} of {period} where revision {expected} belongs",
                    row.revision
                ));
            }
            // One without a collection was named when references were checked.
            let collected_at = times.get(&row.collection_id).copied().unwrap_or(before);
            if collected_at < before {
                found.problems.push(format!(
                    "series {id} has revision {} of {period} that is earlier than the one before it",
                    row.revision
                ));
            }
            expected = row.revision + 1;
            before = collected_at;
        }
    }
    for orphan in older {
        found
            .problems
            .push(format!("series {id} has a superseded value and no figure for {}", orphan.point.period));
    }
}

fn figure(row: &Row<'_>, kind: PeriodKind, id: i64, found: &mut Verification) -> Outcome<Option<FigureRow>> {
    note(FigureRow::read(row, kind), &format!("series {id}"), found)
}

/// Turns a row that does not decode into a problem, and lets every other failure through.
fn note<T>(read: Outcome<T>, place: &str, found: &mut Verification) -> Outcome<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Fault::Unreadable(problem)) => {
            found.problems.push(format!("{place}: {problem}"));
            Ok(None)
        }
        Err(Fault::Sqlite(
            error @ (rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::FromSqlConversionFailure(..)),
        )) => {
            found.problems.push(format!("{place}: {error}"));
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}
