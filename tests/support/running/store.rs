use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use kpi::service::ServiceDescription;
use kpi::{FigureKey, Period, Point, Quality, Value};
use pp_collector::store::{
    Accepted, DatedDescription, Provenance, Query, Revised, Series, SeriesHistory, Store, StoreError,
    StoredPoint, Submission,
};

/// Keeps current values in memory; can be out.
#[derive(Default)]
pub struct FakeStore {
    pub figures: Mutex<BTreeMap<FigureKey, Value>>,
    pub submissions: Mutex<Vec<Arc<Submission>>>,
    pub out: AtomicBool,
}

impl FakeStore {
    pub fn all(&self) -> BTreeMap<FigureKey, Value> {
        self.figures.lock().unwrap().clone()
    }

    /// The periods it holds, in order.
    pub fn periods(&self) -> Vec<Period> {
        self.figures.lock().unwrap().keys().map(|key| key.period).collect()
    }

    pub fn value(&self, period: Period) -> Option<Value> {
        self.figures.lock().unwrap().iter().find(|(key, _)| key.period == period).map(|(_, value)| *value)
    }

    pub fn fail(&self, out: bool) {
        self.out.store(out, Ordering::SeqCst);
    }

    fn unavailable() -> StoreError {
        StoreError::Unavailable { place: "memory".to_owned(), problem: "it is out for a test".to_owned() }
    }
}

#[async_trait]
impl Store for FakeStore {
    async fn append(&self, submission: Arc<Submission>) -> Result<Accepted, StoreError> {
        if self.out.load(Ordering::SeqCst) {
            return Err(Self::unavailable());
        }
        let mut accepted = Accepted::default();
        let mut figures = self.figures.lock().unwrap();
        for series in &submission.series {
            for point in &series.points {
                let key = FigureKey { series: series.key.clone(), period: point.period };
                let service = key.series.service.clone();
                match figures.insert(key.clone(), point.value) {
                    None => accepted.new += 1,
                    Some(known) if known == point.value => {
                        accepted.unchanged += 1;
                        continue;
                    }
                    Some(from) => accepted.revised.push(Revised { key, from, to: point.value }),
                }
                accepted.changed_services.insert(service);
            }
        }
        self.submissions.lock().unwrap().push(submission);
        Ok(accepted)
    }

    /// Everything it holds: more than a query selects, and never less.
    async fn series(&self, _: &Query) -> Result<Vec<Series>, StoreError> {
        if self.out.load(Ordering::SeqCst) {
            return Err(Self::unavailable());
        }
        let Some(newest) = self.submissions.lock().unwrap().last().cloned() else { return Ok(Vec::new()) };
        let mut series: Vec<Series> = Vec::new();
        for (FigureKey { series: key, period }, value) in self.all() {
            let point = Point { period, value, quality: Quality::default() };
            let Provenance { collector, collected_at, .. } = newest.provenance.clone();
            let stored = StoredPoint { point, revision: 1, collected_at };
            match series.last_mut().filter(|last| last.key == key) {
                Some(last) => last.points.push(stored),
                None => series.push(Series { key, collector, points: vec![stored] }),
            }
        }
        Ok(series)
    }

    async fn revisions(&self, _: &FigureKey) -> Result<Vec<StoredPoint>, StoreError> {
        Err(Self::unavailable())
    }

    async fn latest(&self) -> Result<Vec<Series>, StoreError> {
        Err(Self::unavailable())
    }

    async fn services(&self, _: Option<Timestamp>) -> Result<Vec<ServiceDescription>, StoreError> {
        Err(Self::unavailable())
    }

    async fn history(&self, _: &Query) -> Result<Vec<SeriesHistory>, StoreError> {
        Err(Self::unavailable())
    }

    async fn descriptions(&self) -> Result<Vec<DatedDescription>, StoreError> {
        Err(Self::unavailable())
    }

    async fn restore(&self, _: &[SeriesHistory], _: &[DatedDescription]) -> Result<u64, StoreError> {
        Err(Self::unavailable())
    }
}
