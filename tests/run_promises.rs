//! Downtime leaves no hole, late data is picked up, running twice changes nothing, and the cursor and
//! the bookmark move only once the store has acknowledged. A backfill disturbs none of it, and pages nobody.
#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the verdict")]

#[path = "support/running/mod.rs"]
mod running;

use std::sync::Arc;

use collectors::{Bookmark, CollectError, PeriodSpan, Reading, Reason, Window};
use jiff::civil::date;
use kpi::Value;
use kpi::period::london;
use pp_collector::metrics::ProcessMetrics;
use pp_collector::plan::Backfill;
use pp_collector::run::{Ask, Counts, Events, Outcome, RunState as _, Trigger};
use prometheus::{Registry, TextEncoder};
use running::{Deed, Fake, World, day, figures, settings, windows};
use tokio_util::sync::CancellationToken;

fn span(first: &str, last: &str) -> PeriodSpan {
    PeriodSpan { first: day(first), last: day(last) }
}

fn stored(new: u64, unchanged: u64, revised: u64) -> Outcome {
    Outcome::Stored(Counts { new, unchanged, revised, held_back: 0 })
}

#[tokio::test]
async fn the_cursor_stays_where_it_is_when_the_store_is_out() {
    let world = World::at("2026-11-20T06:00Z");
    let fake = Fake::new(windows(7, 0));
    let visas = settings("visas", fake.clone());
    world.run(&visas, Ask::Due).await;
    assert_eq!(world.cursor(&visas).await, Some(day("2026-11-19")));

    world.store.fail(true);
    world.move_to("2026-11-22T06:00Z");
    let report = world.run(&visas, Ask::Due).await;
    let failure = report.failure().unwrap();
    assert_eq!(failure.reason, Reason::Transient);
    assert_eq!(failure.message, "the store memory is unavailable: it is out for a test");
    assert_eq!(world.cursor(&visas).await, Some(day("2026-11-19")));

    world.store.fail(false);
    assert_eq!(world.run(&visas, Ask::Due).await.outcome, stored(2, 0, 0));
    assert_eq!(world.cursor(&visas).await, Some(day("2026-11-21")));
    assert_eq!(world.rebuilt.lock().unwrap().len(), 2, "outlets hear of what is stored, and of nothing else");
}

#[tokio::test]
async fn downtime_leaves_no_hole() {
    let world = World::at("2026-10-01T06:00Z");
    let fake = Fake::new(windows(7, 2));
    let visas = settings("visas", fake.clone());
    world.run(&visas, Ask::Due).await;
    world.move_to("2026-11-22T06:00Z");
    world.run(&visas, Ask::Due).await;

    let mut expected = vec![day("2026-09-28")];
    while expected.last() < Some(&day("2026-11-21")) {
        expected.push(expected.last().unwrap().next());
    }
    assert_eq!(world.store.periods(), expected);
    assert!(fake.spans().iter().all(|span| span.last.index() - span.first.index() < 7));
}

#[tokio::test]
async fn a_window_that_fails_holds_back_those_after_it() {
    let world = World::at("2026-11-20T06:00Z");
    let broken = || Deed::Fail(CollectError::new(Reason::Malformed, "row 7 is torn"));
    let fake = Fake::new(windows(2, 0));
    let visas = settings("visas", fake.clone());
    world.run(&visas, Ask::Due).await;

    world.move_to("2026-11-26T06:00Z");
    fake.does(Deed::Give(figures("visas", &[(day("2026-11-20"), 1), (day("2026-11-21"), 1)]), None));
    fake.does(broken());
    let report = world.run(&visas, Ask::Due).await;
    assert_eq!(report.failure().unwrap().message, "row 7 is torn");
    assert_eq!(report.windows.len(), 1, "what was stored before is reported");
    assert_eq!(world.cursor(&visas).await, Some(day("2026-11-21")));

    world.run(&visas, Ask::Due).await;
    assert_eq!(fake.spans()[3], span("2026-11-22", "2026-11-23"));
    assert_eq!(world.cursor(&visas).await, Some(day("2026-11-25")));
}

