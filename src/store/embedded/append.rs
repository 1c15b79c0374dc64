//! Takes a submission in, in one transaction.
//!
//! A series costs one look-up and one range scan; its points are then merged with what is stored in
//! memory, and only what differs is written, in order of the key.

use std::collections::BTreeMap;

use kpi::{FigureKey, Point, SeriesFigures, SeriesKey, ServiceId};
use rusqlite::{CachedStatement, Connection, TransactionBehavior, params};

use super::codec::{Coded, encode};
use super::describe;
use super::fault::{Fault, Outcome};
use super::identity::{self, Identified};
use super::outbox::{Changed, Outbox};
use super::row::{FIGURE_COLUMNS, FigureRow, nanoseconds, timestamp};
use crate::store::order::in_order;
use crate::store::{Accepted, ForeignSeries, Provenance, Revised, Submission, revised};

pub(super) fn append(connection: &mut Connection, submission: &Submission) -> Outcome<Accepted> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut append = Append::new(&transaction, &submission.provenance)?;
    for series in &submission.series {
        append.series(series)?;
    }
    // Of a service described twice in one submission the last counts, so that sending it again
    // compares the same description with the stored one.
    let descriptions: BTreeMap<&ServiceId, _> =
        submission.services.iter().map(|service| (&service.id, service)).collect();
    for description in descriptions.into_values() {
        let provenance = &submission.provenance;
        if describe::changed(&transaction, &provenance.collector, description)? {
            let collection_id = append.collection()?;
            describe::insert(&transaction, &provenance.collector, collection_id, description)?;
            append.outbox.service_described(&description.id, provenance.collected_at)?;
            append.accepted.changed_services.insert(description.id.clone());
        }
    }
    let accepted = append.finish();
    // Where nothing differs nothing was written, and committing costs nothing.
    transaction.commit()?;
    Ok(accepted)
}

struct Append<'a> {
    connection: &'a Connection,
    outbox: Outbox<'a>,
    provenance: &'a Provenance,
    /// Made when the first thing differs: a submission that changes nothing leaves no trace.
    collection_id: Option<i64>,
    accepted: Accepted,
    stored: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    supersede: CachedStatement<'a>,
    update: CachedStatement<'a>,
    known: Vec<FigureRow>,
}

