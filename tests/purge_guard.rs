//! A source that deletes old records never lowers what was counted while they were there, unless a
//! person says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;
#[path = "support/running/mod.rs"]
mod running;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use collectors::{Bookmark, Reading};
use daemon::{Said, say};
use jiff::civil::date;
use kpi::period::london;
use kpi::{Batch, Measure, Value};
use pp_collector::config::settings::{CollectorSettings, PurgeGuard};
use pp_collector::metrics::ProcessMetrics;
use pp_collector::plan::Backfill;
use pp_collector::run::{Ask, Counts, Events, Outcome, RunState as _, Runner, Standing, Trigger};
use running::{Deed, Fake, World, day, figures, settings, windows};
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

/// 100 days before [`NOW`], and 10 days before it.
const OLD: &str = "2026-08-12";
const RECENT: &str = "2026-11-10";
const NOW: &str = "2026-11-20T06:00Z";

fn known(number: i64) -> Value {
    Value::Known(number.into())
}

fn guarded(fake: &Arc<Fake>) -> CollectorSettings {
    let purge_guard = PurgeGuard::After(Duration::from_hours(90 * 24));
    CollectorSettings { purge_guard, ..settings("visas", fake.clone()) }
}

fn only(period: &str) -> Ask {
    let date = period.parse().unwrap();
    Ask::Days(date, date)
}

/// Collects one day, and again after the source has changed its mind about it.
async fn recollected(period: &str, first: Batch, then: Batch) -> (World, Outcome, Vec<String>) {
    let world = World::at(NOW);
    let fake = Fake::new(windows(7, 0)).then(Deed::Give(first, None)).then(Deed::Give(then, None));
    let visas = guarded(&fake);
    assert!(world.run(&visas, only(period)).await.is_success());
    let report = world.run(&visas, only(period)).await;
    let notes = report.notes.iter().map(|note| format!("{}: {}", note.place, note.text)).collect();
    (world, report.outcome, notes)
}

fn of(period: &str, value: Value) -> Batch {
    let mut batch = figures("visas", &[(day(period), 0)]);
    batch.series[0].points[0].value = value;
    batch
}

fn counted(new: u64, unchanged: u64, revised: u64, held_back: u64) -> Outcome {
    Outcome::Stored(Counts { new, unchanged, revised, held_back })
}

#[tokio::test]
async fn a_lower_value_of_an_old_period_is_held_back_and_said() {
    let (world, outcome, notes) = recollected(OLD, of(OLD, known(12)), of(OLD, known(0))).await;
    assert_eq!(outcome, counted(0, 0, 0, 1));
    assert_eq!(world.store.value(day(OLD)), Some(known(12)));
    assert_eq!(
        notes,
        [
            "visas, completed, digital: held back the day 2026-08-12: the source now gives 0, and 12 is stored; lower \
          figures of periods that ended more than 90 days ago are what records deleted at the source look like; where \
          it is a correction, collect these days with --accept-lower"
        ]
    );
}

#[tokio::test]
async fn an_old_period_that_the_source_no_longer_provides_keeps_its_figure() {
    let (world, outcome, notes) = recollected(OLD, of(OLD, known(12)), of(OLD, Value::NotProvided)).await;
    assert_eq!(outcome, counted(0, 0, 0, 1));
    assert_eq!(world.store.value(day(OLD)), Some(known(12)));
    assert!(notes[0].contains("the source now gives not_provided, and 12 is stored"), "{notes:?}");
}

#[tokio::test]
async fn a_recent_period_is_corrected_downwards() {
    let (world, outcome, notes) = recollected(RECENT, of(RECENT, known(12)), of(RECENT, known(9))).await;
    assert_eq!((outcome, notes.len()), (counted(0, 0, 1, 0), 0));
    assert_eq!(world.store.value(day(RECENT)), Some(known(9)));
}

/// The guard's age is counted from the end of the period, in the zone of its service.
#[tokio::test]
async fn the_guard_begins_when_the_period_is_older_than_it() {
    // Ended 90 days and 7 hours before NOW, and 89 days and 7 hours before it.
    for (period, held_back) in [("2026-08-21", 1), ("2026-08-22", 0)] {
        let (_, outcome, _) = recollected(period, of(period, known(12)), of(period, known(9))).await;
        assert_eq!(outcome, counted(0, 0, 1 - held_back, held_back), "{period}");
    }
}

#[tokio::test]
async fn what_a_purge_cannot_do_is_taken_at_any_age() {
    let risen = recollected(OLD, of(OLD, known(12)), of(OLD, known(13))).await;
    assert_eq!(risen.1, counted(0, 0, 1, 0));
    let suppressed = recollected(OLD, of(OLD, known(12)), of(OLD, Value::Suppressed)).await;
    assert_eq!(suppressed.1, counted(0, 0, 1, 0), "confidentiality goes before history");
    let published = |value| {
        let mut batch = of(OLD, known(value));
        batch.series[0].key.measure = Measure::CostPerTransaction;
        batch
    };
    let cheaper = recollected(OLD, published(12), published(9)).await;
    assert_eq!(cheaper.1, counted(0, 0, 1, 0), "a ratio may fall without anything having been deleted");
    let first = recollected(OLD, of(RECENT, known(12)), of(OLD, known(0))).await;
    assert_eq!(first.1, counted(1, 0, 0, 0), "nothing is known of it yet");
}

