//! One collector's failure, panic or slowness never stops the others; no collector runs twice at once;
//! and a stop waits, then names who is late.
#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the verdict")]

#[path = "support/running/mod.rs"]
mod running;

use std::sync::Arc;
use std::time::Duration;

use collectors::{Clock as _, CollectError, Reason};
use jiff::civil::date;
use kpi::CollectorName;
use kpi::period::london;
use pp_collector::config::settings::CollectorSettings;
use pp_collector::plan::Backfill;
use pp_collector::run::{Ask, RunState as _, Stopped, TriggerError, Triggers};
use running::{Deed, Fake, World, day, settings, settle, windows};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A scheduler that is running.
struct Running {
    triggers: Triggers,
    shutdown: CancellationToken,
    task: JoinHandle<Stopped>,
}

async fn start(world: &World, collectors: Vec<CollectorSettings>, concurrency: usize) -> Running {
    let (scheduler, triggers) = world.scheduler(collectors, concurrency);
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(scheduler.run(shutdown.clone()));
    settle().await;
    Running { triggers, shutdown, task }
}

impl Running {
    async fn stop(self, world: &World) -> Stopped {
        self.shutdown.cancel();
        world.clock.drive(self.task).await.unwrap()
    }
}

fn name(text: &str) -> CollectorName {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_failing_a_panicking_and_a_hanging_collector_do_not_stop_the_others() {
    let world = World::at("2026-11-20T06:00Z");
    let failing =
        Fake::new(windows(7, 0)).then(Deed::Fail(CollectError::new(Reason::Auth, "the key is refused")));
    let panicking = Fake::new(windows(7, 0)).then(Deed::Panic);
    let hanging = Fake::new(windows(7, 0)).then(Deed::Hang);
    let well = Fake::new(windows(7, 0));
    let all = vec![
        settings("failing", failing),
        settings("hanging", hanging),
        settings("panicking", panicking),
        settings("well", well),
    ];
    let running = start(&world, all, 2).await;
    let ended_before_the_deadline = world.heard.all();
    assert!(
        ended_before_the_deadline.contains(&"well start stored".to_owned()),
        "{ended_before_the_deadline:?}"
    );
    world.clock.pass(HOUR).await;
    let reports = world.state.reports();
    let failure = |who: &str| {
        let report = reports.iter().find(|report| report.collector == name(who)).unwrap();
        let failure = report.failure().unwrap();
        (failure.reason, failure.message.clone())
    };
    assert_eq!(failure("failing"), (Reason::Auth, "the key is refused".to_owned()));
    let (reason, message) = failure("hanging");
    assert_eq!(reason, Reason::Transient);
    assert!(message.starts_with("not done within its deadline of 300 seconds"), "{message}");
    let (reason, message) = failure("panicking");
    assert_eq!(reason, Reason::Malformed);
    assert!(
        message.starts_with("the collector panicking of kind fake broke down on 2026-11-19"),
        "{message}"
    );

    world.clock.pass(DAY).await;
    let recovered = ["failing", "hanging", "panicking", "well"].map(|who| format!("{who} schedule stored"));
    assert!(recovered.iter().all(|line| world.heard.all().contains(line)), "{:?}", world.heard.all());
    assert_eq!(running.stop(&world).await, Stopped::default());
}

#[tokio::test]
async fn a_collector_runs_at_start_up_where_a_run_was_missed_and_only_once() {
    let world = World::at("2026-11-20T07:00Z");
    let fake = Fake::new(windows(70, 0));
    let collectors = || vec![settings("visas", fake.clone())];
    start(&world, collectors(), 1).await.stop(&world).await;
    assert_eq!(fake.calls(), 1, "it had never run");

    world.clock.advance(HOUR);
    start(&world, collectors(), 1).await.stop(&world).await;
    assert_eq!(fake.calls(), 1, "nothing was missed in an hour");

    world.clock.advance(30 * DAY);
    let running = start(&world, collectors(), 1).await;
    assert_eq!(fake.calls(), 2, "a month of missed runs is one run");
    assert_eq!(world.store.periods().len(), 31);
    world.clock.pass(DAY).await;
    assert_eq!(fake.calls(), 3);
    running.stop(&world).await;
}

#[tokio::test]
async fn days_of_the_past_collected_by_hand_do_not_stand_for_a_missed_run() {
    let world = World::at("2026-11-20T07:00Z");
    let fake = Fake::new(windows(70, 0));
    let visas = settings("visas", fake.clone());
    start(&world, vec![visas.clone()], 1).await.stop(&world).await;
    // The daemon is down at six, and meanwhile somebody fills in history.
    world.clock.advance(DAY);
    let report = world.run(&visas, Ask::Days(date(2026, 1, 1), date(2026, 1, 2))).await;
    assert!(report.is_success(), "{report:#?}");
    start(&world, vec![visas], 1).await.stop(&world).await;
    assert_eq!(world.state.cursor(&name("visas")).await.unwrap(), Some(day("2026-11-20")));
}

#[tokio::test]
async fn scheduled_runs_keep_to_the_clock_and_its_jitter() {
    let world = World::at("2027-03-26T12:00Z");
    let fake = Fake::new(windows(70, 0));
    let visas = CollectorSettings { jitter: Duration::from_mins(10), ..settings("visas", fake.clone()) };
    let running = start(&world, vec![visas], 1).await;
    world.clock.pass(3 * DAY).await;
    let asked: Vec<String> = fake.asked.lock().unwrap().iter().map(|(at, ..)| at.to_string()).collect();
    // 06:00 in London is 05:00 in UTC once the clocks have gone forward on the 28th.
    let expected =
        ["2027-03-26T12:00:00Z", "2027-03-27T06:10:00Z", "2027-03-28T05:10:00Z", "2027-03-29T05:10:00Z"];
    assert_eq!(asked, expected);
    running.stop(&world).await;
}

#[tokio::test]
async fn a_collector_runs_once_at_a_time_and_a_full_queue_says_so() {
    let world = World::at("2026-11-20T06:00Z");
    let fake = Fake::new(windows(7, 0)).then(Deed::Hang);
    let running = start(&world, vec![settings("visas", fake.clone())], 4).await;
    let waiting: Vec<_> = (0..4).map(|_| running.triggers.run_now("visas", Ask::Due).unwrap()).collect();
    settle().await;
    assert_eq!(fake.calls(), 1, "the runs by hand wait for the one under way");

    let full = running.triggers.run_now("visas", Ask::Due).unwrap_err();
    assert_eq!(full, TriggerError::Full { name: "visas".to_owned() });
    assert_eq!(full.to_string(), "4 runs of visas are waiting already; try again once one has finished");
    assert!(world.heard.all().contains(&"visas refused".to_owned()));
    let unknown = running.triggers.run_now("vises", Ask::Due).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no collector \"vises\"; there are visas");

    world.clock.pass(Duration::from_mins(5)).await;
    for report in waiting {
        assert_eq!(report.await.unwrap().failure(), None);
    }
    let triggers = running.triggers.clone();
    running.stop(&world).await;
    let stopping = triggers.run_now("visas", Ask::Due).unwrap_err();
    assert_eq!(stopping, TriggerError::Stopping { name: "visas".to_owned() });
}

