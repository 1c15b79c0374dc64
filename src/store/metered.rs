//! Any store, with its writes counted and timed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use kpi::service::ServiceDescription;
use kpi::{FigureKey, ServiceId};

use super::{
    Accepted, DatedDescription, Query, Series, SeriesHistory, Store, StoreError, StoredPoint, Submission,
};

/// Where figures are kept; also a label of metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Deserialize, clap::ValueEnum)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum StoreName {
    /// In a file of this machine.
    #[default]
    Embedded,
    /// On a server of the `InfluxDB` family.
    Influxdb2,
}

impl StoreName {
    /// The word for it in configuration and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Influxdb2 => "influxdb2",
        }
    }
}

/// Counts what becomes of submissions.
pub trait StoreMeter: Send + Sync {
    /// A submission was acknowledged, with so many new or revised figures.
    fn written(&self, store: StoreName, points: u64, took: Duration);
    /// So many lines of it the store's server would not take: each is kept in quarantine.
    fn quarantined(&self, store: StoreName, lines: u64);
    /// A submission failed.
    fn write_failed(&self, store: StoreName, error: &StoreError, took: Duration);
}

/// A store whose writes are counted.
pub struct MeteredStore {
    store: Arc<dyn Store>,
    name: StoreName,
    meter: Arc<dyn StoreMeter>,
}

impl MeteredStore {
    /// A store under a name.
    pub fn new(store: Arc<dyn Store>, name: StoreName, meter: Arc<dyn StoreMeter>) -> Self {
        Self { store, name, meter }
    }
}

#[async_trait]
impl Store for MeteredStore {
    async fn append(&self, submission: Arc<Submission>) -> Result<Accepted, StoreError> {
        let started = Instant::now();
        let outcome = self.store.append(submission).await;
        match &outcome {
            Ok(accepted) => {
                let points = accepted.new + accepted.revised.len() as u64;
                self.meter.written(self.name, points, started.elapsed());
                self.meter.quarantined(self.name, accepted.quarantined.len() as u64);
            }
            Err(error) => self.meter.write_failed(self.name, error, started.elapsed()),
        }
        outcome
    }

    async fn series(&self, query: &Query) -> Result<Vec<Series>, StoreError> {
        self.store.series(query).await
    }

    async fn revisions(&self, key: &FigureKey) -> Result<Vec<StoredPoint>, StoreError> {
        self.store.revisions(key).await
    }

    async fn latest(&self) -> Result<Vec<Series>, StoreError> {
        self.store.latest().await
    }

    async fn services_with_figures(&self) -> Result<BTreeSet<ServiceId>, StoreError> {
        self.store.services_with_figures().await
    }

    async fn services(&self, known_at: Option<Timestamp>) -> Result<Vec<ServiceDescription>, StoreError> {
        self.store.services(known_at).await
    }

    async fn history(&self, query: &Query) -> Result<Vec<SeriesHistory>, StoreError> {
        self.store.history(query).await
    }

    async fn descriptions(&self) -> Result<Vec<DatedDescription>, StoreError> {
        self.store.descriptions().await
    }

    async fn restore(
        &self,
        history: &[SeriesHistory],
        descriptions: &[DatedDescription],
    ) -> Result<u64, StoreError> {
        self.store.restore(history, descriptions).await
    }
}
