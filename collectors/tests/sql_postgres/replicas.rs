//! Replicas, which follow their primary later by some time.

use kpi::Batch;

use crate::server::{Server, shared};
use crate::support::recorded::at;
use crate::support::{batch, collector};
use crate::{days, figures, probe};

const QUERY: &str = "select day, n from followed where day >= :from and day < :to";
const SETTINGS: &str = "layout = \"wide\"\nperiod = \"day\"\nabsent = \"zero\"\n\
    columns.service = { value = \"permit\" }\ncolumns.period_start = \"day\"\n\
    figures = [{ column = \"n\", measure = \"completed\", channel = \"digital\" }]";

/// Long after every period asked for, by the clock of the collector.
async fn ask_in_2099(server: &Server, first: &str, last: &str) -> Batch {
    let collector = collector("sql", &server.settings(QUERY, SETTINGS));
    batch(collector.collect(&days(first, last), &at("2099-06-01T09:00:00Z")).await.unwrap()).0
}

#[tokio::test]
async fn periods_that_a_replica_has_not_followed_yet_are_provisional_and_never_nought() {
    let Some(primary) = shared() else { return };
    primary.admin("create table followed (day date, n bigint)");
    let replica = primary.replica();
    primary.admin("insert into followed values ('2026-04-01', 5), ('2098-04-01', 7)");
    replica.catch_up(primary);

    let past = ask_in_2099(&replica, "2026-04-01", "2026-04-02").await;
    let followed = ["permit completed digital 2026-04-01 5", "permit completed digital 2026-04-02 0"];
    assert_eq!(figures(&past), followed);
    assert!(past.notes.is_empty(), "{:?}", past.notes);

    let ahead = ask_in_2099(&replica, "2098-04-01", "2098-04-02").await;
    assert_eq!(figures(&ahead), ["permit completed digital 2098-04-01 7 provisional"]);
    let notes: Vec<&str> = ahead.notes.iter().map(|note| note.text.as_str()).collect();
    assert!(
        notes.iter().any(|note| note.starts_with("the replica has followed its primary until 20")),
        "{notes:?}"
    );

    let itself = ask_in_2099(primary, "2098-04-01", "2098-04-02").await;
    let settled = ["permit completed digital 2098-04-01 7", "permit completed digital 2098-04-02 0"];
    assert_eq!(figures(&itself), settled);

    let lines = probe(&replica, QUERY, SETTINGS).await.unwrap();
    assert!(lines[0].contains("a replica that has followed its primary until 20"), "{lines:?}");
}
