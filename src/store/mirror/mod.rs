//! Keeps another store like the embedded one, which stays the system of record.
//!
//! The embedded store writes down what changes in the transaction of the change. From there the mirror
//! is sent every revision as it is, and what it has acknowledged is crossed out. It may be out for as long
//! as it likes: nobody waits for it. What was sent and not crossed out is sent again, which changes
//! nothing there.

mod events;

pub use events::{MirrorEvents, MirrorMeter, NoMirrorMeter};

use std::sync::Arc;

use collectors::http::Backoff;
use collectors::{Clock, Randomness};
use tokio_util::sync::CancellationToken;

use super::embedded::Unsent;
use super::{DatedDescription, EmbeddedStore, SeriesHistory, Store, StoreError};

/// Revisions sent at once: enough to keep a server busy, few enough for any memory.
const REVISIONS_A_PAGE: u64 = 5_000;

/// The feed from the embedded store to its mirror.
pub struct Mirror {
    source: Arc<EmbeddedStore>,
    target: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    backoff: Backoff,
    events: MirrorEvents,
}

/// What is to be kept like what, before the feed begins.
#[derive(Clone)]
pub struct MirrorFeed {
    /// The system of record.
    pub source: Arc<EmbeddedStore>,
    /// What is kept like it.
    pub target: Arc<dyn Store>,
    /// What tells the target from every other store.
    pub name: String,
}

impl std::fmt::Debug for MirrorFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MirrorFeed").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a step found to do.
enum Step {
    Sent,
    NothingToSend,
}

impl Mirror {
    /// A feed to a store with a name, which must change where it becomes another store: a new one is
    /// offered everything.
    pub async fn begin(
        source: Arc<EmbeddedStore>,
        target: Arc<dyn Store>,
        name: &str,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
        events: MirrorEvents,
    ) -> Result<Self, StoreError> {
        source.begin_mirror(name, clock.now()).await?;
        Ok(Self { source, target, clock, randomness, backoff: Backoff::default(), events })
    }

    /// Feeds it until `stop` is cancelled. What is being sent at that moment is sent again next time.
    pub async fn run(self, stop: CancellationToken) {
        let feeding = async {
            let mut failures = 0;
            loop {
                match self.step().await {
                    Ok(Step::Sent) => failures = 0,
                    Ok(Step::NothingToSend) => {
                        failures = 0;
                        self.source.changed().await;
                    }
                    Err(error) => {
                        failures += 1;
                        let wait = self.backoff.wait(failures, None, &*self.randomness);
                        self.events.failed(&error, wait);
                        self.clock.sleep(wait).await;
                    }
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = feeding => {}
        }
    }

    /// Sends the next page. How much waits is said before, since a server that is out is waited for long,
    /// and after.
    async fn step(&self) -> Result<Step, StoreError> {
        self.events.backlog(&self.source.backlog().await?);
        let page = self.source.unsent(REVISIONS_A_PAGE).await?;
        let sent = if page.is_empty() { Ok(Step::NothingToSend) } else { self.send_page(&page).await };
        self.events.backlog(&self.source.backlog().await?);
        sent
    }

    async fn send_page(&self, page: &[Unsent]) -> Result<Step, StoreError> {
        match self.send(page).await {
            // One part that the target refuses must not hold up the others.
            Err(StoreError::Refused { .. }) => {
                for part in page.chunks(1) {
                    match self.send(part).await {
                        Err(error @ StoreError::Refused { .. }) => self.set_aside(part, &error).await?,
                        sent => sent?,
                    }
                }
            }
            sent => sent?,
        }
        Ok(Step::Sent)
    }

    async fn send(&self, parts: &[Unsent]) -> Result<(), StoreError> {
        let mut history: Vec<SeriesHistory> = parts.iter().filter_map(|part| part.history.clone()).collect();
        history.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let descriptions: Vec<DatedDescription> =
            parts.iter().flat_map(|part| part.descriptions.iter().cloned()).collect();
        let restored = self.target.restore(&history, &descriptions).await?;
        self.source.acknowledge(positions(parts)).await?;
        self.events.sent(restored);
        Ok(())
    }

    async fn set_aside(&self, parts: &[Unsent], error: &StoreError) -> Result<(), StoreError> {
        self.source.set_aside(positions(parts)).await?;
        self.events.refused(error);
        Ok(())
    }
}

fn positions(parts: &[Unsent]) -> Vec<i64> {
    parts.iter().flat_map(|part| part.positions.iter().copied()).collect()
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mirror").finish_non_exhaustive()
    }
}
