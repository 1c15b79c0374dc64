//! Takes history in as another store kept it, in one transaction.

use std::collections::HashMap;

use jiff::Timestamp;
use kpi::{CollectorName, FigureKey};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::codec::{Coded, encode};
use super::describe;
use super::fault::{Fault, Outcome};
use super::identity::{self, Identified};
use super::outbox::{Changed, Outbox};
use super::query::history_between;
use super::row::{SeriesRow, nanoseconds};
use crate::store::history::{ends, named, of_each_figure};
use crate::store::{DatedDescription, Revision, SeriesHistory, lacking};

pub(super) fn restore(
    connection: &mut Connection,
    history: &[SeriesHistory],
    descriptions: &[DatedDescription],
) -> Outcome<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut restore = Restore {
        connection: &transaction,
        outbox: Outbox::of(&transaction)?,
        collections: HashMap::new(),
        restored: 0,
    };
    for series in history {
        restore.series(series)?;
    }
    for of_service in descriptions.chunk_by(|a, b| a.description.id == b.description.id) {
        restore.descriptions(of_service)?;
    }
    let restored = restore.restored;
    transaction.commit()?;
    Ok(restored)
}

struct Restore<'a> {
    connection: &'a Connection,
    outbox: Outbox<'a>,
    collections: HashMap<(CollectorName, Timestamp), i64>,
    restored: u64,
}

impl Restore<'_> {
    fn series(&mut self, series: &SeriesHistory) -> Outcome<()> {
        let (first, last) = ends(series).map_err(Fault::Refused)?;
        let (first, last) = (first.index(), last.index());
        let stored = self.identified(series, last)?;
        let row = SeriesRow {
            id: stored.id,
            key: series.key.clone(),
            owner: series.owner.clone(),
            newest_period: stored.newest_period,
        };
        // A new series has nothing at or before its newest period.
        let kept = if first <= stored.newest_period {
            history_between(self.connection, &row, (first.into(), last.into()))?
        } else {
            Vec::new()
        };
        let mut kept = of_each_figure(&kept).peekable();
        let (mut changed, mut newest) = (Changed::default(), Timestamp::MIN);
        for given in of_each_figure(&series.revisions) {
            let Some(period) = given.first().map(|revision| revision.stored.point.period) else { continue };
            let is_before = |kept: &&[Revision]| kept.first().is_some_and(|k| k.stored.point.period < period);
            while kept.next_if(is_before).is_some() {}
            let same = |kept: &&[Revision]| kept.first().is_some_and(|k| k.stored.point.period == period);
            let kept = kept.next_if(same).unwrap_or_default();
            let lacking = lacking(kept, given).map_err(|contradiction| {
                let key = FigureKey { series: series.key.clone(), period };
                Fault::Refused(format!("{}: {contradiction}", named(&key)))
            })?;
            self.figure(stored.id, !kept.is_empty(), lacking)?;
            if let Some(last) = lacking.last() {
                changed.add(period.index(), lacking.len() as u64);
                newest = newest.max(last.stored.collected_at);
            }
        }
        if let Some((span, revisions)) = changed.span() {
            self.outbox.series_changed(stored.id, span, revisions, newest)?;
            self.restored += revisions;
        }
        if last > stored.newest_period {
            identity::change_newest_period(self.connection, stored.id, last)?;
        }
        Ok(())
    }

    /// The row of the series, made or given to its owner where that is due.
    fn identified(&self, series: &SeriesHistory, newest_period: i32) -> Outcome<Identified> {
        let Some(stored) = identity::find(self.connection, &series.key)? else {
            let id = identity::insert(self.connection, &series.key, &series.owner, newest_period)?;
            return Ok(Identified { id, owner: series.owner.clone(), newest_period: i32::MIN });
        };
        if stored.owner != series.owner {
            identity::change_owner(self.connection, stored.id, &series.owner)?;
            let span = (stored.newest_period, stored.newest_period);
            let newest = series.revisions.iter().map(|revision| revision.stored.collected_at).max();
            self.outbox.series_changed(stored.id, span, 0, newest.unwrap_or_default())?;
        }
        Ok(stored)
    }

    /// Adds revisions to one figure: the last is current, those before it are superseded.
    fn figure(&mut self, id: i64, is_kept: bool, lacking: &[Revision]) -> Outcome<()> {
        let Some((current, superseded)) = lacking.split_last() else { return Ok(()) };
        let period = current.stored.point.period.index();
        if is_kept {
            self.connection
                .prepare_cached(
                    "INSERT INTO superseded (series_id, period, revision, mantissa, shape, collection_id)
                     SELECT series_id, period, revision, mantissa, shape, collection_id
                     FROM figure WHERE series_id = ? AND period = ?",
                )?
                .execute(params![id, period])?;
        }
        for (table, revision) in
            superseded.iter().map(|revision| ("superseded", revision)).chain([("figure", current)])
        {
            let Coded { mantissa, shape } =
                encode(revision.stored.point.value, revision.stored.point.quality);
            let collection_id = self.collection(&revision.collector, revision.stored.collected_at)?;
            self.connection
                .prepare_cached(&format!(
                    "INSERT OR REPLACE INTO {table} (series_id, period, revision, mantissa, shape, collection_id)
                     VALUES (?, ?, ?, ?, ?, ?)"
                ))?
                .execute(params![id, period, revision.stored.revision, mantissa, shape, collection_id])?;
        }
        Ok(())
    }

    /// The row for who collected and when: the one there is, so that revisions of one submission,
    /// which come service by service, share it again.
    fn collection(&mut self, collector: &CollectorName, collected_at: Timestamp) -> Outcome<i64> {
        let key = (collector.clone(), collected_at);
        if let Some(id) = self.collections.get(&key) {
            return Ok(*id);
        }
        let found = self
            .connection
            .prepare_cached("SELECT id FROM collection WHERE collected_at = ? AND collector = ?")?
            .query_row(params![nanoseconds(collected_at), collector.as_str()], |row| row.get(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => self.new_collection(collector, collected_at)?,
        };
        self.collections.insert(key, id);
        Ok(id)
    }

    fn new_collection(&self, collector: &CollectorName, collected_at: Timestamp) -> Outcome<i64> {
        self.connection
            .prepare_cached("INSERT INTO collection (collector, collected_at) VALUES (?, ?)")?
            .execute(params![collector.as_str(), nanoseconds(collected_at)])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Adds what one service lacks. Each has a collection of its own, so that those given at one
    /// instant keep their order.
    fn descriptions(&mut self, given: &[DatedDescription]) -> Outcome<()> {
        let Some(first) = given.first() else { return Ok(()) };
        let mut kept = describe::descriptions(self.connection, Some(&first.description.id))?;
        for dated in given {
            if let Some(index) = kept.iter().position(|kept| kept == dated) {
                kept.remove(index);
                continue;
            }
            let collection_id = self.new_collection(&dated.collector, dated.described_at)?;
            describe::insert(self.connection, &dated.collector, collection_id, &dated.description)?;
            self.outbox.service_described(&dated.description.id, dated.described_at)?;
        }
        Ok(())
    }
}