#[tokio::test]
async fn look_back_picks_up_late_data() {
    let world = World::at("2026-11-20T06:00Z");
    let fake = Fake::new(windows(7, 3));
    let visas = settings("visas", fake.clone());
    world.run(&visas, Ask::Due).await;
    fake.set(day("2026-11-18"), 9);
    world.move_to("2026-11-21T06:00Z");
    assert_eq!(world.run(&visas, Ask::Due).await.outcome, stored(1, 2, 1));
    assert_eq!(world.store.value(day("2026-11-18")), Some(Value::Known(9.into())));
}

#[tokio::test]
async fn running_twice_changes_nothing() {
    let world = World::at("2026-11-20T06:00Z");
    let visas = settings("visas", Fake::new(windows(7, 3)));
    world.run(&visas, Ask::Due).await;
    let (figures, cursor) = (world.store.all(), world.cursor(&visas).await);
    assert_eq!(world.run(&visas, Ask::Due).await.outcome, stored(0, 3, 0));
    assert_eq!((world.store.all(), world.cursor(&visas).await), (figures, cursor));
    assert_eq!(world.rebuilt.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_day_asked_for_by_hand_moves_no_cursor() {
    let world = World::at("2026-11-20T06:00Z");
    let fake = Fake::new(windows(7, 0));
    let visas = settings("visas", fake.clone());
    let report = world.run(&visas, Ask::Days(date(2026, 11, 1), date(2026, 11, 30))).await;
    assert_eq!(report.outcome, stored(19, 0, 0), "days that have not ended are not asked for");
    assert_eq!(world.cursor(&visas).await, None);
}

#[tokio::test]
async fn a_backfill_resumes_and_never_moves_the_forward_cursor() {
    let world = World::at("2026-11-20T06:00Z");
    let fake = Fake::new(windows(2, 0));
    let visas = settings("visas", fake.clone());
    world.run(&visas, Ask::Due).await;
    let cursor = world.cursor(&visas).await;

    let backfill =
        Backfill::of_days(&windows(2, 0), date(2026, 11, 1), date(2026, 11, 30), &london()).unwrap();
    world.state.set_backfill(&visas.name, Some(&backfill)).await.unwrap();
    fake.does(Deed::Give(figures("visas", &[(day("2026-11-01"), 1), (day("2026-11-02"), 1)]), None));
    fake.does(Deed::Fail(CollectError::new(Reason::Quota, "the allowance of today is used up")));
    let broken = world.run(&visas, Ask::Backfill).await;
    assert_eq!(broken.failure().unwrap().reason, Reason::Quota);
    let reached = world.state.backfill(&visas.name).await.unwrap().unwrap();
    assert_eq!((reached.next, reached.progress()), (day("2026-11-03"), (2, 30)));

    while world.run(&visas, Ask::Backfill).await.more_due {}
    assert_eq!(world.state.backfill(&visas.name).await.unwrap(), None);
    assert_eq!(world.cursor(&visas).await, cursor);
    let asked_once: Vec<PeriodSpan> =
        fake.spans().into_iter().filter(|asked| *asked == span("2026-11-01", "2026-11-02")).collect();
    assert_eq!(asked_once.len(), 1, "what was stored is not asked for again");
    let november: Vec<i32> = world.store.periods().into_iter().map(kpi::Period::index).collect();
    let first = day("2026-11-01").index();
    assert_eq!(november, (first..first + 19).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_backfill_that_fails_is_not_among_the_failures_that_page() {
    let registry = Registry::new();
    let metrics = Arc::new(ProcessMetrics::register(&registry).unwrap());
    let world = World::at("2026-11-20T06:00Z");
    let refused = || Deed::Fail(CollectError::new(Reason::Auth, "the key is not accepted"));
    let visas = settings("visas", Fake::new(windows(7, 0)).then(refused()).then(refused()).then(refused()));
    let mut runner = world.runner();
    runner.events = Events::new(metrics);
    let stop = CancellationToken::new();
    let failures = || {
        let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let failed = |line: &&str| line.starts_with("pp_collector_run_failures_total{");
        text.lines().filter(failed).map(str::to_owned).collect::<Vec<_>>()
    };

    let backfill =
        Backfill::of_days(&windows(7, 0), date(2026, 10, 1), date(2026, 10, 7), &london()).unwrap();
    world.state.set_backfill(&visas.name, Some(&backfill)).await.unwrap();
    for ask in [Ask::Backfill, Ask::Days(date(2026, 10, 1), date(2026, 10, 7))] {
        let report = runner.run(&visas, Trigger::by_hand(&ask), &ask, &stop).await;
        assert_eq!(report.failure().unwrap().reason, Reason::Auth);
        assert_eq!(failures(), [""; 0], "{ask:?}");
    }
    runner.run(&visas, Trigger::Schedule, &Ask::Due, &stop).await;
    assert_eq!(failures(), ["pp_collector_run_failures_total{collector=\"visas\",reason=\"auth\"} 1"]);
}

#[tokio::test]
async fn an_unchanged_source_is_a_run_of_its_own_kind_and_is_handed_its_bookmark() {
    let world = World::at("2026-11-20T06:00Z");
    let bookmark = Some(Bookmark("etag 1".to_owned()));
    let batch = figures("visas", &[(day("2026-11-18"), 5)]);
    let fake = Fake::new(Reading::Whole).then(Deed::Give(batch, bookmark.clone())).then(Deed::Unchanged);
    let sheet = settings("sheet", fake.clone());
    assert_eq!(world.run(&sheet, Ask::Due).await.outcome, stored(1, 0, 0));
    assert_eq!(world.run(&sheet, Ask::Due).await.outcome, Outcome::Unchanged);
    let asked = fake.asked.lock().unwrap().clone();
    assert_eq!((asked[0].1, &asked[0].2), (Window::Everything, &None));
    assert_eq!(asked[1].2, bookmark);
}

#[tokio::test]
async fn a_bookmark_is_not_kept_while_a_part_of_the_answer_waits() {
    let world = World::at("2026-11-20T06:00Z");
    let bookmark = Some(Bookmark("etag 1".to_owned()));
    let with_today = || figures("visas", &[(day("2026-11-19"), 5), (day("2026-11-20"), 2)]);
    let fake = Fake::new(Reading::Whole)
        .then(Deed::Give(with_today(), bookmark.clone()))
        .then(Deed::Give(with_today(), bookmark.clone()));
    let sheet = settings("sheet", fake);
    let early = world.run(&sheet, Ask::Due).await;
    assert_eq!(early.outcome, stored(1, 0, 0));
    assert!(early.notes[0].text.contains("not ended yet"), "{:?}", early.notes);
    assert_eq!(world.state.bookmark(&sheet.name).await.unwrap(), None);

    world.move_to("2026-11-21T06:00Z");
    assert_eq!(world.run(&sheet, Ask::Due).await.outcome, stored(1, 1, 0));
    assert_eq!(world.state.bookmark(&sheet.name).await.unwrap(), bookmark);
}

#[tokio::test]
async fn a_bookmark_is_not_kept_when_the_store_is_out() {
    let world = World::at("2026-11-20T06:00Z");
    let batch = figures("visas", &[(day("2026-11-18"), 5)]);
    let fake = Fake::new(Reading::Whole).then(Deed::Give(batch, Some(Bookmark("etag 1".to_owned()))));
    let sheet = settings("sheet", fake);
    world.store.fail(true);
    world.run(&sheet, Ask::Due).await;
    assert_eq!(world.state.bookmark(&sheet.name).await.unwrap(), None);
}

#[tokio::test]
async fn a_preview_stores_and_remembers_nothing() {
    let world = World::at("2026-11-20T06:00Z");
    let visas = settings("visas", Fake::new(windows(7, 0)));
    let stop = CancellationToken::new();
    let preview = world.runner().preview(&visas, &Ask::Due, &stop).await.unwrap();
    assert_eq!(preview.figures.len(), 1);
    assert!(world.store.periods().is_empty() && world.state.reports().is_empty());
    assert_eq!(world.cursor(&visas).await, None);
}
