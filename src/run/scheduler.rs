//! Every collector in a lane of its own, so that no other waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::lane::Lane;
use super::stop::{self, Stopped};
use super::triggers::{QUEUE_LENGTH, Triggers};
use super::{Events, Runner};
use crate::config::settings::{CollectorSettings, Run};

/// Lanes that have not started.
pub struct Scheduler {
    lanes: Vec<Lane>,
    runner: Arc<Runner>,
    stop: CancellationToken,
    cancel: CancellationToken,
    grace: Duration,
}

impl Scheduler {
    /// Prepares a lane for each collector, and the means to set off runs by hand. Nothing runs yet.
    pub fn build(collectors: Vec<CollectorSettings>, run: &Run, runner: Runner) -> (Self, Triggers) {
        let runner = Arc::new(runner);
        // A concurrency of 0 would wait for ever.
        let permits = Arc::new(Semaphore::new(run.concurrency.clamp(1, Semaphore::MAX_PERMITS)));
        let (stop, cancel) = (CancellationToken::new(), CancellationToken::new());
        let mut queues = BTreeMap::new();
        let mut lanes = Vec::with_capacity(collectors.len());
        for settings in collectors {
            let (queue, requests) = mpsc::channel(QUEUE_LENGTH);
            queues.insert(settings.name.clone(), queue);
            lanes.push(Lane {
                settings,
                requests,
                runner: Arc::clone(&runner),
                permits: Arc::clone(&permits),
                stop: stop.clone(),
                cancel: cancel.clone(),
                failures_in_a_row: 0,
            });
        }
        let events: Events = runner.events.clone();
        (Self { lanes, runner, stop, cancel, grace: run.stop_grace }, Triggers { queues, events })
    }

    /// Runs until `shutdown` is cancelled; then begins no further run, gives those under way the grace
    /// of the settings, and cancels and names those that are still not done.
    pub async fn run(self, shutdown: CancellationToken) -> Stopped {
        let Self { lanes, runner, stop, cancel, grace } = self;
        let mut going = stop::Going::default();
        for lane in lanes {
            let name = lane.settings.name.clone();
            going.spawn(name, lane.run());
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            // Lanes end only by a fault, which is named as it happens.
            () = going.finish(&runner.events) => shutdown.cancelled().await,
        }
        stop.cancel();
        stop::wind_down(going, &runner, &cancel, grace).await
    }
}
