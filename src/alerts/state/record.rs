//! Writing down what changed, and in the same transaction who is to be told.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kpi::ReceiverName;
use kpi::service::ServiceDescription;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{AlertBook, nanoseconds, text};
use crate::alerts::{Alert, Event, News, Notice};
use crate::run::StateError;

/// What has become of an alert, and who is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What has become of it.
    pub event: Event,
    /// The services it is about, as they are called.
    pub services: Vec<ServiceDescription>,
    /// Who hears of it.
    pub audience: Audience,
}

/// Who hears of what has become of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Nobody, now or later, unless the alert gets worse.
    Nobody,
    /// Who takes alerts like this one; of an end, who of those told before wants to hear of it.
    Receivers(BTreeSet<ReceiverName>),
}

/// What a decision changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Whether it changed anything: the same decision taken again does not.
    pub changed: bool,
    /// Deliveries that wait because of it.
    pub deliveries: usize,
}

impl AlertBook {
    /// Writes down decisions, all of them or none; gives what each changed.
    pub async fn record(&self, decisions: Vec<Decision>, at: Timestamp) -> Result<Vec<Recorded>, StateError> {
        self.state
            .with(move |connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let recorded = decisions
                    .iter()
                    .map(|decision| Recording { transaction: &transaction, decision, at }.record())
                    .collect::<Result<_, _>>()?;
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO evaluation (only, at) VALUES (1, ?)")?
                    .execute([nanoseconds(at)])?;
                transaction.commit()?;
                Ok(recorded)
            })
            .await
    }
}

/// One decision on its way into the file.
struct Recording<'a> {
    transaction: &'a Transaction<'a>,
    decision: &'a Decision,
    at: Timestamp,
}

impl Recording<'_> {
    const fn alert(&self) -> &Alert {
        self.decision.event.alert()
    }

    fn is_quiet(&self) -> bool {
        self.decision.audience == Audience::Nobody
    }

    fn receivers(&self) -> impl Iterator<Item = &ReceiverName> {
        let named = match &self.decision.audience {
            Audience::Nobody => None,
            Audience::Receivers(names) => Some(names),
        };
        named.into_iter().flatten()
    }

    fn record(&self) -> rusqlite::Result<Recorded> {
        let alert = self.alert();
        let known: Option<(u32, bool)> = self
            .transaction
            .prepare_cached("SELECT occasion, resolved_at IS NULL FROM alert WHERE id = ?")?
            .query_row([alert.id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let occasion = match (&self.decision.event, known) {
            (Event::Raised(_), None) => 1,
            (Event::Raised(_), Some((occasion, false))) => occasion + 1,
            (Event::Continued(_) | Event::Worsened(_) | Event::Resolved(_), Some((occasion, true))) => {
                occasion
            }
            // Raised already, or over already, or never heard of.
            (Event::Raised(_), Some((_, true))) | (_, None | Some((_, false))) => {
                return Ok(Recorded::default());
            }
        };
        self.transaction
            .prepare_cached(
                "INSERT INTO alert (id, occasion, raised_at, resolved_at, quiet, alert, services)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET occasion = ?2, raised_at = ?3, resolved_at = ?4,
                   quiet = coalesce(?8, quiet), alert = ?6, services = ?7",
            )?
            .execute(params![
                alert.id.as_str(),
                occasion,
                nanoseconds(alert.raised_at),
                alert.resolution.map(|end| nanoseconds(end.at)),
                self.is_quiet(),
                text(alert)?,
                text(&self.decision.services)?,
                // Who goes on or ends is as quiet as before.
                matches!(self.decision.event, Event::Raised(_) | Event::Worsened(_)).then(|| self.is_quiet()),
            ])?;
        let deliveries = match &self.decision.event {
            Event::Raised(_) => self.tell_all(occasion)?,
            Event::Continued(_) => 0,
            Event::Worsened(_) => self.tell_worse(occasion)?,
            Event::Resolved(_) => self.tell_end(occasion)?,
        };
        Ok(Recorded { changed: true, deliveries })
    }

    fn tell_all(&self, occasion: u32) -> rusqlite::Result<usize> {
        self.receivers().map(|receiver| self.enqueue(receiver.as_str(), occasion, News::Raised)).sum()
    }

    /// Who has not been told of the warning hears of the critical alert at once, and only of that.
    fn tell_worse(&self, occasion: u32) -> rusqlite::Result<usize> {
        let tell = |receiver: &ReceiverName| {
            let told: Option<bool> = self
                .transaction
                .prepare_cached(
                    "SELECT attempts > 0 OR outcome IS NOT NULL FROM delivery
                     WHERE receiver = ? AND alert = ? AND occasion = ? AND news = 'raised'",
                )?
                .query_row(params![receiver.as_str(), self.alert().id.as_str(), occasion], |row| row.get(0))
                .optional()?;
            match told {
                Some(true) => self.enqueue(receiver.as_str(), occasion, News::Worsened),
                None => self.enqueue(receiver.as_str(), occasion, News::Raised),
                Some(false) => self
                    .transaction
                    .prepare_cached(
                        "UPDATE delivery SET notice = ?, not_before = NULL
                         WHERE receiver = ? AND alert = ? AND occasion = ? AND news = 'raised'",
                    )?
                    .execute(params![
                        text(&self.notice(occasion, News::Raised))?,
                        receiver.as_str(),
                        self.alert().id.as_str(),
                        occasion
                    ]),
            }
        };
        self.receivers().map(tell).sum()
    }

    /// Who was told, or may have been, is told that it is over. What nobody has tried to tell is
    /// overtaken: an alert that came and went while its receiver was out of reach is in the list of
    /// past ones.
    fn tell_end(&self, occasion: u32) -> rusqlite::Result<usize> {
        let id = self.alert().id.as_str();
        self.transaction
            .prepare_cached(
                "UPDATE delivery SET outcome = 'overtaken', settled_at = ?
                 WHERE alert = ? AND occasion = ? AND outcome IS NULL AND attempts = 0",
            )?
            .execute(params![nanoseconds(self.at), id, occasion])?;
        let told: Vec<String> = self
            .transaction
            .prepare_cached(
                "SELECT DISTINCT receiver FROM delivery
                 WHERE alert = ? AND occasion = ? AND (outcome IS NULL OR outcome = 'sent') ORDER BY receiver",
            )?
            .query_map(params![id, occasion], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let wanting = told.iter().filter(|name| self.receivers().any(|wants| wants.as_str() == *name));
        wanting.map(|receiver| self.enqueue(receiver, occasion, News::Resolved)).sum()
    }

    fn notice(&self, occasion: u32, news: News) -> Notice {
        Notice { news, alert: self.alert().clone(), occasion, services: self.decision.services.clone() }
    }

    /// Gives 1, or 0 where the same was decided before.
    fn enqueue(&self, receiver: &str, occasion: u32, news: News) -> rusqlite::Result<usize> {
        let notice = text(&self.notice(occasion, news))?;
        self.transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO delivery (receiver, alert, occasion, news, notice, created_at)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                receiver,
                self.alert().id.as_str(),
                occasion,
                news.as_str(),
                notice,
                nanoseconds(self.at)
            ])
    }
}
