//! A store moves to another whole: proved series by series, and cut off anywhere it goes on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use kpi::service::ServiceDescription;
use kpi::{FigureKey, Measure};
use pp_collector::store::copy::{Copied, Copying, services};
use pp_collector::store::{
    Accepted, DatedDescription, EmbeddedStore, Query, Series, SeriesDigest, SeriesHistory, Store, StoreError,
    StoredPoint, Submission,
};
use support::figures::*;
use tempfile::TempDir;

fn store() -> (TempDir, EmbeddedStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    (directory, store)
}

/// Ten services with revisions, two of them described twice, one only described.
async fn fill(store: &dyn Store) {
    for edition in 0..3 {
        let mut sent = Sent::at(edition);
        for n in 0..10 {
            let value = (edition + n).to_string();
            sent = sent.figures(
                &series_key(&format!("service-{n}"), Measure::Completed),
                points(&[(0, &value), (1, "7")]),
            );
        }
        let name = format!("Edition {}", edition / 2);
        store.append(sent.service("service-3", &name).service("only-described", &name).done()).await.unwrap();
    }
}

async fn copied(from: &dyn Store, to: &dyn Store) -> Result<Copied, StoreError> {
    let mut copying = Copying::begin(from, to).await?;
    let mut all = services(from).await?;
    all.extend(services(to).await?);
    for service in all {
        copying.service(&service).await?;
    }
    Ok(copying.finish())
}

#[tokio::test]
async fn everything_arrives_and_copying_again_moves_nothing() {
    let ((_a, from), (_b, to)) = (store(), store());
    fill(&from).await;
    let first = copied(&from, &to).await.unwrap();
    let expected =
        Copied { services: 11, same_series: 10, revisions: 40, new_revisions: 40, differences: Vec::new() };
    assert_eq!(first, expected);
    assert_eq!(to.history(&Query::default()).await.unwrap(), from.history(&Query::default()).await.unwrap());
    assert_eq!(to.descriptions().await.unwrap(), from.descriptions().await.unwrap());
    assert_eq!(copied(&from, &to).await.unwrap(), Copied { new_revisions: 0, ..expected });
    // And back.
    let (_c, back) = store();
    assert_eq!(copied(&to, &back).await.unwrap().differences, Vec::<String>::new());
    assert_eq!(
        back.history(&Query::default()).await.unwrap(),
        from.history(&Query::default()).await.unwrap()
    );
}

#[tokio::test]
async fn what_differs_is_named_and_the_rest_arrives() {
    let ((_a, from), (_b, to)) = (store(), store());
    fill(&from).await;
    let stray = series_key("service-4", Measure::Completed);
    let more = series_key("service-4", Measure::Started);
    to.append(Sent::at(9).figures(&stray, points(&[(0, "99")])).figures(&more, points(&[(0, "1")])).done())
        .await
        .unwrap();
    let copied = copied(&from, &to).await.unwrap();
    assert_eq!((copied.services, copied.same_series, copied.revisions), (11, 9, 36));
    let [refused, completed, started] = copied.differences.as_slice() else { panic!("{copied:?}") };
    assert!(refused.contains("refused service-4 completed digital"), "{refused}");
    assert!(
        completed.starts_with("service-4 completed digital (all, day): 4 revisions, checksum"),
        "{completed}"
    );
    assert!(completed.contains("1 revisions, checksum"), "{completed}");
    assert!(started.starts_with("service-4 started digital (all, day): none here, 1 revisions"), "{started}");
}

#[tokio::test]
async fn a_copy_cut_off_anywhere_goes_on() {
    for stops_after in 0..12 {
        let ((_a, from), (_b, to)) = (store(), store());
        fill(&from).await;
        let cut_off = CutOff { store: to, takes: AtomicU32::new(stops_after) };
        let first = copied(&from, &cut_off).await;
        assert_eq!(first.is_err(), stops_after < 11, "after {stops_after}: {first:?}");
        let whole = copied(&from, &cut_off.store).await.unwrap();
        assert_eq!(whole.differences, Vec::<String>::new());
        assert_eq!(whole.revisions, 40);
        assert!(whole.new_revisions <= 40 - 4 * u64::from(stops_after.saturating_sub(2)), "{whole:?}");
    }
}

#[tokio::test]
async fn a_checksum_is_of_the_content_and_not_of_its_order() {
    let (_a, from) = store();
    fill(&from).await;
    let history = from.history(&Query::default()).await.unwrap();
    let digest = SeriesDigest::of(&history[0]);
    let mut shuffled = history[0].clone();
    shuffled.revisions.reverse();
    assert_eq!(SeriesDigest::of(&shuffled), digest);
    let changes: [fn(&mut SeriesHistory); 7] = [
        |series| series.owner = "ga4".parse().unwrap(),
        |series| series.revisions[0].collector = "ga4".parse().unwrap(),
        |series| series.revisions[0].stored.point.value = known("1000"),
        |series| series.revisions[0].stored.point.quality.thresholded = true,
        |series| series.revisions[0].stored.collected_at = minute(50),
        |series| series.revisions[0].stored.point.period = day(50),
        |series| drop(series.revisions.pop()),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut other = history[0].clone();
        change(&mut other);
        assert_ne!(SeriesDigest::of(&other), digest, "change {number}");
    }
}

/// Takes so many restores and is then out.
struct CutOff {
    store: EmbeddedStore,
    takes: AtomicU32,
}

#[async_trait]
impl Store for CutOff {
    async fn restore(
        &self,
        history: &[SeriesHistory],
        descriptions: &[DatedDescription],
    ) -> Result<u64, StoreError> {
        let left = self.takes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_err() {
            return Err(StoreError::Unavailable {
                place: "target".to_owned(),
                problem: "cut off".to_owned(),
            });
        }
        self.store.restore(history, descriptions).await
    }
    async fn append(&self, submission: Arc<Submission>) -> Result<Accepted, StoreError> {
        self.store.append(submission).await
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
    async fn services(&self, known_at: Option<Timestamp>) -> Result<Vec<ServiceDescription>, StoreError> {
        self.store.services(known_at).await
    }
    async fn history(&self, query: &Query) -> Result<Vec<SeriesHistory>, StoreError> {
        self.store.history(query).await
    }
    async fn descriptions(&self) -> Result<Vec<DatedDescription>, StoreError> {
        self.store.descriptions().await
    }
}
