//! What a mirror has not acknowledged yet: written down with each change, read in pages, and taken out
//! once acknowledged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kpi::ServiceId;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::describe;
use super::fault::{Fault, Outcome};
use super::query::history_between;
use super::row::{SERIES_COLUMNS, SeriesRow, nanoseconds, timestamp};
use crate::store::{DatedDescription, SeriesHistory};

/// A part of what is to be sent, that is sent and acknowledged as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// What [`acknowledge`](super::EmbeddedStore::acknowledge) takes.
    pub positions: Vec<i64>,
    /// The figures that changed, with all of their revisions.
    pub history: Option<SeriesHistory>,
    /// The descriptions of a service that was described anew.
    pub descriptions: Vec<DatedDescription>,
}

/// How much waits for a mirror.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Revisions that are still to be acknowledged.
    pub revisions: u64,
    /// When the oldest change among them was made.
    pub oldest: Option<Timestamp>,
    /// Revisions that the mirror refused.
    pub refused: u64,
}

/// The periods of a series in which figures changed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Changed {
    span: Option<(i32, i32)>,
    revisions: u64,
}

impl Changed {
    /// A figure has so many new revisions; figures come in order of period.
    pub(super) fn add(&mut self, period: i32, revisions: u64) {
        self.span = Some((self.span.map_or(period, |(first, _)| first), period));
        self.revisions += revisions;
    }

    /// The first and last period, and how many revisions are new; `None` where nothing changed.
    pub(super) fn span(&self) -> Option<((i32, i32), u64)> {
        self.span.map(|span| (span, self.revisions))
    }
}

/// Writes changes down where there is a mirror.
pub(super) struct Outbox<'a> {
    connection: &'a Connection,
    is_mirrored: bool,
}

impl<'a> Outbox<'a> {
    pub(super) fn of(connection: &'a Connection) -> Outcome<Self> {
        Ok(Self { connection, is_mirrored: target(connection)?.is_some() })
    }

    /// Figures of a series changed, or who feeds it; the span holds every period of theirs.
    pub(super) fn series_changed(
        &self,
        series_id: i64,
        (first, last): (i32, i32),
        revisions: u64,
        changed_at: Timestamp,
    ) -> Outcome<()> {
        if self.is_mirrored {
            self.connection
                .prepare_cached(
                    "INSERT INTO unsent (series_id, first_period, last_period, revisions, changed_at)
                     VALUES (?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    series_id,
                    first,
                    last,
                    i64::try_from(revisions).unwrap_or(i64::MAX),
                    nanoseconds(changed_at)
                ])?;
        }
        Ok(())
    }

    /// A service was described anew.
    pub(super) fn service_described(&self, service: &ServiceId, changed_at: Timestamp) -> Outcome<()> {
        if self.is_mirrored {
            self.connection
                .prepare_cached("INSERT INTO unsent (service, revisions, changed_at) VALUES (?, 0, ?)")?
                .execute(params![service.as_str(), nanoseconds(changed_at)])?;
        }
        Ok(())
    }
}

fn target(connection: &Connection) -> Outcome<Option<String>> {
    let mut find = connection.prepare_cached("SELECT target FROM mirror")?;
    Ok(find.query_row([], |row| row.get(0)).optional()?)
}

/// Goes on with a mirror, or begins one with everything that is stored.
pub(super) fn begin(connection: &mut Connection, wanted: &str, now: Timestamp) -> Outcome<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if target(&transaction)?.as_deref() == Some(wanted) {
        // Somebody may have put right what was wrong with them.
        transaction.execute("UPDATE unsent SET refused = 0 WHERE refused = 1", [])?;
    } else {
        transaction.execute("DELETE FROM unsent", [])?;
        transaction.execute("INSERT OR REPLACE INTO mirror (id, target) VALUES (1, ?)", [wanted])?;
        transaction.execute(
            "INSERT INTO unsent (service, revisions, changed_at)
             SELECT DISTINCT service, 0, ? FROM service_description ORDER BY service",
            [nanoseconds(now)],
        )?;
        transaction.execute(
            "INSERT INTO unsent (series_id, first_period, last_period, revisions, changed_at)
             SELECT id, (SELECT min(period) FROM figure WHERE series_id = id), newest_period,
               (SELECT count(*) FROM figure WHERE series_id = id)
                 + (SELECT count(*) FROM superseded WHERE series_id = id), ?
             FROM series ORDER BY service, id",
            [nanoseconds(now)],
        )?;
    }
    Ok(transaction.commit()?)
}

