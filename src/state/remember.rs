//! What runs remember, by [`RunState`].

use async_trait::async_trait;
use collectors::{Bookmark, PeriodSpan, Reason};
use jiff::Timestamp;
use kpi::{CollectorName, Period, PeriodKind};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{StateDb, malformed};
use crate::plan::Backfill;
use crate::run::{Outcome, RunId, RunReport, RunState, StateError, Trigger};

/// Word in the ledger for a run that the end of the process cut off.
pub(super) const INTERRUPTED: &str = "interrupted";

#[async_trait]
impl RunState for StateDb {
    async fn start(
        &self,
        collector: &CollectorName,
        trigger: Trigger,
        at: Timestamp,
    ) -> Result<RunId, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached("INSERT INTO run (collector, trigger, started_at) VALUES (?, ?, ?)")?
                .execute(params![collector.as_str(), trigger.as_str(), nanoseconds(at)])?;
            Ok(RunId(connection.last_insert_rowid()))
        })
        .await
    }

    async fn finish(&self, run: RunId, report: &RunReport) -> Result<(), StateError> {
        let report = report.clone();
        self.with(move |connection| {
            let counts = report.counts();
            let (reason, message) = match &report.outcome {
                Outcome::Stored(_) | Outcome::Unchanged => (None, None),
                Outcome::Postponed(postponement) => {
                    (Some(Reason::Quota), Some(postponement.message.as_str()))
                }
                Outcome::Failed(failure) => (Some(failure.reason), Some(failure.message.as_str())),
            };
            connection
                .prepare_cached(
                    "UPDATE run SET finished_at = ?, outcome = ?, reason = ?, message = ?, windows = ?,
                       new_figures = ?, unchanged_figures = ?, revised_figures = ? WHERE id = ?",
                )?
                .execute(params![
                    nanoseconds(report.finished),
                    report.outcome.as_str(),
                    reason.map(Reason::as_str),
                    message,
                    i64::try_from(report.windows.len()).unwrap_or(i64::MAX),
                    counts.new.cast_signed(),
                    counts.unchanged.cast_signed(),
                    counts.revised.cast_signed(),
                    run.0
                ])
                .map(drop)
        })
        .await
    }

    async fn last_success(&self, collector: &CollectorName) -> Result<Option<Timestamp>, StateError> {
        self.last(
            collector,
            "SELECT started_at FROM run WHERE collector = ? AND outcome IN ('stored', 'unchanged')
               AND trigger != 'backfill'
             ORDER BY id DESC LIMIT 1",
        )
        .await
    }

    async fn last_finished(&self, collector: &CollectorName) -> Result<Option<Timestamp>, StateError> {
        self.last(
            collector,
            "SELECT finished_at FROM run WHERE collector = ? AND outcome IN ('stored', 'unchanged', 'postponed', 'failed')
             ORDER BY id DESC LIMIT 1",
        )
        .await
    }

    async fn cursor(&self, collector: &CollectorName) -> Result<Option<Period>, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT period_kind, period FROM cursor WHERE collector = ?")?
                .query_row([collector.as_str()], |row| period(row, 1))
                .optional()
        })
        .await
    }

    async fn set_cursor(&self, collector: &CollectorName, cursor: Period) -> Result<(), StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO cursor (collector, period_kind, period) VALUES (?, ?, ?)",
                )?
                .execute(params![collector.as_str(), cursor.kind().as_str(), cursor.index()])
                .map(drop)
        })
        .await
    }

    async fn bookmark(&self, collector: &CollectorName) -> Result<Option<Bookmark>, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT text FROM bookmark WHERE collector = ?")?
                .query_row([collector.as_str()], |row| Ok(Bookmark(row.get(0)?)))
                .optional()
        })
        .await
    }

    async fn set_bookmark(
        &self,
        collector: &CollectorName,
        bookmark: Option<&Bookmark>,
    ) -> Result<(), StateError> {
        let (collector, bookmark) = (collector.clone(), bookmark.cloned());
        self.with(move |connection| match bookmark {
            None => forget(connection, "DELETE FROM bookmark WHERE collector = ?", &collector),
            Some(Bookmark(text)) => connection
                .prepare_cached("INSERT OR REPLACE INTO bookmark (collector, text) VALUES (?, ?)")?
                .execute(params![collector.as_str(), text])
                .map(drop),
        })
        .await
    }

    async fn backfill(&self, collector: &CollectorName) -> Result<Option<Backfill>, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT period_kind, first, last, next FROM backfill WHERE collector = ?")?
                .query_row([collector.as_str()], |row| {
                    let span = PeriodSpan { first: period(row, 1)?, last: period(row, 2)? };
                    Ok(Backfill { span, next: period(row, 3)? })
                })
                .optional()
        })
        .await
    }

    async fn set_backfill(
        &self,
        collector: &CollectorName,
        backfill: Option<&Backfill>,
    ) -> Result<(), StateError> {
        let (collector, backfill) = (collector.clone(), backfill.copied());
        self.with(move |connection| match backfill {
            None => forget(connection, "DELETE FROM backfill WHERE collector = ?", &collector),
            Some(Backfill { span, next }) => connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO backfill (collector, period_kind, first, last, next) VALUES (?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    collector.as_str(),
                    next.kind().as_str(),
                    span.first.index(),
                    span.last.index(),
                    next.index()
                ])
                .map(drop),
        })
        .await
    }
}

impl StateDb {
    async fn last(
        &self,
        collector: &CollectorName,
        select: &'static str,
    ) -> Result<Option<Timestamp>, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached(select)?
                .query_row([collector.as_str()], |row| row.get(0).map(timestamp))
                .optional()
        })
        .await
    }
}

fn forget(connection: &Connection, delete: &str, collector: &CollectorName) -> rusqlite::Result<()> {
    connection.prepare_cached(delete)?.execute([collector.as_str()]).map(drop)
}

/// The period whose kind is in the first column and whose index is in this one.
fn period(row: &Row<'_>, column: usize) -> rusqlite::Result<Period> {
    let kind: PeriodKind = row.get::<_, String>(0)?.parse().map_err(|error| malformed(0, error))?;
    Period::from_index(kind, row.get(column)?).map_err(|error| malformed(column, error))
}

/// 64 bits hold the years 1677 to 2262, and no run is outside them.
pub(crate) fn nanoseconds(instant: Timestamp) -> i64 {
    i64::try_from(instant.as_nanosecond()).unwrap_or(i64::MAX)
}

pub(crate) fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}
