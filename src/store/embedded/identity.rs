//! The row of a series: what identifies it, who feeds it, its newest period.

use kpi::{CollectorName, SeriesKey};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::{Fault, Outcome};

/// A series that is stored.
#[derive(Debug)]
pub(super) struct Identified {
    pub(super) id: i64,
    pub(super) owner: CollectorName,
    pub(super) newest_period: i32,
}

pub(super) fn find(connection: &Connection, key: &SeriesKey) -> Outcome<Option<Identified>> {
    let SeriesKey { service, measure, channel, coverage, period_kind } = key;
    let found: Option<(i64, String, i32)> = connection
        .prepare_cached(
            "SELECT id, owner, newest_period FROM series
             WHERE service = ? AND measure = ? AND channel = ? AND coverage = ? AND period_kind = ?",
        )?
        .query_row(
            params![
                service.as_str(),
                measure.as_str(),
                channel.as_str(),
                coverage.as_str(),
                period_kind.as_str()
            ],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((id, owner, newest_period)) = found else { return Ok(None) };
    let owner = owner.parse().map_err(Fault::unreadable)?;
    Ok(Some(Identified { id, owner, newest_period }))
}

/// Makes the row and gives its id.
pub(super) fn insert(
    connection: &Connection,
    key: &SeriesKey,
    owner: &CollectorName,
    newest_period: i32,
) -> Outcome<i64> {
    let SeriesKey { service, measure, channel, coverage, period_kind } = key;
    connection
        .prepare_cached(
            "INSERT INTO series (service, measure, channel, coverage, period_kind, owner, newest_period)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            service.as_str(),
            measure.as_str(),
            channel.as_str(),
            coverage.as_str(),
            period_kind.as_str(),
            owner.as_str(),
            newest_period
        ])?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn change_owner(connection: &Connection, id: i64, owner: &CollectorName) -> Outcome<()> {
    connection
        .prepare_cached("UPDATE series SET owner = ? WHERE id = ?")?
        .execute(params![owner.as_str(), id])?;
    Ok(())
}

pub(super) fn change_newest_period(connection: &Connection, id: i64, newest_period: i32) -> Outcome<()> {
    connection
        .prepare_cached("UPDATE series SET newest_period = ? WHERE id = ?")?
        .execute(params![newest_period, id])?;
    Ok(())
}