/// Forgets the mirror there was.
pub(super) fn end(connection: &mut Connection) -> Outcome<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if target(&transaction)?.is_some() {
        transaction.execute_batch("DELETE FROM unsent; DELETE FROM mirror;")?;
    }
    Ok(transaction.commit()?)
}

/// The oldest changes, up to about so many revisions, in order of when the first of each came.
pub(super) fn page(connection: &Connection, most_revisions: u64) -> Outcome<Vec<Unsent>> {
    let mut statement = connection.prepare_cached(
        "SELECT position, series_id, first_period, last_period, service, revisions FROM unsent
         WHERE refused = 0 ORDER BY position",
    )?;
    let mut rows = statement.query([])?;
    let (mut series, mut services) = (BTreeMap::new(), BTreeMap::new());
    let mut revisions = 0_u64;
    while let Some(row) = rows.next()?.filter(|_| revisions < most_revisions) {
        let position: i64 = row.get(0)?;
        if let Some(id) = row.get::<_, Option<i64>>(1)? {
            let change = series.entry(id).or_insert_with(Changes::default);
            change.positions.push(position);
            change.spans.push((row.get(2)?, row.get(3)?));
        } else {
            let service: String = row.get(4)?;
            services.entry(service).or_insert_with(Vec::new).push(position);
        }
        // A description has no revision and still takes its place.
        revisions += row.get::<_, i64>(5)?.unsigned_abs().max(1);
    }
    let mut page = Vec::with_capacity(series.len() + services.len());
    for (service, positions) in services {
        let service = service.parse().map_err(Fault::unreadable)?;
        let descriptions = describe::descriptions(connection, Some(&service))?;
        page.push(Unsent { positions, history: None, descriptions });
    }
    for (id, changes) in series {
        page.push(changes.read(connection, id)?);
    }
    page.sort_by_key(|unsent| unsent.positions.first().copied());
    Ok(page)
}

#[derive(Default)]
struct Changes {
    positions: Vec<i64>,
    spans: Vec<(i64, i64)>,
}

impl Changes {
    fn read(mut self, connection: &Connection, series_id: i64) -> Outcome<Unsent> {
        let series = connection
            .prepare_cached(&format!("SELECT {SERIES_COLUMNS} FROM series WHERE id = ?"))?
            .query_row([series_id], |row| Ok(SeriesRow::read(row)))??;
        self.spans.sort_unstable();
        let mut revisions = Vec::new();
        let mut read_to = i64::MIN;
        for (first, last) in self.spans {
            let first = first.max(read_to);
            if first <= last {
                revisions.extend(history_between(connection, &series, (first, last))?);
                read_to = last + 1;
            }
        }
        let history = SeriesHistory { key: series.key, owner: series.owner, revisions };
        Ok(Unsent { positions: self.positions, history: Some(history), descriptions: Vec::new() })
    }
}

/// Takes out what a mirror has acknowledged.
pub(super) fn acknowledge(connection: &mut Connection, positions: &[i64]) -> Outcome<()> {
    each(connection, "DELETE FROM unsent WHERE position = ?", positions)
}

/// Leaves aside what a mirror refused, until the next start.
pub(super) fn set_aside(connection: &mut Connection, positions: &[i64]) -> Outcome<()> {
    each(connection, "UPDATE unsent SET refused = 1 WHERE position = ?", positions)
}

fn each(connection: &mut Connection, sql: &str, positions: &[i64]) -> Outcome<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction.prepare_cached(sql)?;
        for position in positions {
            statement.execute([position])?;
        }
    }
    Ok(transaction.commit()?)
}

pub(super) fn backlog(connection: &Connection) -> Outcome<Backlog> {
    let (revisions, oldest, refused): (i64, Option<i64>, i64) = connection
        .prepare_cached(
            "SELECT coalesce(sum(revisions) FILTER (WHERE refused = 0), 0),
               min(changed_at) FILTER (WHERE refused = 0),
               coalesce(sum(revisions) FILTER (WHERE refused = 1), 0)
             FROM unsent",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(Backlog {
        revisions: revisions.unsigned_abs(),
        oldest: oldest.map(timestamp),
        refused: refused.unsigned_abs(),
    })
}
