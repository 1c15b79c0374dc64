//! A used-up allowance is waited for: neither spent on runs that cannot succeed, nor counted as failure.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/running/mod.rs"]
mod running;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use collectors::{
    Answer, Capabilities, CollectError, Collector, Context, ProbeReport, Quota, Reason, Window,
};
use jiff::Timestamp;
use jiff::civil::date;
use kpi::CollectorName;
use kpi::period::london;
use pp_collector::metrics::ProcessMetrics;
use pp_collector::plan::Backfill;
use pp_collector::run::{Ask, Events, Meter, Outcome, Postponement, RunState as _};
use prometheus::{Registry, TextEncoder};
use running::{Deed, Fake, World, day, settings, windows};
use tokio_util::sync::CancellationToken;

fn used_up(until: &str) -> Deed {
    let error = CollectError::new(Reason::Quota, "the tokens of this hour are used up");
    Deed::Fail(error.with_resets_at(until.parse().unwrap()))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_run_that_meets_a_used_up_allowance_is_postponed_and_keeps_what_it_has() {
    let world = World::at("2026-11-20T09:20Z");
    let fake =
        Fake::new(windows(1, 2)).then(Deed::Give(running::figures("visas", &[(day("2026-11-17"), 4)]), None));
    let visas = settings("visas", fake.clone().then(used_up("2026-11-20T10:00Z")));
    let report = world.run(&visas, Ask::Due).await;
    let until = at("2026-11-20T10:00Z");
    let message = "the tokens of this hour are used up".to_owned();
    assert_eq!(report.outcome, Outcome::Postponed(Postponement { until, message }));
    assert_eq!((report.failure(), report.windows.len()), (None, 1));
    assert_eq!(world.store.periods(), [day("2026-11-17")]);
    assert_eq!(world.cursor(&visas).await, Some(day("2026-11-17")));
    // It was asked once: an allowance that is used up stays so until it is renewed.
    assert_eq!(fake.calls(), 2);
    assert_eq!(world.state.last_success(&visas.name).await.unwrap(), None);
}

#[tokio::test]
async fn the_lane_goes_on_at_the_reset_where_it_stopped() {
    let world = World::at("2026-11-20T09:20Z");
    let fake = Fake::new(windows(1, 1)).then(used_up("2026-11-20T10:00Z"));
    let (mut visas, stop) = (settings("visas", fake.clone()), CancellationToken::new());
    visas.jitter = Duration::from_secs(90);
    let (scheduler, _triggers) = world.scheduler(vec![visas], 4);
    let running = tokio::spawn(scheduler.run(stop.clone()));
    world.clock.pass(Duration::from_mins(40)).await;
    assert_eq!(fake.calls(), 1);
    world.clock.pass(Duration::from_mins(2)).await;
    assert_eq!(world.heard.all(), ["visas start postponed", "visas catch_up stored"]);
    let asked = fake.asked.lock().unwrap().iter().map(|(when, ..)| *when).collect::<Vec<_>>();
    assert_eq!(asked, ["2026-11-20T09:20:00Z", "2026-11-20T10:01:30Z", "2026-11-20T10:01:30Z"].map(at));
    stop.cancel();
    world.clock.drive(running).await.unwrap();
}

#[tokio::test]
async fn a_reset_that_has_passed_is_not_waited_for_in_a_loop() {
    let world = World::at("2026-11-20T09:20Z");
    let fake = Fake::new(windows(1, 0)).then(used_up("2026-11-20T09:00Z"));
    let (visas, stop) = (settings("visas", fake.clone()), CancellationToken::new());
    let (scheduler, _triggers) = world.scheduler(vec![visas], 4);
    let running = tokio::spawn(scheduler.run(stop.clone()));
    world.clock.pass(Duration::from_mins(14)).await;
    assert_eq!(fake.calls(), 1);
    world.clock.pass(Duration::from_mins(2)).await;
    assert_eq!(fake.calls(), 2);
    stop.cancel();
    world.clock.drive(running).await.unwrap();
}

#[tokio::test]
async fn a_backfill_waits_for_the_allowance_and_then_goes_on() {
    let world = World::at("2026-11-20T09:20Z");
    let fake = Fake::new(windows(1, 0));
    let (visas, stop) = (settings("visas", fake.clone()), CancellationToken::new());
    let name = visas.name.clone();
    let (scheduler, triggers) = world.scheduler(vec![visas], 4);
    let running = tokio::spawn(scheduler.run(stop.clone()));
    world.clock.pass(Duration::from_mins(1)).await;
    fake.does(used_up("2026-11-20T10:00Z"));
    let backfill =
        Backfill::of_days(&windows(1, 0), date(2026, 11, 1), date(2026, 11, 7), &london()).unwrap();
    triggers.backfill("visas", backfill).unwrap();
    world.clock.pass(Duration::from_mins(30)).await;
    assert!(world.state.backfill(&name).await.unwrap().is_some());
    world.clock.pass(Duration::from_mins(10)).await;
    assert_eq!(world.state.backfill(&name).await.unwrap(), None);
    let expected = ["start stored", "backfill postponed", "backfill stored", "backfill stored"];
    assert_eq!(world.heard.all(), expected.map(|what| format!("visas {what}")));
    stop.cancel();
    world.clock.drive(running).await.unwrap();
}

/// Says what is left of two allowances, of which one has a stated size, and answers like a [`Fake`].
struct Metered(Arc<Fake>);

#[async_trait]
impl Collector for Metered {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        self.0.probe(context).await
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        let quota =
            |name: &str, limit| Quota { name: name.to_owned(), remaining: 30, limit, resets_at: None };
        context.quota.record(quota("requests_per_hour", Some(120)));
        context.quota.record(quota("tokens_per_day", None));
        self.0.collect(window, context).await
    }
}

