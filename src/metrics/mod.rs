//! What Prometheus scrapes: figures about the world, and about this process.
//!
//! Figures are written and compressed once for each snapshot; what is about the process, at each scrape.

mod alerting;
mod exposition;
mod families;
mod figures;
mod outlook;
mod page;
mod process;
mod storing;
mod table;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collectors::Clock;
use flate2::Compression;
use prometheus::Registry;

pub use alerting::AlertMetrics;
pub use exposition::Encoding;
pub use outlook::OutlookPage;
pub use process::ProcessMetrics;
pub use storing::StoreMetrics;
pub use table::{DECLARED, Declared, Family, Type};

use crate::config::settings::KeepPeriods;
use crate::snapshot::Snapshots;
use exposition::Part;
use page::Pages;

/// The content type of the exposition format; Prometheus 3 refuses a scrape without it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Snapshots that follow one another within this time are written once.
const SETTLING: Duration = Duration::from_millis(250);

/// Everything `/metrics` shows.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    snapshots: Arc<Snapshots>,
    pages: Arc<Pages>,
    /// Counters and histograms of this process.
    pub process: Arc<ProcessMetrics>,
    /// What is counted of alerts.
    pub alerts: Arc<AlertMetrics>,
    /// What is counted of the store.
    pub store: Arc<StoreMetrics>,
    /// What is expected of figures to come.
    pub outlooks: Arc<OutlookPage>,
}

impl Metrics {
    /// Metrics over the current snapshot.
    pub fn new(snapshots: Arc<Snapshots>, keep: KeepPeriods) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let process = Arc::new(ProcessMetrics::register(&registry)?);
        let alerts = Arc::new(AlertMetrics::register(&registry)?);
        let store = Arc::new(StoreMetrics::register(&registry)?);
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let pages = Arc::new(Pages::new(Arc::clone(&snapshots), keep));
        Ok(Self { registry, snapshots, pages, process, alerts, store, outlooks: Arc::default() })
    }

    /// Keeps figures for another number of periods from now on.
    pub fn keep_periods(&self, keep: KeepPeriods) {
        self.pages.keep_periods(keep);
    }

    /// The text Prometheus reads, in pieces to be sent one after the other. It is always that of the
    /// current snapshot, so that it agrees with every other outlet; after a change the first to ask may
    /// have to wait until it is written.
    pub fn render(&self, encoding: Encoding) -> Result<Vec<Bytes>, prometheus::Error> {
        let page = self.pages.current()?;
        // A few kilobytes, of which speed matters more than size.
        let process = Part::of(&self.registry.gather(), Compression::fast())?;
        let outlooks = self.outlooks.part();
        let parts: Vec<&Part> =
            [&page.part].into_iter().chain(outlooks.as_deref()).chain([&process]).collect();
        Ok(exposition::join(&parts, encoding))
    }

    /// Writes the figures whenever they change, so that no scrape waits for it. Never ends.
    pub async fn keep_written(self, clock: Arc<dyn Clock>) {
        let mut swaps = self.snapshots.swaps();
        loop {
            swaps.mark_unchanged();
            let pages = Arc::clone(&self.pages);
            let written = tokio::task::spawn_blocking(move || pages.current().map(|page| page.until)).await;
            // What went wrong is told to whoever asks for it.
            let until = written.ok().and_then(Result::ok).flatten();
            let runs_out = async {
                match until {
                    Some(until) => clock.sleep(until.duration_since(clock.now()).unsigned_abs()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = swaps.changed() => match changed {
                    Ok(()) => clock.sleep(SETTLING).await,
                    Err(_) => return,
                },
                () = runs_out => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use jiff::Timestamp;

    use super::*;
    use crate::store::EmbeddedStore;

    /// A clock on which every sleep ends at once.
    struct Restless;

    #[async_trait]
    impl Clock for Restless {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        async fn sleep(&self, _: Duration) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn figures_are_written_before_anybody_asks() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(EmbeddedStore::open(folder.path()).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(Restless);
        let snapshots = Arc::new(Snapshots::new(store, Vec::new(), Arc::clone(&clock)));
        let metrics = Metrics::new(Arc::clone(&snapshots), KeepPeriods::All).unwrap();
        let writing = tokio::spawn(metrics.clone().keep_written(clock));
        for _ in 0..2 {
            while !metrics.pages.is_written() {
                tokio::task::yield_now().await;
            }
            snapshots.rebuild_all().await.unwrap();
        }
        writing.abort();
    }
}