impl<'a> Append<'a> {
    fn new(connection: &'a Connection, provenance: &'a Provenance) -> Outcome<Self> {
        let prepare = |sql: &str| connection.prepare_cached(sql);
        Ok(Self {
            connection,
            outbox: Outbox::of(connection)?,
            provenance,
            collection_id: None,
            accepted: Accepted::default(),
            stored: prepare(&format!(
                "SELECT {FIGURE_COLUMNS} FROM figure WHERE series_id = ? AND period BETWEEN ? AND ?"
            ))?,
            insert: prepare(
                "INSERT INTO figure (series_id, period, mantissa, shape, revision, collection_id)
                 VALUES (?, ?, ?, ?, 1, ?)",
            )?,
            supersede: prepare(
                "INSERT INTO superseded (series_id, period, revision, mantissa, shape, collection_id)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?,
            update: prepare(
                "UPDATE figure SET mantissa = ?, shape = ?, revision = ?, collection_id = ?
                 WHERE series_id = ? AND period = ?",
            )?,
            known: Vec::new(),
        })
    }

    fn series(&mut self, series: &SeriesFigures) -> Outcome<()> {
        let points = in_order(&series.key, &series.points).map_err(Fault::Refused)?;
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
        let Some(stored) = self.own_series(&series.key, last.period.index())? else { return Ok(()) };
        let mut known = std::mem::take(&mut self.known);
        known.clear();
        if first.period.index() <= stored.newest_period {
            let range = params![stored.id, first.period.index(), last.period.index()];
            let mut rows = self.stored.query(range)?;
            while let Some(row) = rows.next()? {
                known.push(FigureRow::read(row, series.key.period_kind)?);
            }
        }
        let changed = self.merge(&series.key, stored.id, &points, &known)?;
        self.known = known;
        if let Some((span, revisions)) = changed.span() {
            self.outbox.series_changed(stored.id, span, revisions, self.provenance.collected_at)?;
        }
        if changed.span().is_some() && !self.accepted.changed_services.contains(&series.key.service) {
            self.accepted.changed_services.insert(series.key.service.clone());
        }
        if last.period.index() > stored.newest_period {
            identity::change_newest_period(self.connection, stored.id, last.period.index())?;
        }
        Ok(())
    }

    /// Writes what differs and says what did; both sides are in order of period.
    fn merge(&mut self, key: &SeriesKey, id: i64, points: &[Point], known: &[FigureRow]) -> Outcome<Changed> {
        let mut known = known.iter().peekable();
        let mut changed = Changed::default();
        for point in points {
            while known.next_if(|row| row.point.period < point.period).is_some() {}
            let Some(stored) = known.next_if(|row| row.point.period == point.period) else {
                let Coded { mantissa, shape } = encode(point.value, point.quality);
                let collection_id = self.collection()?;
                self.insert.execute(params![id, point.period.index(), mantissa, shape, collection_id])?;
                self.accepted.new += 1;
                changed.add(point.period.index(), 1);
                continue;
            };
            let Some(next) = revised(&stored.point, point) else {
                self.accepted.unchanged += 1;
                continue;
            };
            let Coded { mantissa, shape } = encode(next.value, next.quality);
            let collection_id = self.collection()?;
            let old = encode(stored.point.value, stored.point.quality);
            self.supersede.execute(params![
                id,
                next.period.index(),
                stored.revision,
                old.mantissa,
                old.shape,
                stored.collection_id
            ])?;
            self.update.execute(params![
                mantissa,
                shape,
                stored.revision + 1,
                collection_id,
                id,
                next.period.index()
            ])?;
            self.accepted.revised.push(Revised {
                key: FigureKey { series: key.clone(), period: next.period },
                from: stored.point.value,
                to: next.value,
            });
            changed.add(next.period.index(), 1);
        }
        Ok(changed)
    }

    /// The stored series if this collector feeds it, made or taken over where that is due.
    fn own_series(&mut self, key: &SeriesKey, newest_period: i32) -> Outcome<Option<Identified>> {
        let collector = &self.provenance.collector;
        let Some(stored) = identity::find(self.connection, key)? else {
            let id = identity::insert(self.connection, key, collector, newest_period)?;
            // Below every point of it, so that nothing is looked for.
            let newest_period = i32::MIN;
            return Ok(Some(Identified { id, owner: collector.clone(), newest_period }));
        };
        if stored.owner == *collector {
            return Ok(Some(stored));
        }
        if self.provenance.adopts.contains(&stored.owner) {
            identity::change_owner(self.connection, stored.id, collector)?;
            let span = (stored.newest_period, stored.newest_period);
            self.outbox.series_changed(stored.id, span, 0, self.provenance.collected_at)?;
            return Ok(Some(stored));
        }
        self.accepted.foreign.push(ForeignSeries { key: key.clone(), owner: stored.owner });
        Ok(None)
    }

    /// The row that says who collected and when; time never goes back in it.
    fn collection(&mut self) -> Outcome<i64> {
        if let Some(id) = self.collection_id {
            return Ok(id);
        }
        let newest: Option<i64> =
            self.connection.query_row("SELECT max(collected_at) FROM collection", [], |row| row.get(0))?;
        let given = self.provenance.collected_at;
        let collected_at = newest.map_or(given, |newest| given.max(timestamp(newest)));
        self.connection.execute(
            "INSERT INTO collection (collector, collected_at) VALUES (?, ?)",
            params![self.provenance.collector.as_str(), nanoseconds(collected_at)],
        )?;
        let id = self.connection.last_insert_rowid();
        self.collection_id = Some(id);
        Ok(id)
    }

    fn finish(self) -> Accepted {
        self.accepted
    }
}
