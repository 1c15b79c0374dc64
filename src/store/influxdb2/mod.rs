//! The store on a server of the InfluxDB family.
//!
//! Lines go in through `/api/v2/write`, figures come out by InfluxQL on `/query`: the two that every edition
//! answers. `docs/store-influxdb2.md` describes what lies where; ADR 0013 says why.
//!
//! A service belongs to one writing instance. Instances that share a bucket need nothing of each other
//! then; two that wrote the same service would give one number to two revisions.

mod answer;
mod append;
mod client;
mod describe;
mod door;
mod fault;
mod influxql;
mod ledger;
mod line;
mod point;
mod quarantine;
mod reader;
mod restore;
mod retry;
mod scan;
mod schema;
mod settings;
mod verdict;
mod writer;

pub use settings::{Influxdb2Settings, ServerUrl, ServerUrlError, WriterName};

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use collectors::{Clock, Randomness};
use jiff::Timestamp;
use kpi::service::ServiceDescription;
use kpi::{FigureKey, ServiceId};
use tokio::sync::Mutex;

use self::client::QueryClient;
use self::fault::{Fault, Outcome};
use self::quarantine::Quarantine;
use self::reader::Reader;
use self::retry::Retry;
use self::scan::Scan;
use self::writer::Writer;
use super::{
    Accepted, DatedDescription, Query, Series, SeriesHistory, Store, StoreError, StoredPoint, Submission,
};

/// Figures on a server.
pub struct Influxdb2Store {
    place: String,
    inner: Arc<Inner>,
}

struct Inner {
    reader: Reader,
    writer: Writer,
    writer_name: WriterName,
    /// Submissions of one writer come one after another: each is compared with all before it.
    appending: Mutex<()>,
}

impl std::fmt::Debug for Influxdb2Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Influxdb2Store").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Influxdb2Store {
    /// Prepares what is needed to speak to the server. It need not be there yet.
    pub fn open(
        settings: &Influxdb2Settings,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, StoreError> {
        let place = format!("in bucket {} at {}", settings.bucket, settings.url.as_str());
        let token = settings.token.open();
        let retry = Retry { clock, randomness, backoff: settings.backoff, retries: settings.retries };
        let made = || -> Outcome<Inner> {
            Ok(Inner {
                reader: Reader { client: QueryClient::new(settings, token.clone(), retry.clone())? },
                writer: Writer {
                    door: door::open(settings, token.clone())?,
                    retry: retry.clone(),
                    quarantine: Quarantine::in_file(&settings.quarantine_file),
                },
                writer_name: settings.writer.clone(),
                appending: Mutex::new(()),
            })
        };
        match made() {
            Ok(inner) => Ok(Self { place, inner: Arc::new(inner) }),
            Err(fault) => Err(fault.at(&place)),
        }
    }

    /// Runs work to its end, also when the caller stops waiting: what has been begun on the server is
    /// better completed. A panic in a client becomes an error.
    async fn to_the_end<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let done = tokio::spawn(work(Arc::clone(&self.inner))).await;
        let done =
            done.unwrap_or_else(|error| Err(Fault::Unavailable(format!("its client broke off: {error}"))));
        done.map_err(|fault| fault.at(&self.place))
    }
}

#[async_trait]
impl Store for Influxdb2Store {
    async fn append(&self, submission: Arc<Submission>) -> Result<Accepted, StoreError> {
        self.to_the_end(|inner| async move { inner.append(&submission).await }).await
    }

    async fn series(&self, query: &Query) -> Result<Vec<Series>, StoreError> {
        self.inner.reader.series(query).await.map_err(|fault| fault.at(&self.place))
    }

    async fn revisions(&self, key: &FigureKey) -> Result<Vec<StoredPoint>, StoreError> {
        self.inner.reader.revisions(key).await.map_err(|fault| fault.at(&self.place))
    }

    async fn latest(&self) -> Result<Vec<Series>, StoreError> {
        self.inner.reader.latest().await.map_err(|fault| fault.at(&self.place))
    }

    async fn services_with_figures(&self) -> Result<BTreeSet<ServiceId>, StoreError> {
        let read = async {
            let ledger = self.inner.reader.ledger().await?;
            self.inner.reader.owners(&Scan::default(), &ledger).await
        };
        // A series has an owner from its first figure on.
        let owners = read.await.map_err(|fault| fault.at(&self.place))?;
        Ok(owners.into_keys().map(|key| key.service).collect())
    }

    async fn services(&self, known_at: Option<Timestamp>) -> Result<Vec<ServiceDescription>, StoreError> {
        self.inner.reader.services(known_at).await.map_err(|fault| fault.at(&self.place))
    }

    async fn history(&self, query: &Query) -> Result<Vec<SeriesHistory>, StoreError> {
        self.inner.reader.history(query).await.map_err(|fault| fault.at(&self.place))
    }

    async fn descriptions(&self) -> Result<Vec<DatedDescription>, StoreError> {
        let read = async {
            let ledger = self.inner.reader.ledger().await?;
            self.inner.reader.descriptions(None, &ledger).await
        };
        read.await.map_err(|fault| fault.at(&self.place))
    }

    async fn restore(
        &self,
        history: &[SeriesHistory],
        descriptions: &[DatedDescription],
    ) -> Result<u64, StoreError> {
        let (history, descriptions) = (history.to_vec(), descriptions.to_vec());
        self.to_the_end(|inner| async move { inner.restore(&history, &descriptions).await }).await
    }
}