#[tokio::test]
async fn gauges_show_what_is_left_and_what_is_missing_until_the_collector_is_gone() {
    let registry = Registry::new();
    let metrics = Arc::new(ProcessMetrics::register(&registry).unwrap());
    let world = World::at("2026-11-20T09:20Z");
    let fake = Fake::new(windows(1, 0)).then(used_up("2026-11-20T10:00Z"));
    let mut visas = settings("visas", Arc::new(Metered(fake)));
    visas.start = Some(date(2026, 11, 15));
    let mut runner = world.runner();
    runner.events = Events::new(metrics.clone());
    let shown = || {
        let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let ours = |line: &&str| line.starts_with("pp_api_quota") || line.starts_with("pp_collector_periods");
        text.lines().filter(ours).map(str::to_owned).collect::<Vec<_>>()
    };
    let left = "pp_api_quota_remaining_ratio{collector=\"visas\",quota=\"requests_per_hour\"} 0.25";
    let missing = |count| format!("pp_collector_periods_missing{{collector=\"visas\"}} {count}");
    let stop = CancellationToken::new();
    for count in [5, 0] {
        runner.run(&visas, pp_collector::run::Trigger::Schedule, &Ask::Due, &stop).await;
        assert_eq!(shown(), [left.to_owned(), missing(count)]);
    }
    world.move_to("2026-11-22T09:20Z");
    world.store.fail(true);
    runner.run(&visas, pp_collector::run::Trigger::Schedule, &Ask::Due, &stop).await;
    assert_eq!(shown(), [left.to_owned(), missing(2)]);
    metrics.collector_gone(&visas.name);
    assert_eq!(shown(), [""; 0]);
}

#[derive(Default)]
struct Missing(Mutex<Vec<Option<usize>>>);

impl Meter for Missing {
    fn periods_missing(&self, _: &CollectorName, count: Option<usize>) {
        self.0.lock().unwrap().push(count);
    }
}

#[tokio::test]
async fn a_source_read_whole_has_no_periods_to_miss() {
    let world = World::at("2026-11-20T09:20Z");
    let sheet = settings("sheet", Fake::new(collectors::Reading::Whole));
    let missing = Arc::new(Missing::default());
    let mut runner = world.runner();
    runner.events = Events::new(missing.clone());
    runner.run(&sheet, pp_collector::run::Trigger::Schedule, &Ask::Due, &CancellationToken::new()).await;
    assert_eq!(*missing.0.lock().unwrap(), [None]);
}
