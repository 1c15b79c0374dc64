//! Which alerts are open and past, and what receivers have still to be told: kept in the state file.
//!
//! An alert's change and the deliveries that follow from it are one transaction. So whatever ends the
//! process, an alert is either not known yet, and will be found again, or known with everything that has
//! to be told of it.

mod deliveries;
mod record;

use jiff::Timestamp;
use kpi::service::ServiceDescription;
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Alert;
use crate::run::StateError;
use crate::state::remember::{nanoseconds, timestamp};
use crate::state::{StateDb, malformed};

pub use deliveries::{Delivery, DeliveryId, Settled};
pub use record::{Audience, Decision, Recorded};

/// Alerts and deliveries of one data directory. Clones share them.
#[derive(Debug, Clone)]
pub struct AlertBook {
    state: StateDb,
}

/// An alert as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The alert as it is now, or as it ended.
    pub alert: Alert,
    /// How often it has been raised.
    pub occasion: u32,
    /// Whether nobody is told of it, because a backfill brought it up.
    pub quiet: bool,
    /// The services it is about, as they were called.
    pub services: Vec<ServiceDescription>,
}

impl AlertBook {
    /// The alerts in a state file.
    pub fn new(state: StateDb) -> Self {
        Self { state }
    }

    /// Open alerts, the oldest first.
    pub async fn open(&self) -> Result<Vec<Kept>, StateError> {
        self.kept("WHERE resolved_at IS NULL ORDER BY raised_at, id", None).await
    }

    /// Alerts that ended at `since` or later, the oldest first.
    pub async fn ended_since(&self, since: Timestamp) -> Result<Vec<Kept>, StateError> {
        self.kept("WHERE resolved_at >= ? ORDER BY raised_at, id", Some(nanoseconds(since))).await
    }

    /// The newest alerts, open and past, at most so many, the newest first.
    pub async fn newest(&self, most: u32) -> Result<Vec<Kept>, StateError> {
        self.kept("ORDER BY raised_at DESC, id LIMIT ?", Some(most.into())).await
    }

    /// Whether figures have been judged since the file was begun.
    pub async fn has_evaluated(&self) -> Result<bool, StateError> {
        self.state
            .with(|connection| {
                connection.query_row("SELECT EXISTS (SELECT 1 FROM evaluation)", [], |row| row.get(0))
            })
            .await
    }

    async fn kept(&self, selection: &'static str, number: Option<i64>) -> Result<Vec<Kept>, StateError> {
        self.state
            .with(move |connection| {
                let select = format!("SELECT alert, occasion, quiet, services FROM alert {selection}");
                let mut statement = connection.prepare_cached(&select)?;
                let rows = statement.query_map(rusqlite::params_from_iter(number), |row| {
                    let (occasion, quiet) = (row.get(1)?, row.get(2)?);
                    Ok(Kept { alert: json(row, 0)?, occasion, quiet, services: json(row, 3)? })
                })?;
                rows.collect()
            })
            .await
    }
}

/// A column of JSON as what it was written from.
fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| malformed(column, error))
}

/// What is kept in a column of JSON.
fn text(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
