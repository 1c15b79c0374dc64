//! What the daemon remembers survives a restart, and its loss is survived.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::date;
use kpi::{CollectorName, Period, PeriodKind};
use pp_collector::state::{
    Backfill, Finish, Opened, Outcome, RunCounts, RunStart, StateDb, StateError, Trigger,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn open(data_dir: &Path) -> Opened {
    StateDb::open(data_dir, at(1000)).unwrap()
}

fn name(text: &str) -> CollectorName {
    text.parse().unwrap()
}

fn start(collector: &str, second: i64) -> RunStart {
    let window = "2026-05-01 to 2026-05-31".to_owned();
    RunStart { collector: name(collector), trigger: Trigger::Scheduled, window, started_at: at(second) }
}

fn failed(second: i64) -> Finish {
    Finish {
        finished_at: at(second),
        outcome: Outcome::Failed,
        reason: Some("quota".to_owned()),
        counts: RunCounts { new: 1, unchanged: 2, revised: 3 },
        message: Some("try again tomorrow".to_owned()),
    }
}

#[tokio::test]
async fn progress_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let collector = name("matomo");
    let opened = open(directory.path());
    assert!(opened.fresh);
    let state = opened.state;
    let day = Period::starting(PeriodKind::Day, date(2026, 5, 1)).unwrap();
    let month = Period::starting(PeriodKind::Month, date(2026, 4, 1)).unwrap();
    let backfill = Backfill { from: date(2020, 1, 1), to: date(2026, 1, 1), next: date(2021, 1, 1) };
    state.set_cursor(&collector, day.previous()).await.unwrap();
    state.set_cursor(&collector, day).await.unwrap();
    state.set_cursor(&collector, month).await.unwrap();
    state.set_bookmark(&collector, "page 1").await.unwrap();
    state.set_bookmark(&collector, "page 2").await.unwrap();
    state.set_backfill(&collector, backfill).await.unwrap();
    drop(state);

    let opened = open(directory.path());
    assert!(!opened.fresh);
    let state = opened.state;
    assert_eq!(state.cursor(&collector, PeriodKind::Day).await.unwrap(), Some(day));
    assert_eq!(state.cursor(&collector, PeriodKind::Month).await.unwrap(), Some(month));
    assert_eq!(state.cursor(&collector, PeriodKind::Hour).await.unwrap(), None);
    assert_eq!(state.bookmark(&collector).await.unwrap().as_deref(), Some("page 2"));
    assert_eq!(state.backfill(&collector).await.unwrap(), Some(backfill));
    state.clear_backfill(&collector).await.unwrap();
    assert_eq!(state.backfill(&collector).await.unwrap(), None);
    assert_eq!(state.bookmark(&name("ga4")).await.unwrap(), None);
}

#[tokio::test]
async fn the_ledger_says_what_ran_and_how_it_ended() {
    let directory = tempfile::tempdir().unwrap();
    let state = open(directory.path()).state;
    let first = state.record_start(start("matomo", 1)).await.unwrap();
    let second = state.record_start(start("ga4", 2)).await.unwrap();
    state.record_finish(first, failed(3)).await.unwrap();
    let runs = state.last_runs(10).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [second, first]);
    assert_eq!((&runs[0].start, &runs[0].finish), (&start("ga4", 2), &None));
    assert_eq!((&runs[1].start, &runs[1].finish), (&start("matomo", 1), &Some(failed(3))));
    assert_eq!(state.last_runs(1).await.unwrap().len(), 1);
    assert_eq!(state.last_run(&name("matomo")).await.unwrap().unwrap().id, first);
    assert_eq!(state.last_run(&name("nobody")).await.unwrap(), None);
    assert_eq!(state.forget_runs_before(at(2)).await.unwrap(), 1);
    assert_eq!(state.last_runs(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_cut_off_is_marked_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let state = open(directory.path()).state;
    state.record_start(start("matomo", 1)).await.unwrap();
    let finished = state.record_start(start("ga4", 2)).await.unwrap();
    state.record_finish(finished, failed(3)).await.unwrap();
    drop(state);
    let opened = open(directory.path());
    assert_eq!(opened.interrupted_runs, 1);
    let run = opened.state.last_run(&name("matomo")).await.unwrap().unwrap();
    let finish = run.finish.unwrap();
    assert_eq!((finish.outcome, finish.finished_at), (Outcome::Interrupted, at(1000)));
    assert_eq!(opened.state.last_run(&name("ga4")).await.unwrap().unwrap().finish, Some(failed(3)));
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
        assert_eq!(opened.state.last_runs(1).await.unwrap(), []);
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

#[tokio::test]
async fn one_process_writes_and_others_may_read() {
    let directory = tempfile::tempdir().unwrap();
    assert!(StateDb::open_read_only(directory.path()).unwrap().is_none());
    let state = open(directory.path()).state;
    let id = state.record_start(start("matomo", 1)).await.unwrap();
    assert!(matches!(StateDb::open(directory.path(), at(0)), Err(StateError::InUse { .. })));
    let reader = StateDb::open_read_only(directory.path()).unwrap().unwrap();
    let runs = reader.last_runs(1).await.unwrap();
    assert_eq!((runs[0].id, &runs[0].finish), (id, &None));
    assert!(reader.set_bookmark(&name("matomo"), "x").await.is_err());
}
