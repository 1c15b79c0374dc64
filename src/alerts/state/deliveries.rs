//! Deliveries that wait, and what becomes of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kpi::ReceiverName;
use rusqlite::params;

use super::{AlertBook, json, nanoseconds, timestamp};
use crate::alerts::Notice;
use crate::run::StateError;

/// A delivery in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(i64);

/// What one receiver has still to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its row.
    pub id: DeliveryId,
    /// What is told.
    pub notice: Notice,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// Attempts begun; one of them may have arrived although nothing says so.
    pub attempts: u32,
    /// Not to be tried again before.
    pub not_before: Option<Timestamp>,
}

/// How a delivery came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settled {
    /// The receiver has it.
    Sent,
    /// The receiver is not configured any more.
    Withdrawn,
    /// It was tried for as long as is allowed.
    Abandoned,
}

impl Settled {
    /// The word for it in the file.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Withdrawn => "withdrawn",
            Self::Abandoned => "abandoned",
        }
    }
}

impl AlertBook {
    /// What a receiver has still to be told, in the order it was decided.
    pub async fn waiting(&self, receiver: &ReceiverName) -> Result<Vec<Delivery>, StateError> {
        let receiver = receiver.clone();
        self.state
            .with(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT id, notice, created_at, attempts, not_before FROM delivery
                     WHERE receiver = ? AND outcome IS NULL ORDER BY id",
                )?;
                let rows = statement.query_map([receiver.as_str()], |row| {
                    Ok(Delivery {
                        id: DeliveryId(row.get(0)?),
                        notice: json(row, 1)?,
                        created_at: timestamp(row.get(2)?),
                        attempts: row.get(3)?,
                        not_before: row.get::<_, Option<i64>>(4)?.map(timestamp),
                    })
                })?;
                rows.collect()
            })
            .await
    }

    /// Counts an attempt before it is made, so that one cut off by the end of the process is known of.
    pub async fn attempt_begins(&self, delivery: DeliveryId) -> Result<(), StateError> {
        self.update("UPDATE delivery SET attempts = attempts + 1 WHERE id = ?1", delivery, None, None).await
    }

    /// Notes why an attempt failed and when the next may be made.
    pub async fn attempt_failed(
        &self,
        delivery: DeliveryId,
        problem: &str,
        not_before: Timestamp,
    ) -> Result<(), StateError> {
        let update = "UPDATE delivery SET not_before = ?2, problem = ?3 WHERE id = ?1";
        self.update(update, delivery, Some(not_before), Some(problem.to_owned())).await
    }

    /// Ends a delivery.
    pub async fn settle(
        &self,
        delivery: DeliveryId,
        settled: Settled,
        at: Timestamp,
    ) -> Result<(), StateError> {
        let update = "UPDATE delivery SET settled_at = ?2, outcome = ?3 WHERE id = ?1 AND outcome IS NULL";
        self.update(update, delivery, Some(at), Some(settled.as_str().to_owned())).await
    }

    /// Ends what waits for receivers that are not among these, and gives how many that were.
    pub async fn withdraw_others(
        &self,
        receivers: &BTreeSet<ReceiverName>,
        at: Timestamp,
    ) -> Result<usize, StateError> {
        let receivers = receivers.clone();
        self.state
            .with(move |connection| {
                let transaction = connection.transaction()?;
                let waiting: Vec<String> = transaction
                    .prepare_cached("SELECT DISTINCT receiver FROM delivery WHERE outcome IS NULL")?
                    .query_map([], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                let mut withdrawn = 0;
                for gone in waiting.iter().filter(|name| !receivers.iter().any(|kept| kept.as_str() == *name))
                {
                    withdrawn += transaction
                        .prepare_cached(
                            "UPDATE delivery SET outcome = ?, settled_at = ?
                             WHERE receiver = ? AND outcome IS NULL",
                        )?
                        .execute(params![Settled::Withdrawn.as_str(), nanoseconds(at), gone])?;
                }
                transaction.commit()?;
                Ok(withdrawn)
            })
            .await
    }

    /// Lets everything that waits be tried at once.
    pub async fn release(&self) -> Result<(), StateError> {
        self.state
            .with(|connection| {
                connection.execute("UPDATE delivery SET not_before = NULL WHERE outcome IS NULL", [])?;
                Ok(())
            })
            .await
    }

    async fn update(
        &self,
        update: &'static str,
        delivery: DeliveryId,
        at: Option<Timestamp>,
        text: Option<String>,
    ) -> Result<(), StateError> {
        self.state
            .with(move |connection| {
                let mut statement = connection.prepare_cached(update)?;
                match at {
                    None => statement.execute([delivery.0])?,
                    Some(at) => statement.execute(params![delivery.0, nanoseconds(at), text])?,
                };
                Ok(())
            })
            .await
    }
}
