//! How far each collector has come.

use jiff::civil::Date;
use kpi::{CollectorName, Period, PeriodKind};
use rusqlite::{OptionalExtension, params};

use super::{StateDb, StateError, malformed};

/// A past stretch that is being read, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// First day asked for.
    pub from: Date,
    /// The day after the last one.
    pub to: Date,
    /// Everything before this day is stored.
    pub next: Date,
}

impl StateDb {
    /// The newest period of a kind up to which a collector's figures are stored without a hole.
    pub async fn cursor(
        &self,
        collector: &CollectorName,
        kind: PeriodKind,
    ) -> Result<Option<Period>, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            let index: Option<i32> = connection
                .prepare_cached("SELECT period FROM cursor WHERE collector = ? AND period_kind = ?")?
                .query_row([collector.as_str(), kind.as_str()], |row| row.get(0))
                .optional()?;
            index
                .map(|index| Period::from_index(kind, index).map_err(|error| malformed(0, error)))
                .transpose()
        })
        .await
    }

    /// Moves a collector's cursor. To be called once the store has acknowledged, never before.
    pub async fn set_cursor(&self, collector: &CollectorName, period: Period) -> Result<(), StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO cursor (collector, period_kind, period) VALUES (?, ?, ?)",
                )?
                .execute(params![collector.as_str(), period.kind().as_str(), period.index()])
                .map(drop)
        })
        .await
    }

    /// What a collector wrote down for its next run.
    pub async fn bookmark(&self, collector: &CollectorName) -> Result<Option<String>, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT text FROM bookmark WHERE collector = ?")?
                .query_row([collector.as_str()], |row| row.get(0))
                .optional()
        })
        .await
    }

    /// Writes down for a collector what its next run is given.
    pub async fn set_bookmark(
        &self,
        collector: &CollectorName,
        text: impl Into<String>,
    ) -> Result<(), StateError> {
        let (collector, text) = (collector.clone(), text.into());
        self.with(move |connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO bookmark (collector, text) VALUES (?, ?)")?
                .execute(params![collector.as_str(), text])
                .map(drop)
        })
        .await
    }

    /// The backfill of a collector, where one is under way.
    pub async fn backfill(&self, collector: &CollectorName) -> Result<Option<Backfill>, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT from_day, to_day, next_day FROM backfill WHERE collector = ?")?
                .query_row([collector.as_str()], |row| {
                    let day = |column| {
                        let text: String = row.get(column)?;
                        text.parse::<Date>().map_err(|error| malformed(column, error))
                    };
                    Ok(Backfill { from: day(0)?, to: day(1)?, next: day(2)? })
                })
                .optional()
        })
        .await
    }

    /// Begins a backfill of a collector, or moves it on.
    pub async fn set_backfill(
        &self,
        collector: &CollectorName,
        backfill: Backfill,
    ) -> Result<(), StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO backfill (collector, from_day, to_day, next_day) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    collector.as_str(),
                    backfill.from.to_string(),
                    backfill.to.to_string(),
                    backfill.next.to_string()
                ])
                .map(drop)
        })
        .await
    }

    /// Ends the backfill of a collector.
    pub async fn clear_backfill(&self, collector: &CollectorName) -> Result<(), StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached("DELETE FROM backfill WHERE collector = ?")?
                .execute([collector.as_str()])
                .map(drop)
        })
        .await
    }
}
