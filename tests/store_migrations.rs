//! A store that an older program made is brought up to date, and nothing in it changes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::path::Path;

use pp_collector::store::{EmbeddedStore, Query, Store};
use support::figures::*;

/// As the first version made it. Migrations never change once they are released.
const VERSION_1: &str = include_str!("../src/store/embedded/migrations/0001.sql");

/// A file of the first version: a figure with a revision, and a service described twice.
fn make_version_1(data_dir: &Path) {
    let connection = rusqlite::Connection::open(data_dir.join("figures.db")).unwrap();
    connection.pragma_update(None, "application_id", 0x5050_4B53).unwrap();
    connection.execute_batch(VERSION_1).unwrap();
    connection
        .execute_batch(
            "INSERT INTO collection VALUES (1, 'matomo', 1780000000000000000), (2, 'matomo', 1780000060000000000);
             INSERT INTO series VALUES
               (1, 'apply-for-teacher-training', 'completed', 'digital', 'all', 'day', 'matomo', 20001);
             INSERT INTO figure VALUES (1, 20000, 12, 0, 2, 2), (1, 20001, 11, 0, 1, 1);
             INSERT INTO superseded VALUES (1, 20000, 1, 10, 0, 1);
             INSERT INTO service_description VALUES
               ('s', 'matomo', 1, 'Before', NULL, NULL, NULL, NULL),
               ('s', 'matomo', 2, 'After', NULL, NULL, NULL, NULL);
             PRAGMA user_version = 1;",
        )
        .unwrap();
}

#[tokio::test]
async fn a_store_of_the_first_version_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    make_version_1(directory.path());
    let refused = EmbeddedStore::open_read_only(directory.path()).unwrap_err();
    assert!(refused.to_string().contains("has version 1 of 2; start the daemon once"), "{refused}");

    let store = EmbeddedStore::open(directory.path()).unwrap();
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new());
    assert_eq!(values(&store.series(&Query::default()).await.unwrap()), [(0, known("12")), (1, known("11"))]);
    let history = store.revisions(&figure_key(&completed(), 0)).await.unwrap();
    assert_eq!(
        history.iter().map(|r| (r.revision, r.collected_at)).collect::<Vec<_>>(),
        [(1, minute(0)), (2, minute(1))]
    );
    assert_eq!(store.services(None).await.unwrap(), [described("s", "After")]);

    // And a mirror that begins now is offered what was there before.
    store.begin_mirror("there", minute(9)).await.unwrap();
    let backlog = store.backlog().await.unwrap();
    assert_eq!((backlog.revisions, backlog.oldest), (3, Some(minute(9))));
    store.append(Sent::at(10).figures(&completed(), points(&[(2, "3")])).done()).await.unwrap();
    assert_eq!(store.backlog().await.unwrap().revisions, 4);
    drop(store);
    EmbeddedStore::open_read_only(directory.path()).unwrap();

    let raw = rusqlite::Connection::open(directory.path().join("figures.db")).unwrap();
    let name: String =
        raw.query_row("SELECT name FROM v_services WHERE service = 's'", [], |row| row.get(0)).unwrap();
    assert_eq!(name, "After");
}
