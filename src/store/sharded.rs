//! A store as one shard of several instances sees it: only its own services are in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use kpi::service::ServiceDescription;
use kpi::{FigureKey, ServiceId};

use super::{
    Accepted, DatedDescription, Query, Series, SeriesHistory, Store, StoreError, StoredPoint, Submission,
};
use crate::shard::Shard;

/// A store of which only a shard's services are written and read. What is sent for others is left out
/// without a word: another instance, which reads the same source, stores it.
pub struct ShardedStore {
    store: Arc<dyn Store>,
    shard: Shard,
}

impl ShardedStore {
    /// The part of a store that is a shard's own.
    pub fn new(store: Arc<dyn Store>, shard: Shard) -> Self {
        Self { store, shard }
    }

    fn narrowed(&self, query: &Query) -> Query {
        let own = |services: &Vec<ServiceId>| {
            services.iter().filter(|service| self.shard.owns(service)).cloned().collect()
        };
        Query { services: query.services.as_ref().map(own), ..query.clone() }
    }

    fn own<T>(&self, mut all: Vec<T>, service: impl Fn(&T) -> &ServiceId) -> Vec<T> {
        all.retain(|one| self.shard.owns(service(one)));
        all
    }
}

#[async_trait]
impl Store for ShardedStore {
    async fn append(&self, submission: Arc<Submission>) -> Result<Accepted, StoreError> {
        let mut submission = Arc::unwrap_or_clone(submission);
        submission.series = self.own(submission.series, |series| &series.key.service);
        submission.services = self.own(submission.services, |service| &service.id);
        self.store.append(Arc::new(submission)).await
    }

    async fn series(&self, query: &Query) -> Result<Vec<Series>, StoreError> {
        let series = self.store.series(&self.narrowed(query)).await?;
        Ok(self.own(series, |series| &series.key.service))
    }

    async fn revisions(&self, key: &FigureKey) -> Result<Vec<StoredPoint>, StoreError> {
        if self.shard.owns(&key.series.service) { self.store.revisions(key).await } else { Ok(Vec::new()) }
    }

    async fn latest(&self) -> Result<Vec<Series>, StoreError> {
        Ok(self.own(self.store.latest().await?, |series| &series.key.service))
    }

    async fn services_with_figures(&self) -> Result<BTreeSet<ServiceId>, StoreError> {
        let mut services = self.store.services_with_figures().await?;
        services.retain(|service| self.shard.owns(service));
        Ok(services)
    }

    async fn services(&self, known_at: Option<Timestamp>) -> Result<Vec<ServiceDescription>, StoreError> {
        Ok(self.own(self.store.services(known_at).await?, |service| &service.id))
    }

    async fn history(&self, query: &Query) -> Result<Vec<SeriesHistory>, StoreError> {
        let history = self.store.history(&self.narrowed(query)).await?;
        Ok(self.own(history, |series| &series.key.service))
    }

    async fn descriptions(&self) -> Result<Vec<DatedDescription>, StoreError> {
        Ok(self.own(self.store.descriptions().await?, |dated| &dated.description.id))
    }

    async fn restore(
        &self,
        history: &[SeriesHistory],
        descriptions: &[DatedDescription],
    ) -> Result<u64, StoreError> {
        let history = self.own(history.to_vec(), |series| &series.key.service);
        let descriptions = self.own(descriptions.to_vec(), |dated| &dated.description.id);
        self.store.restore(&history, &descriptions).await
    }
}

impl std::fmt::Debug for ShardedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShardedStore").field("shard", &self.shard).finish_non_exhaustive()
    }
}
