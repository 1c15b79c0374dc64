//! The embedded store keeps the contract of stores, and the promises that only a file makes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use kpi::service::ServiceDescription;
use kpi::{FigureKey, Measure, ServiceId, Value};
use pp_collector::store::{
    Accepted, DatedDescription, EmbeddedStore, Query, Series, SeriesHistory, Store, StoreError, StoredPoint,
    Submission,
};
use support::figures::*;
use tempfile::TempDir;

store_contract!(open_empty);

/// A store whose directory goes with it.
struct Temporary {
    store: EmbeddedStore,
    _directory: TempDir,
}

async fn open_empty() -> Box<dyn Store> {
    let directory = tempfile::tempdir().unwrap();
    Box::new(Temporary { store: EmbeddedStore::open(directory.path()).unwrap(), _directory: directory })
}

#[async_trait]
impl Store for Temporary {
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

/// Two editions of two series and a description.
async fn filled(data_dir: &Path) -> EmbeddedStore {
    let store = EmbeddedStore::open(data_dir).unwrap();
    let cost = series_key("apply-for-teacher-training", Measure::Cost);
    let first = Sent::at(0)
        .figures(&completed(), points(&[(0, "10"), (1, "11")]))
        .figures(&cost, points(&[(0, "-0.05"), (1, "1234.50")]))
        .service("apply-for-teacher-training", "Apply for teacher training");
    store.append(first.done()).await.unwrap();
    let mut second = points(&[(0, "12")]);
    second.push(point(2, Value::Suppressed));
    store.append(Sent::at(1).figures(&completed(), second).done()).await.unwrap();
    store
}

#[tokio::test]
async fn figures_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    let before = store.series(&Query::default()).await.unwrap();
    drop(store);
    let store = EmbeddedStore::open(directory.path()).unwrap();
    assert_eq!(store.series(&Query::default()).await.unwrap(), before);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.figures, stats.superseded, stats.series, stats.services), (5, 1, 2, 1));
    assert_eq!((stats.first_day, stats.newest_day), (Some(date(0)), Some(date(2))));
    assert_eq!(stats.collections, 2);
    assert!(stats.size_bytes > 0);
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_submission_that_changes_nothing_leaves_no_trace() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    let log = || std::fs::metadata(directory.path().join("figures.db-wal")).unwrap().len();
    let (before, length) = (store.stats().await.unwrap(), log());
    store.append(Sent::at(5).figures(&completed(), points(&[(0, "12")])).done()).await.unwrap();
    assert_eq!((store.stats().await.unwrap(), log()), (before, length));
}

#[tokio::test]
async fn a_backup_is_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    let restored_dir = directory.path().join("restored");
    std::fs::create_dir(&restored_dir).unwrap();
    let copy = restored_dir.join("figures.db");
    store.backup(&copy).await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(&restored_dir).unwrap().count(), 1, "a backup is one file");
    let refused = store.backup(&copy).await.unwrap_err();
    assert!(refused.to_string().contains("overwrites nothing"), "{refused}");
    let restored = EmbeddedStore::open(&restored_dir).unwrap();
    assert_eq!(restored.verify().await.unwrap().problems, Vec::<String>::new());
    assert_eq!(
        restored.series(&Query::default()).await.unwrap(),
        store.series(&Query::default()).await.unwrap()
    );
    assert_eq!(restored.services(None).await.unwrap(), store.services(None).await.unwrap());
}

/// Changes the file behind the store's back and says what `verify` finds.
async fn problems_after(statement: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path()).await);
    let raw = rusqlite::Connection::open(directory.path().join("figures.db")).unwrap();
    raw.pragma_update(None, "foreign_keys", false).unwrap();
    assert!(raw.execute(statement, []).unwrap() > 0, "{statement} changed nothing");
    drop(raw);
    EmbeddedStore::open(directory.path()).unwrap().verify().await.unwrap().problems.join("\n")
}

#[rstest::rstest]
#[case("UPDATE figure SET shape = 31 WHERE period = 20001", "shape 31")]
#[case("UPDATE figure SET mantissa = 'x' WHERE period = 20001", "mantissa")]
#[case("UPDATE figure SET revision = 7 WHERE period = 20000", "revision 7")]
#[case("UPDATE series SET newest_period = 20009", "newest period")]
#[case("DELETE FROM superseded", "revision 2")]
#[case("DELETE FROM figure WHERE period = 20000", "no figure for")]
#[case("DELETE FROM collection WHERE id = 1", "not there")]
#[case("UPDATE collection SET collected_at = 0 WHERE id = 2", "earlier than")]
#[case("UPDATE series SET period_kind = 'month'", "no month starts on")]
#[case("UPDATE series SET measure = 'visits' WHERE id = 1", "not a measure")]
#[case("UPDATE service_description SET department = 'x'", "organisation")]
#[tokio::test]
async fn verify_names_what_is_wrong(#[case] statement: &str, #[case] expected: &str) {
    let problems = problems_after(statement).await;
    assert!(problems.contains(expected), "after {statement}: {problems:?}");
}

#[tokio::test]
async fn the_latest_of_all_is_looked_up_by_key() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path()).await);
    let raw = rusqlite::Connection::open(directory.path().join("figures.db")).unwrap();
    let plan = |sql: &str| {
        let mut statement = raw.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        lines.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    };
    let latest = plan("SELECT * FROM series CROSS JOIN figure ON series_id = id AND period = newest_period");
    assert_eq!(latest, "SCAN series; SEARCH figure USING PRIMARY KEY (series_id=? AND period=?)");
    let view = plan("SELECT * FROM v_figures WHERE service = 'a' AND measure = 'completed'");
    assert!(!view.contains("SCAN"), "an analyst's query walks a table: {view}");
}
