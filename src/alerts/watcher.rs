//! The watch the daemon keeps: the history of each service, read from the store and judged as it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use jiff::Timestamp;
use kpi::calculate::FigureTable;
use kpi::{CollectorName, ServiceId};

use super::alerting::Watch;
use super::calendar::Calendar;
use super::watch::{KpiOutlook, ServiceHistory, Watched, Watchlist};
use super::{Alert, AlertSettings, Event};
use crate::catalogue::ServiceProfile;
use crate::config::Settings;
use crate::snapshot::{Snapshots, tables};
use crate::store::{Query, Series, Store, StoreError};

/// Services whose history is held in memory at once.
const SERVICES_A_READ: usize = 64;

/// Shows what is expected of figures to come.
pub trait OutlookBoard: Send + Sync {
    /// Shows these, and no others any more.
    fn show(&self, outlooks: &[KpiOutlook]);
}

/// Watches every service of the snapshot.
pub struct Watcher {
    store: Arc<dyn Store>,
    board: Arc<dyn OutlookBoard>,
    /// Which services there are, and how their KPIs are computed.
    snapshots: Arc<Snapshots>,
    wanted: ArcSwapOption<Wanted>,
    watchlist: Mutex<Watchlist>,
}

/// What a configuration wants watched.
struct Wanted {
    services: BTreeMap<ServiceId, Arc<AlertSettings>>,
    /// Of services that are not configured.
    others: Arc<AlertSettings>,
    calendar: Arc<Calendar>,
}

impl Watcher {
    /// Watches what the snapshots show, with its history in the store, and puts what is expected on the
    /// board; nothing before it is configured.
    pub fn new(store: Arc<dyn Store>, snapshots: Arc<Snapshots>, board: Arc<dyn OutlookBoard>) -> Self {
        Self { store, board, snapshots, wanted: ArcSwapOption::empty(), watchlist: Mutex::default() }
    }

    /// A panic of another thread leaves the list whole: each change to it is one call.
    fn watchlist(&self) -> MutexGuard<'_, Watchlist> {
        self.watchlist.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Watch for Watcher {
    fn configure(&self, settings: &Settings) {
        let services =
            settings.services.iter().map(|one| (one.description.id.clone(), Arc::clone(&one.alerts)));
        self.wanted.store(Some(Arc::new(Wanted {
            services: services.collect(),
            others: Arc::clone(&settings.alerts),
            calendar: Arc::clone(&settings.calendar),
        })));
    }

    async fn look(&self, changed: Option<&BTreeSet<ServiceId>>) -> Result<(), StoreError> {
        let Some(wanted) = self.wanted.load_full() else { return Ok(()) };
        let snapshot = self.snapshots.current();
        let looked_at: Vec<ServiceId> = if let Some(changed) = changed {
            changed.iter().cloned().collect()
        } else {
            let mut all: BTreeSet<ServiceId> = self.watchlist().services().keys().cloned().collect();
            all.extend(snapshot.services.keys().cloned());
            all.into_iter().collect()
        };
        let now = self.snapshots.now();
        for part in looked_at.chunks(SERVICES_A_READ) {
            let query = Query { services: Some(part.to_vec()), ..Query::default() };
            let series = self.store.series(&query).await?;
            let profiles: Vec<ServiceProfile> = part
                .iter()
                .filter_map(|id| snapshot.services.get(id).map(|picture| picture.profile.clone()))
                .collect();
            let wanted = Arc::clone(&wanted);
            let judging = tokio::task::spawn_blocking(move || judge(series, profiles, &wanted, now));
            // It ends early only where the program does.
            let Ok(mut judged) = judging.await else { return Ok(()) };
            let mut watchlist = self.watchlist();
            for id in part {
                match judged.remove(id) {
                    Some(watched) => watchlist.put(id.clone(), watched),
                    None => watchlist.remove(id),
                }
            }
        }
        let outlooks = self.watchlist().outlooks();
        let board = Arc::clone(&self.board);
        // It ends early only where the program does.
        let _ = tokio::task::spawn_blocking(move || board.show(&outlooks)).await;
        Ok(())
    }

    fn evaluate(&self, known: &[Alert], now: Timestamp) -> Vec<Event> {
        self.watchlist().evaluate(known, now)
    }
}

fn judge(
    series: Vec<Series>,
    profiles: Vec<ServiceProfile>,
    wanted: &Wanted,
    now: Timestamp,
) -> BTreeMap<ServiceId, Watched> {
    let mut sources: BTreeMap<ServiceId, CollectorName> = BTreeMap::new();
    for one in &series {
        sources.entry(one.key.service.clone()).or_insert_with(|| one.collector.clone());
    }
    let tables = tables(series);
    let nothing = FigureTable::new();
    profiles
        .into_iter()
        .map(|ServiceProfile { description, rules, .. }| {
            let id = description.id;
            let settings = wanted.services.get(&id).unwrap_or(&wanted.others);
            let table = tables.get(&id).unwrap_or(&nothing);
            let source = sources.remove(&id);
            let history = ServiceHistory::of(id.clone(), source, table, &rules, settings, now);
            let holidays = wanted.calendar.holidays(&settings.nations);
            (id, Watched::judge(&history, Arc::clone(settings), &holidays))
        })
        .collect()
}
