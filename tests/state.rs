//! What the daemon remembers survives a restart, and its loss is survived.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

use std::path::Path;
use std::time::Duration;

use collectors::{Bookmark, PeriodSpan, Reason};
use jiff::Timestamp;
use jiff::civil::date;
use kpi::{CollectorName, Period, PeriodKind};
use pp_collector::plan::Backfill;
use pp_collector::run::{Failure, Outcome, RunReport, RunState, Trigger};
use pp_collector::state::{OpenError, Opened, StateDb};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn open(data_dir: &Path) -> Opened {
    StateDb::open(data_dir, at(1000)).unwrap()
}

fn name(text: &str) -> CollectorName {
    text.parse().unwrap()
}

fn report(collector: &str, second: i64, outcome: Outcome) -> RunReport {
    RunReport {
        collector: name(collector),
        trigger: Trigger::Schedule,
        outcome,
        notes: Vec::new(),
        windows: Vec::new(),
        more_due: false,
        started: at(second),
        finished: at(second + 1),
    }
}

fn failed() -> Outcome {
    Outcome::Failed(Failure {
        reason: Reason::Quota,
        message: "try again tomorrow".to_owned(),
        details: Vec::new(),
        retry_after: Some(Duration::from_mins(1)),
        resets_at: None,
    })
}

/// A cell of the ledger, read as an analyst would.
fn ledger(data_dir: &Path, select: &str) -> Vec<String> {
    let raw = rusqlite::Connection::open(data_dir.join("state.db")).unwrap();
    let mut statement = raw.prepare(select).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn progress_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let collector = name("matomo");
    let opened = open(directory.path());
    assert!(opened.fresh);
    let state = opened.state;
    let day = |month| Period::starting(PeriodKind::Day, date(2026, month, 1)).unwrap();
    let backfill = Backfill { span: PeriodSpan { first: day(1), last: day(5) }, next: day(3) };
    let page = |text: &str| Bookmark(text.to_owned());
    state.set_cursor(&collector, day(1)).await.unwrap();
    state.set_cursor(&collector, day(5)).await.unwrap();
    state.set_bookmark(&collector, Some(&page("1"))).await.unwrap();
    state.set_bookmark(&collector, Some(&page("2"))).await.unwrap();
    state.set_backfill(&collector, Some(&backfill)).await.unwrap();
    drop(state);

    let opened = open(directory.path());
    assert!(!opened.fresh);
    let state = opened.state;
    assert_eq!(state.cursor(&collector).await.unwrap(), Some(day(5)));
    assert_eq!(state.bookmark(&collector).await.unwrap(), Some(page("2")));
    assert_eq!(state.backfill(&collector).await.unwrap(), Some(backfill));
    state.set_backfill(&collector, None).await.unwrap();
    state.set_bookmark(&collector, None).await.unwrap();
    assert_eq!(state.backfill(&collector).await.unwrap(), None);
    assert_eq!(state.bookmark(&collector).await.unwrap(), None);
    assert_eq!(state.cursor(&name("ga4")).await.unwrap(), None);
}

#[tokio::test]
async fn the_ledger_says_what_ran_and_how_it_ended() {
    let directory = tempfile::tempdir().unwrap();
    let state = open(directory.path()).state;
    let matomo = name("matomo");
    for (second, outcome) in [(1, Outcome::Unchanged), (10, failed())] {
        let run = state.start(&matomo, Trigger::Schedule, at(second)).await.unwrap();
        state.finish(run, &report("matomo", second, outcome)).await.unwrap();
    }
    let backfill = state.start(&matomo, Trigger::Backfill, at(20)).await.unwrap();
    state.finish(backfill, &report("matomo", 20, Outcome::Unchanged)).await.unwrap();
    assert_eq!(
        state.last_success(&matomo).await.unwrap(),
        Some(at(1)),
        "a backfill is no run for what is due"
    );
    assert_eq!(state.last_finished(&matomo).await.unwrap(), Some(at(21)));
    assert_eq!(state.last_finished(&name("nobody")).await.unwrap(), None);
    let said = "SELECT outcome || ' ' || coalesce(reason, '-') || ' ' || coalesce(message, '-') FROM run ORDER BY id";
    assert_eq!(
        ledger(directory.path(), said),
        ["unchanged - -", "failed quota try again tomorrow", "unchanged - -"]
    );
}

#[tokio::test]
async fn a_run_cut_off_is_marked_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let state = open(directory.path()).state;
    state.start(&name("matomo"), Trigger::Schedule, at(1)).await.unwrap();
    let finished = state.start(&name("ga4"), Trigger::Schedule, at(2)).await.unwrap();
    state.finish(finished, &report("ga4", 2, failed())).await.unwrap();
    drop(state);
    let opened = open(directory.path());
    assert_eq!(opened.interrupted_runs, 1);
    // It is no success and no end, so the collector is due.
    assert_eq!(opened.state.last_finished(&name("matomo")).await.unwrap(), None);
    assert_eq!(ledger(directory.path(), "SELECT outcome FROM run ORDER BY id"), ["interrupted", "failed"]);
}

#[rstest::rstest]
#[case::garbage(b"not a database".repeat(1000))]
#[case::cut_short(b"SQLite format 3\0".to_vec())]
#[tokio::test]
async fn a_damaged_file_is_moved_aside_and_begun_anew(#[case] bytes: Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    for path in ["quarantine/state-20260528T204320Z.db", "quarantine/state-20260528T204320Z-2.db"] {
        std::fs::write(directory.path().join("state.db"), &bytes).unwrap();
        let opened = open(directory.path());
        let quarantined = opened.quarantined.unwrap();
        assert!(opened.fresh);
        assert_eq!(quarantined.path, directory.path().join(path));
        assert_eq!(std::fs::read(quarantined.path).unwrap(), bytes);
        assert_eq!(opened.state.last_finished(&name("matomo")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_file_of_a_later_version_or_of_another_program_is_moved_aside() {
    for change in ["PRAGMA user_version = 99", "DROP TABLE cursor"] {
        let directory = tempfile::tempdir().unwrap();
        drop(open(directory.path()));
        let raw = rusqlite::Connection::open(directory.path().join("state.db")).unwrap();
        raw.execute_batch(change).unwrap();
        drop(raw);
        assert!(open(directory.path()).quarantined.is_some(), "{change}");
        assert!(open(directory.path()).quarantined.is_none(), "{change}");
    }
}

#[test]
fn one_process_has_it_open() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path());
    assert!(matches!(StateDb::open(directory.path(), at(0)), Err(OpenError::InUse { .. })));
    drop(first);
    open(directory.path());
}
