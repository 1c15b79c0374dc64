//! What every receiver can do, whatever it speaks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collectors::{Clock, CollectError, Http, Reason};
use jiff::Timestamp;

use crate::alerts::Notice;
use crate::alerts::message::Message;

/// Somebody, or something, that is told of alerts.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Tells of one piece of news; gives what the receiver answered, in a few words.
    async fn tell(&self, telling: &Telling<'_>, cx: &Context) -> Result<String, DeliverError>;

    /// How often a receiver that forgets has to be told what is open; `None` for one that does not.
    fn refreshed_every(&self) -> Option<Duration> {
        None
    }

    /// Tells a receiver that forgets what is open, and what ended a short while ago.
    async fn refresh(&self, _standing: &[Telling<'_>], _cx: &Context) -> Result<(), DeliverError> {
        Ok(())
    }

    /// The shortest time between two messages that it takes.
    fn spacing(&self) -> Duration {
        Duration::ZERO
    }
}

/// A piece of news and the words for it.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The news.
    pub notice: &'a Notice,
    /// The words.
    pub message: &'a Message,
    /// When it was decided to tell it.
    pub decided_at: Timestamp,
    /// An attempt was made before and may have arrived, although nothing says so.
    pub again: bool,
}

/// What receivers may use.
#[derive(Clone)]
pub struct Context {
    /// For those that speak HTTP.
    pub http: Http,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

/// Why a receiver was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DeliverError {
    /// The class of failure, which says what may help.
    pub reason: Reason,
    message: String,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
    /// When a used-up allowance is renewed.
    pub resets_at: Option<Timestamp>,
}

impl DeliverError {
    /// An error whose message names the thing, the value and the remedy, and no secret.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), retry_after: None, resets_at: None }
    }

    /// Adds when a used-up allowance is renewed.
    #[must_use]
    pub const fn with_resets_at(mut self, instant: Timestamp) -> Self {
        self.resets_at = Some(instant);
        self
    }
}

impl From<CollectError> for DeliverError {
    /// Takes the message and leaves the cause: only the message is known to hold no secret.
    fn from(error: CollectError) -> Self {
        Self {
            reason: error.reason(),
            message: error.to_string(),
            retry_after: error.retry_after(),
            resets_at: error.resets_at(),
        }
    }
}