#[tokio::test]
async fn no_more_collectors_run_at_once_than_allowed() {
    let world = World::at("2026-11-20T06:00Z");
    let fakes: Vec<Arc<Fake>> = (0..3).map(|_| Fake::new(windows(7, 0)).then(Deed::Hang)).collect();
    let calls = || fakes.iter().map(|fake| fake.calls()).sum::<usize>();
    let all = fakes.iter().enumerate().map(|(at, fake)| settings(&format!("c{at}"), fake.clone())).collect();
    let running = start(&world, all, 2).await;
    assert_eq!(calls(), 2);
    world.clock.pass(Duration::from_mins(5)).await;
    assert_eq!(calls(), 3);
    running.stop(&world).await;
}

#[tokio::test]
async fn a_stop_waits_for_runs_then_cancels_and_names_the_late() {
    let world = World::at("2026-11-20T06:00Z");
    let late = Fake::new(windows(7, 0)).then(Deed::Hang);
    let all = vec![settings("late", late), settings("well", Fake::new(windows(7, 0)))];
    let running = start(&world, all, 2).await;
    let before = world.clock.now();
    let stopped = running.stop(&world).await;
    assert_eq!(stopped.late, [name("late")]);
    assert_eq!(world.clock.now().duration_since(before).as_secs(), 30, "the grace, and no longer");
    let reports = world.state.reports();
    let report = reports.iter().find(|report| report.collector == name("late")).unwrap();
    assert!(report.failure().unwrap().message.starts_with("stopped with the program"), "the ledger knows");
    assert_eq!(world.state.cursor(&name("late")).await.unwrap(), None);
}

#[tokio::test]
async fn a_stop_lets_a_run_that_can_finish_finish() {
    let world = World::at("2026-11-20T06:00Z");
    let slow = CollectError::new(Reason::Throttled, "slow down").with_retry_after(Duration::from_secs(10));
    let fake = Fake::new(windows(7, 0)).then(Deed::Fail(slow));
    let running = start(&world, vec![settings("visas", fake)], 2).await;
    assert_eq!(running.stop(&world).await.late, []);
    assert_eq!(world.store.periods(), [day("2026-11-19")]);
}

