//! Stopping: runs under way may finish within a grace; those that do not are named and cancelled.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use kpi::CollectorName;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Events, Runner};

/// How long cancelled runs may take to enter their end into the ledger. One that waits for a store
/// may take longer, and is left: its cursor has not moved, so its figures are asked for again.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How the stop went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Collectors whose run was not done within the grace and was cancelled, in order of name.
    pub late: Vec<CollectorName>,
}

/// Lanes that have not ended.
#[derive(Default)]
pub(super) struct Going {
    tasks: JoinSet<()>,
    names: HashMap<Id, CollectorName>,
}

impl Going {
    pub(super) fn spawn(&mut self, name: CollectorName, lane: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(lane).id();
        self.names.insert(id, name);
    }

    /// Returns once all have ended. Safe to leave and to call again.
    pub(super) async fn finish(&mut self, events: &Events) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            let id = match &ended {
                Ok((id, ())) => *id,
                Err(fault) => fault.id(),
            };
            let name = self.names.remove(&id);
            if ended.is_err() {
                events.lane_ended(name.as_ref());
            }
        }
    }

    fn names(&self) -> Vec<CollectorName> {
        let mut names: Vec<CollectorName> = self.names.values().cloned().collect();
        names.sort();
        names
    }
}

pub(super) async fn wind_down(
    mut going: Going,
    runner: &Runner,
    cancel: &CancellationToken,
    grace: Duration,
) -> Stopped {
    let clock = &runner.context.clock;
    tokio::select! {
        biased;
        () = going.finish(&runner.events) => return Stopped::default(),
        () = clock.time_limit(grace) => {}
    }
    let late = going.names();
    runner.events.stopping_late(&late, grace);
    cancel.cancel();
    tokio::select! {
        biased;
        () = going.finish(&runner.events) => {}
        () = clock.time_limit(LAST_WORDS) => {}
    }
    Stopped { late }
}
