//! Runs set off by hand: bounded queues beside the timers, one a collector.

use std::collections::BTreeMap;

use kpi::CollectorName;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::{Ask, Events, RunReport};
use crate::plan::Backfill;

/// Requests that may wait for one collector. Runs are idempotent, so a long queue of them is of no use
/// to anyone; a few allow a person to line up different windows.
pub const QUEUE_LENGTH: usize = 4;

/// Sets off runs by hand.
#[derive(Clone)]
pub struct Triggers {
    pub(super) queues: BTreeMap<CollectorName, mpsc::Sender<Request>>,
    pub(super) events: Events,
}

/// What a person asks of a collector.
pub(super) enum Request {
    Run { ask: Ask, answer: oneshot::Sender<RunReport> },
    Backfill(Backfill),
}

/// Why a run by hand is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TriggerError {
    /// There is no such collector.
    #[error("there is no collector {name:?}; there are {known}")]
    Unknown {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// [`QUEUE_LENGTH`] requests wait already.
    #[error("{QUEUE_LENGTH} runs of {name} are waiting already; try again once one has finished")]
    Full {
        /// The collector.
        name: String,
    },
    /// The program is stopping.
    #[error("{name} takes no further run: the program is stopping")]
    Stopping {
        /// The collector.
        name: String,
    },
}

impl Triggers {
    /// Sets off a run, which waits for one under way. What is returned gives its report; it is closed
    /// without one where the program stops first.
    pub fn run_now(&self, name: &str, ask: Ask) -> Result<oneshot::Receiver<RunReport>, TriggerError> {
        let (answer, report) = oneshot::channel();
        self.send(name, Request::Run { ask, answer })?;
        Ok(report)
    }

    /// Begins a backfill in place of one under way. It goes on between scheduled runs until it has
    /// ended, over restarts too.
    pub fn backfill(&self, name: &str, backfill: Backfill) -> Result<(), TriggerError> {
        self.send(name, Request::Backfill(backfill))
    }

    fn send(&self, name: &str, request: Request) -> Result<(), TriggerError> {
        let sent = match self.queues.iter().find(|(known, _)| known.as_str() == name) {
            None => {
                let known = self.queues.keys().map(CollectorName::as_str).collect::<Vec<_>>().join(", ");
                Err(TriggerError::Unknown { name: name.to_owned(), known })
            }
            Some((_, queue)) => queue.try_send(request).map_err(|error| match error {
                TrySendError::Full(_) => TriggerError::Full { name: name.to_owned() },
                TrySendError::Closed(_) => TriggerError::Stopping { name: name.to_owned() },
            }),
        };
        sent.inspect_err(|error| self.events.trigger_refused(name, error))
    }
}
