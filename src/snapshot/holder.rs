//! The one place the current snapshot is kept and replaced.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use collectors::Clock;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use kpi::ServiceId;
use tokio::sync::{Mutex, watch};

use super::build::{picture, tables};
use super::{ServicePicture, Snapshot};
use crate::catalogue::{self, Catalogue, ServiceProfile};
use crate::config::settings::ServiceSettings;
use crate::store::{Query, Store, StoreError};

/// Days of daily figures that the newest periods are made of: late in a year, the last complete one and
/// the last complete financial year begin up to 23 months before the newest day.
pub const DAYS_READ: u32 = 800;

/// Services read from the store at once: enough to keep both sides busy, few enough that the figures
/// of one part are small beside the program itself.
const SERVICES_A_READ: usize = 64;

/// Holds the current snapshot and rebuilds it from the store.
pub struct Snapshots {
    current: ArcSwap<Snapshot>,
    swapped: watch::Sender<()>,
    store: Arc<dyn Store>,
    configured: ArcSwap<Vec<ServiceSettings>>,
    clock: Arc<dyn Clock>,
    /// Rebuilds follow one another: two at once could swap in the older picture last.
    rebuilding: Mutex<()>,
}

impl Snapshots {
    /// An empty snapshot over a store.
    pub fn new(store: Arc<dyn Store>, configured: Vec<ServiceSettings>, clock: Arc<dyn Clock>) -> Self {
        let current = ArcSwap::from_pointee(Snapshot::empty(clock.now()));
        let configured = ArcSwap::from_pointee(configured);
        let swapped = watch::Sender::new(());
        Self { current, swapped, store, configured, clock, rebuilding: Mutex::new(()) }
    }

    /// The snapshot as it stands: immutable, and never waited for.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Tells of every time another snapshot becomes the current one.
    pub fn swaps(&self) -> watch::Receiver<()> {
        self.swapped.subscribe()
    }

    /// The services configured.
    pub fn configured(&self) -> Arc<Vec<ServiceSettings>> {
        self.configured.load_full()
    }

    /// Other services are configured from now on; the next rebuild shows them.
    pub fn configure(&self, services: Vec<ServiceSettings>) {
        self.configured.store(Arc::new(services));
    }

    /// The present instant on the clock pictures are built by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads everything anew.
    pub async fn rebuild_all(&self) -> Result<(), StoreError> {
        let _turn = self.rebuilding.lock().await;
        let catalogue = self.catalogue().await?;
        let fed = self.store.services_with_figures().await?;
        let wanted: BTreeSet<ServiceId> = catalogue.keys().cloned().chain(fed).collect();
        let fresh = Snapshot::empty(self.clock.now());
        self.replace(fresh, &catalogue, &wanted).await
    }

    /// Reads anew the services that changed; the others stay as they are.
    pub async fn rebuild(&self, changed: &BTreeSet<ServiceId>) -> Result<(), StoreError> {
        let _turn = self.rebuilding.lock().await;
        let catalogue = self.catalogue().await?;
        let mut next = Snapshot::clone(&self.current());
        next.built_at = self.clock.now();
        self.replace(next, &catalogue, changed).await
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        Ok(catalogue::join(self.store.services(None).await?, &self.configured()))
    }

    async fn replace(
        &self,
        mut next: Snapshot,
        catalogue: &Catalogue,
        services: &BTreeSet<ServiceId>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let services: Vec<ServiceId> = services.iter().cloned().collect();
        let mut parts = Vec::new();
        for part in services.chunks(SERVICES_A_READ) {
            let profile = |id: &ServiceId| {
                catalogue.get(id).cloned().unwrap_or_else(|| ServiceProfile::unnamed(id.clone()))
            };
            let profiles: Vec<ServiceProfile> = part.iter().map(profile).collect();
            parts.push(pictures(Arc::clone(&self.store), part.to_vec(), profiles, now));
        }
        let mut pictures = stream::iter(parts).buffer_unordered(parallelism());
        while let Some(part) = pictures.next().await {
            next.services.extend(part?);
        }
        self.current.store(Arc::new(next));
        self.swapped.send_replace(());
        Ok(())
    }
}

/// Reads some services and computes their pictures, on threads where that holds nobody up.
async fn pictures(
    store: Arc<dyn Store>,
    services: Vec<ServiceId>,
    profiles: Vec<ServiceProfile>,
    now: Timestamp,
) -> Result<Vec<(ServiceId, Arc<ServicePicture>)>, StoreError> {
    let query = Query { services: Some(services.clone()), newest_days: Some(DAYS_READ), ..Query::default() };
    let series = store.series(&query).await?;
    let computed = tokio::task::spawn_blocking(move || {
        let mut tables = tables(series);
        let pictured = |(id, profile): (ServiceId, ServiceProfile)| {
            let table = tables.remove(&id).unwrap_or_default();
            (id, Arc::new(picture(profile, &table, now)))
        };
        services.into_iter().zip(profiles).map(pictured).collect()
    });
    computed.await.map_err(|error| StoreError::Unavailable {
        place: "of figures".to_owned(),
        problem: format!("its figures could not be computed: {error}"),
    })
}

/// As many parts at once as the machine has processors.
fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}
