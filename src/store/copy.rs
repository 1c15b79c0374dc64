//! Moves everything from one store to another, service by service, and proves that it arrived.
//!
//! There is no mark of how far a copy came: what the target has already is found by comparing, so a copy
//! that was cut off anywhere goes on by being started again.

use std::collections::{BTreeMap, BTreeSet};

use kpi::{SeriesKey, ServiceId};

use super::digest::SeriesDigest;
use super::{DatedDescription, Query, SeriesHistory, Store, StoreError};

/// What became of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Services that were compared.
    pub services: u64,
    /// Series that are the same in both.
    pub same_series: u64,
    /// Revisions in those series.
    pub revisions: u64,
    /// Revisions that the target lacked and now has.
    pub new_revisions: u64,
    /// What is not the same in both, each in plain words that name it.
    pub differences: Vec<String>,
}

/// Every service that a store knows by a figure or a description.
pub async fn services(store: &dyn Store) -> Result<BTreeSet<ServiceId>, StoreError> {
    let mut services: BTreeSet<ServiceId> =
        store.latest().await?.into_iter().map(|series| series.key.service).collect();
    services.extend(store.services(None).await?.into_iter().map(|description| description.id));
    Ok(services)
}

/// A copy under way, that holds one service in memory at a time.
pub struct Copying<'a> {
    from: &'a dyn Store,
    to: &'a dyn Store,
    given: BTreeMap<ServiceId, Vec<DatedDescription>>,
    kept: BTreeMap<ServiceId, Vec<DatedDescription>>,
    copied: Copied,
}

impl<'a> Copying<'a> {
    /// Reads the descriptions of services, which are few.
    pub async fn begin(from: &'a dyn Store, to: &'a dyn Store) -> Result<Self, StoreError> {
        let (given, kept) = (by_service(from.descriptions().await?), by_service(to.descriptions().await?));
        Ok(Self { from, to, given, kept, copied: Copied::default() })
    }

    /// Copies one service, unless it is the same there already, and compares. What the target refuses is
    /// a difference, and others go on.
    pub async fn service(&mut self, service: &ServiceId) -> Result<(), StoreError> {
        let query = Query { services: Some(vec![service.clone()]), ..Query::default() };
        let history = self.from.history(&query).await?;
        let given = digests(&history);
        let mut kept = digests(&self.to.history(&query).await?);
        let descriptions = self.given.get(service).cloned().unwrap_or_default();
        let mut described = self.kept.remove(service).unwrap_or_default();
        if given != kept || descriptions != described {
            match self.to.restore(&history, &descriptions).await {
                Ok(new_revisions) => self.copied.new_revisions += new_revisions,
                Err(StoreError::Refused { place, problem }) => {
                    self.copied.differences.push(format!("{place} refused {problem}"));
                }
                Err(error) => return Err(error),
            }
            kept = digests(&self.to.history(&query).await?);
            if descriptions != described {
                described = by_service(self.to.descriptions().await?).remove(service).unwrap_or_default();
            }
        }
        self.compare(&given, &kept);
        if descriptions != described {
            self.copied.differences.push(format!("{service} is described differently"));
        }
        self.copied.services += 1;
        Ok(())
    }

    fn compare(
        &mut self,
        given: &BTreeMap<SeriesKey, SeriesDigest>,
        kept: &BTreeMap<SeriesKey, SeriesDigest>,
    ) {
        for key in given.keys().chain(kept.keys().filter(|key| !given.contains_key(key))) {
            let (given, kept) = (given.get(key), kept.get(key));
            match given {
                Some(digest) if Some(digest) == kept => {
                    self.copied.same_series += 1;
                    self.copied.revisions += digest.revisions;
                }
                _ => {
                    let shown =
                        |digest: Option<&SeriesDigest>| digest.map_or("none".to_owned(), ToString::to_string);
                    let SeriesKey { service, measure, channel, coverage, period_kind } = key;
                    self.copied.differences.push(format!(
                        "{service} {measure} {channel} ({coverage}, {period_kind}): {} here, {} there",
                        shown(given),
                        shown(kept)
                    ));
                }
            }
        }
    }

    /// What became of it.
    pub fn finish(self) -> Copied {
        self.copied
    }
}

fn digests(history: &[SeriesHistory]) -> BTreeMap<SeriesKey, SeriesDigest> {
    history.iter().map(|series| (series.key.clone(), SeriesDigest::of(series))).collect()
}

fn by_service(descriptions: Vec<DatedDescription>) -> BTreeMap<ServiceId, Vec<DatedDescription>> {
    let mut by_service: BTreeMap<ServiceId, Vec<DatedDescription>> = BTreeMap::new();
    for dated in descriptions {
        by_service.entry(dated.description.id.clone()).or_default().push(dated);
    }
    by_service
}

impl std::fmt::Debug for Copying<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copying").field("copied", &self.copied).finish_non_exhaustive()
    }
}