#[tokio::test]
async fn running_twice_changes_nothing() {
    let world = World::at(NOW);
    let fake = Fake::new(windows(7, 0));
    let visas = guarded(&fake);
    fake.set(day(OLD), 12);
    world.run(&visas, only(OLD)).await;
    fake.set(day(OLD), 3);
    let before = world.store.all();
    for _ in 0..2 {
        assert_eq!(world.run(&visas, only(OLD)).await.outcome, counted(0, 0, 0, 1));
        assert_eq!(world.store.all(), before);
    }
    assert_eq!(world.rebuilt.lock().unwrap().len(), 1, "outlets hear of what is stored, and of nothing else");
}

#[tokio::test]
async fn what_is_held_back_is_counted() {
    let world = World::at(NOW);
    let fake = Fake::new(windows(7, 0));
    fake.set(day(OLD), 12);
    let registry = prometheus::Registry::new();
    let events = Events::new(Arc::new(ProcessMetrics::register(&registry).unwrap()));
    let runner = Runner { events, ..world.runner() };
    for value in [12, 3] {
        fake.set(day(OLD), value);
        let stop = CancellationToken::new();
        let report = runner.run(&guarded(&fake), Trigger::Manual, &only(OLD), &stop).await;
        assert!(report.is_success(), "{report:#?}");
    }
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    for line in ["outcome=\"held_back\"} 1", "outcome=\"new\"} 1", "outcome=\"revised\"} 0"] {
        let line = format!("pp_collector_figures_total{{collector=\"visas\",{line}\n");
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[tokio::test]
async fn a_person_who_knows_better_takes_the_lower_value() {
    let world = World::at(NOW);
    let fake = Fake::new(windows(7, 0));
    fake.set(day(OLD), 12);
    world.run(&guarded(&fake), only(OLD)).await;
    fake.set(day(OLD), 3);
    let forced = CollectorSettings { purge_guard: PurgeGuard::Off, ..guarded(&fake) };
    assert_eq!(world.run(&forced, only(OLD)).await.outcome, counted(0, 0, 1, 0));
    assert_eq!(world.store.value(day(OLD)), Some(known(3)));
}

#[tokio::test]
async fn a_backfill_goes_on_past_what_it_holds_back() {
    let world = World::at(NOW);
    let fake = Fake::new(windows(7, 0));
    let visas = guarded(&fake);
    fake.set(day(OLD), 12);
    world.run(&visas, only(OLD)).await;
    fake.set(day(OLD), 3);
    let (from, to) = (date(2026, 8, 10), date(2026, 8, 14));
    let backfill = Backfill::of_days(&windows(7, 0), from, to, &london()).unwrap();
    world.state.set_backfill(&visas.name, Some(&backfill)).await.unwrap();
    assert_eq!(world.run(&visas, Ask::Backfill).await.outcome, counted(4, 0, 0, 1));
    assert_eq!(world.state.backfill(&visas.name).await.unwrap(), None, "it is done");
    assert_eq!(world.store.value(day(OLD)), Some(known(12)));
}

#[tokio::test]
async fn a_source_read_by_bookmark_is_read_again_while_figures_are_held_back() {
    let world = World::at(NOW);
    let etag = |text: &str| Some(Bookmark(text.to_owned()));
    let fake = Fake::new(Reading::Whole)
        .then(Deed::Give(of(OLD, known(12)), etag("1")))
        .then(Deed::Give(of(OLD, known(3)), etag("2")))
        .then(Deed::Give(of(OLD, known(3)), etag("2")));
    let visas = guarded(&fake);
    world.run(&visas, Ask::Due).await;
    assert_eq!(world.state.bookmark(&visas.name).await.unwrap(), etag("1"));
    assert_eq!(world.run(&visas, Ask::Due).await.outcome, counted(0, 0, 0, 1));
    assert_eq!(
        world.state.bookmark(&visas.name).await.unwrap(),
        None,
        "or --accept-lower would find it unchanged"
    );
    let forced = CollectorSettings { purge_guard: PurgeGuard::Off, ..guarded(&fake) };
    assert_eq!(world.run(&forced, Ask::Due).await.outcome, counted(0, 0, 1, 0));
    assert_eq!(world.state.bookmark(&visas.name).await.unwrap(), etag("2"));
}

#[tokio::test]
async fn figures_of_another_collector_are_not_its_own_to_guard() {
    let world = World::at(NOW);
    let fake = Fake::new(windows(7, 0));
    world.run(&settings("other", fake.clone()), only(OLD)).await;
    fake.set(day(OLD), 0);
    let preview =
        world.runner().preview(&guarded(&fake), &only(OLD), &CancellationToken::new()).await.unwrap();
    assert_eq!(preview.figures[0].standing, Standing::Foreign("other".parse().unwrap()));
}

#[tokio::test]
async fn the_store_is_asked_before_anything_is_lowered() {
    let world = World::at(NOW);
    let fake = Fake::new(windows(7, 0));
    world.store.fail(true);
    let report = world.run(&guarded(&fake), only(OLD)).await;
    assert!(report.failure().is_some(), "{report:#?}");
    world.store.fail(false);
    assert!(world.store.periods().is_empty());
}

/// A case system that keeps cases for a year, as people meet it: the built program, a database file and
/// a store of its own.
struct CaseSystem {
    folder: tempfile::TempDir,
    cases: Connection,
}

impl CaseSystem {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cases.sqlite");
        let cases = Connection::open(&file).unwrap();
        cases.execute_batch("create table decision (day text, channel text)").unwrap();
        for (day, count) in [("2024-03-01", 3), ("2024-03-02", 2), ("2024-03-03", 4)] {
            for _ in 0..count {
                cases.execute("insert into decision values (?, 'digital')", [day]).unwrap();
            }
        }
        let config = format!(
            "[collectors.cases]\nkind = \"sql\"\nschedule = \"0 6 * * *\"\n[collectors.cases.settings]\n\
             dialect = \"sqlite\"\nfile = '{}'\nlayout = \"long\"\nbind = \"dates\"\nabsent = \"zero\"\n\
             query = '''select day as period_start, channel, count(*) as value from decision \
             where day >= :from and day < :to group by 1, 2'''\nperiod = \"day\"\n\
             columns.service = {{ value = \"visas\" }}\ncolumns.measure = {{ value = \"completed\" }}\n\
             [collectors.cases.settings.expected]\nservices = [\"visas\"]\n\
             figures = [{{ measure = \"completed\", channel = \"digital\" }}]\n",
            file.display()
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        Self { folder, cases }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs a command of the program on the three days of the cases.
    fn run(&self, command: &[&str]) -> Said {
        let config = self.folder.path().join("config.toml");
        let days = ["--from", "2024-03-01", "--to", "2024-03-03", "--config", config.to_str().unwrap()];
        say(&self.data(), &[command, &days].concat())
    }

    fn stored(&self) -> Vec<String> {
        let store = Connection::open(self.data().join("figures.db")).unwrap();
        let mut statement = store.prepare("select value from v_figures order by period_start").unwrap();
        statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap).collect()
    }
}

#[test]
fn a_purged_case_system_keeps_its_history_until_a_person_accepts_lower_values() {
    let system = CaseSystem::new();
    let said = system.run(&["collect", "cases"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "cases: 3 new, 0 unchanged, 0 revised\n"),
        "{}",
        said.err
    );
    // Retention deletes the first day and a part of the second; the third gains a case.
    system.cases.execute("delete from decision where day = '2024-03-01'", []).unwrap();
    system
        .cases
        .execute(
            "delete from decision where rowid = (select max(rowid) from decision where day = '2024-03-02')",
            [],
        )
        .unwrap();
    system.cases.execute("insert into decision values ('2024-03-03', 'digital')", []).unwrap();

    let shown = system.run(&["collect", "cases", "--dry-run"]);
    assert_eq!(
        shown.out,
        "\
Service  Measure    Channel      Period  Value        In the store
visas    completed  digital  2024-03-01      0  3 stays, held back
visas    completed  digital  2024-03-02      1  2 stays, held back
visas    completed  digital  2024-03-03      5               was 4
cases: 3 figures; nothing was stored
cases: note: visas, completed, digital: held back the day 2024-03-01 and 1 more: the source now gives 0, and 3 is \
stored; lower figures of periods that ended more than 90 days ago are what records deleted at the source look like; \
where it is a correction, collect these days with --accept-lower
",
        "{}",
        shown.err
    );
    assert_eq!(system.stored(), ["3", "2", "4"]);

    for command in [["backfill", "cases"], ["collect", "cases"]] {
        let said = system.run(&command);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(said.out.contains(", 2 held back\n"), "{}", said.out);
        assert!(said.err.contains("cases: note: visas, completed, digital: held back"), "{}", said.err);
        assert_eq!(system.stored(), ["3", "2", "5"]);
    }
    let said = system.run(&["backfill", "cases", "--accept-lower"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(system.stored(), ["0", "1", "5"]);
}

#[test]
fn a_dry_run_needs_no_store_and_makes_none() {
    let system = CaseSystem::new();
    let said = system.run(&["collect", "cases", "--dry-run"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("2024-03-01      3           new\n"), "{}", said.out);
    assert!(!Path::new(&system.data()).exists());
}