#[tokio::test]
async fn a_backfill_goes_on_between_scheduled_runs_until_it_ends_and_over_restarts() {
    let world = World::at("2026-11-20T07:00Z");
    let fake = Fake::new(windows(1, 0));
    let visas = settings("visas", fake.clone());
    let running = start(&world, vec![visas.clone()], 1).await;
    fake.does(Deed::Fail(CollectError::new(Reason::Quota, "the allowance of today is used up")));
    let backfill =
        Backfill::of_days(&windows(1, 0), date(2026, 10, 1), date(2026, 10, 31), &london()).unwrap();
    running.triggers.backfill("visas", backfill).unwrap();
    settle().await;
    assert_eq!(world.store.periods().len(), 1, "a backfill that fails waits for a good run");
    running.stop(&world).await;

    let restarted = start(&world, vec![visas], 1).await;
    for _ in 0..10 {
        settle().await;
    }
    assert_eq!(world.store.periods().len(), 32);
    assert_eq!(world.state.backfill(&name("visas")).await.unwrap(), None);
    assert_eq!(world.state.cursor(&name("visas")).await.unwrap(), Some(day("2026-11-19")));
    restarted.stop(&world).await;
}

#[tokio::test]
async fn a_start_again_remembers_the_last_success_so_that_lateness_is_seen_at_once() {
    let world = World::at("2026-11-20T07:00Z");
    let visas = settings("visas", Fake::new(windows(1, 0)));
    start(&world, vec![visas.clone()], 1).await.stop(&world).await;
    world.clock.advance(HOUR);
    start(&world, vec![visas], 1).await.stop(&world).await;
    assert_eq!(world.heard.all(), ["visas start stored", "visas had succeeded at 2026-11-20T07:00:00Z"]);
}

#[tokio::test]
async fn a_quota_is_waited_out() {
    let world = World::at("2026-11-20T07:00Z");
    let used_up = CollectError::new(Reason::Quota, "used up").with_retry_after(3 * HOUR);
    let fake = Fake::new(windows(7, 0)).then(Deed::Fail(used_up));
    let running = start(&world, vec![settings("visas", fake.clone())], 1).await;
    world.clock.pass(3 * HOUR).await;
    let asked: Vec<String> = fake.asked.lock().unwrap().iter().map(|(at, ..)| at.to_string()).collect();
    assert_eq!(asked, ["2026-11-20T07:00:00Z", "2026-11-20T10:00:00Z"]);
    running.stop(&world).await;
}

#[tokio::test]
async fn a_failure_that_may_pass_does_not_cost_a_day() {
    let world = World::at("2026-11-20T07:00Z");
    let fake = Fake::new(windows(7, 0));
    let visas = CollectorSettings { retries: 0, ..settings("visas", fake.clone()) };
    (0..3).for_each(|_| fake.does(Deed::Fail(CollectError::new(Reason::Transient, "connection refused"))));
    let running = start(&world, vec![visas], 1).await;
    world.clock.pass(12 * HOUR).await;
    let asked: Vec<String> = fake.asked.lock().unwrap().iter().map(|(at, ..)| at.to_string()).collect();
    assert_eq!(
        asked,
        ["2026-11-20T07:00:00Z", "2026-11-20T07:15:00Z", "2026-11-20T07:45:00Z", "2026-11-20T08:45:00Z"]
    );
    running.stop(&world).await;
}

#[tokio::test]
async fn a_failure_that_will_not_pass_waits_for_the_schedule() {
    let world = World::at("2026-11-20T07:00Z");
    let fake =
        Fake::new(windows(7, 0)).then(Deed::Fail(CollectError::new(Reason::Auth, "the key is refused")));
    let running = start(&world, vec![settings("visas", fake.clone())], 1).await;
    world.clock.pass(22 * HOUR).await;
    assert_eq!(fake.calls(), 1);
    world.clock.pass(HOUR).await;
    assert_eq!(fake.calls(), 2);
    running.stop(&world).await;
}

#[tokio::test]
async fn what_the_cap_leaves_over_is_caught_up_at_once() {
    let world = World::at("2026-11-20T07:00Z");
    let fake = Fake::new(windows(1, 0));
    let visas = CollectorSettings { start: Some(date(2026, 1, 1)), ..settings("visas", fake) };
    let running = start(&world, vec![visas], 1).await;
    for _ in 0..20 {
        settle().await;
    }
    assert_eq!(world.store.periods().len(), 323);
    let runs =
        ["visas start stored", "visas catch_up stored", "visas catch_up stored", "visas catch_up stored"];
    assert_eq!(world.heard.all(), runs);
    running.stop(&world).await;
}
