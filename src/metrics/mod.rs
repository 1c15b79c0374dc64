//! What Prometheus scrapes: figures about the world, and about this process.

mod figures;
mod process;
mod table;

use std::sync::Arc;

use arc_swap::ArcSwap;
use prometheus::{Encoder, Registry, TextEncoder};

pub use figures::FigureCollector;
pub use process::ProcessMetrics;
pub use table::{DECLARED, Declared, Family, Type};

use crate::config::settings::KeepPeriods;
use crate::snapshot::Snapshots;

/// The content type of the exposition format; Prometheus 3 refuses a scrape without it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything `/metrics` shows.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    keep: Arc<ArcSwap<KeepPeriods>>,
    /// Counters and histograms of this process.
    pub process: Arc<ProcessMetrics>,
}

impl Metrics {
    /// Metrics over the current snapshot.
    pub fn new(snapshots: Arc<Snapshots>, keep: KeepPeriods) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let process = Arc::new(ProcessMetrics::register(&registry)?);
        let keep = Arc::new(ArcSwap::from_pointee(keep));
        registry.register(Box::new(FigureCollector::new(snapshots, Arc::clone(&keep))))?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self { registry, keep, process })
    }

    /// Keeps figures for another number of periods from now on.
    pub fn keep_periods(&self, keep: KeepPeriods) {
        self.keep.store(Arc::new(keep));
    }

    /// The text Prometheus reads.
    pub fn render(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
