//! The ledger of runs.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use kpi::CollectorName;
use rusqlite::{OptionalExtension, Row, params};

use super::{StateDb, StateError, malformed};

/// A run, numbered in the order they started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is none of the words it has to be one of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what} of a run")]
pub struct UnknownWord {
    what: &'static str,
    text: String,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal: $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// The word for it in the ledger, pages and metrics.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { what: $what, text: text.to_owned() }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What made a run start.
    Trigger, "trigger":
    /// Its time had come.
    Scheduled = "scheduled",
    /// Its time had passed while nothing ran.
    CatchUp = "catch_up",
    /// Recent periods are asked for again, for late data.
    LookBack = "look_back",
    /// A past stretch was asked for.
    Backfill = "backfill",
    /// A person asked.
    ByHand = "by_hand",
}

words! {
    /// How a run ended.
    Outcome, "outcome":
    /// Everything asked for was stored.
    Succeeded = "succeeded",
    /// Nothing was stored.
    Failed = "failed",
    /// The process ended before it did.
    Interrupted = "interrupted",
}

/// A run that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    /// Whose run it is.
    pub collector: CollectorName,
    /// What made it start.
    pub trigger: Trigger,
    /// What it asks for, in words.
    pub window: String,
    /// When it began.
    pub started_at: Timestamp,
}

/// What a run did to the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Figures not known before.
    pub new: u64,
    /// Figures that were the same already.
    pub unchanged: u64,
    /// Figures that differ from what was known.
    pub revised: u64,
}

/// A run that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// When it ended.
    pub finished_at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// The reason of a failure, one of a fixed set of words.
    pub reason: Option<String>,
    /// What it did to the store.
    pub counts: RunCounts,
    /// What a person should know.
    pub message: Option<String>,
}

/// A run as remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Which run.
    pub id: RunId,
    /// How it began.
    pub start: RunStart,
    /// How it ended; `None` while it runs.
    pub finish: Option<Finish>,
}

impl StateDb {
    /// Remembers that a run begins.
    pub async fn record_start(&self, start: RunStart) -> Result<RunId, StateError> {
        self.with(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO run (collector, trigger, window, started_at) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    start.collector.as_str(),
                    start.trigger.as_str(),
                    start.window,
                    nanoseconds(start.started_at)
                ])?;
            Ok(RunId(connection.last_insert_rowid()))
        })
        .await
    }

    /// Remembers how a run ended.
    pub async fn record_finish(&self, id: RunId, finish: Finish) -> Result<(), StateError> {
        self.with(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE run SET finished_at = ?, outcome = ?, reason = ?, message = ?, new_figures = ?,
                       unchanged_figures = ?, revised_figures = ? WHERE id = ?",
                )?
                .execute(params![
                    nanoseconds(finish.finished_at),
                    finish.outcome.as_str(),
                    finish.reason,
                    finish.message,
                    finish.counts.new.cast_signed(),
                    finish.counts.unchanged.cast_signed(),
                    finish.counts.revised.cast_signed(),
                    id.0
                ])?;
            Ok(())
        })
        .await
    }

    /// The newest runs of all collectors, newest first.
    pub async fn last_runs(&self, limit: u32) -> Result<Vec<RunRecord>, StateError> {
        self.with(move |connection| {
            let mut statement =
                connection.prepare_cached(&format!("{SELECT_RUN} ORDER BY id DESC LIMIT ?"))?;
            statement.query_map([limit], record)?.collect()
        })
        .await
    }

    /// The newest run of a collector.
    pub async fn last_run(&self, collector: &CollectorName) -> Result<Option<RunRecord>, StateError> {
        let collector = collector.clone();
        self.with(move |connection| {
            connection
                .prepare_cached(&format!("{SELECT_RUN} WHERE collector = ? ORDER BY id DESC LIMIT 1"))?
                .query_row([collector.as_str()], record)
                .optional()
        })
        .await
    }

    /// Forgets runs that began before an instant, so that the file stays small. Gives how many.
    pub async fn forget_runs_before(&self, instant: Timestamp) -> Result<u64, StateError> {
        self.with(move |connection| {
            let forgotten =
                connection.execute("DELETE FROM run WHERE started_at < ?", [nanoseconds(instant)])?;
            Ok(forgotten as u64)
        })
        .await
    }
}

const SELECT_RUN: &str = "SELECT id, collector, trigger, window, started_at, finished_at, outcome, reason,
    message, new_figures, unchanged_figures, revised_figures FROM run";

fn record(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let outcome: Option<String> = row.get(6)?;
    let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let finish = match outcome {
        None => None,
        Some(outcome) => Some(Finish {
            finished_at: timestamp(row.get(5)?),
            outcome: outcome.parse().map_err(|error| malformed(6, error))?,
            reason: row.get(7)?,
            message: row.get(8)?,
            counts: RunCounts { new: count(9)?, unchanged: count(10)?, revised: count(11)? },
        }),
    };
    Ok(RunRecord {
        id: RunId(row.get(0)?),
        start: RunStart {
            collector: row.get::<_, String>(1)?.parse().map_err(|error| malformed(1, error))?,
            trigger: row.get::<_, String>(2)?.parse().map_err(|error| malformed(2, error))?,
            window: row.get(3)?,
            started_at: timestamp(row.get(4)?),
        },
        finish,
    })
}

/// 64 bits hold the years 1677 to 2262, and no run is outside them.
pub(super) fn nanoseconds(instant: Timestamp) -> i64 {
    i64::try_from(instant.as_nanosecond()).unwrap_or(i64::MAX)
}

fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}
