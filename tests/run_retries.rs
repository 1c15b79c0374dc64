//! Failures that may pass are tried again within the run's deadline, as the source asks; others are not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a panic is the verdict"
)]

#[path = "support/running/mod.rs"]
mod running;

use std::sync::Arc;
use std::time::Duration;

use collectors::{CollectError, Reason};
use pp_collector::config::settings::CollectorSettings;
use pp_collector::run::Ask;
use rstest::rstest;
use running::{Deed, Fake, World, settings, windows};

fn failing(times: usize, error: impl Fn() -> CollectError) -> Arc<Fake> {
    let fake = Fake::new(windows(7, 0));
    (0..times).for_each(|_| fake.does(Deed::Fail(error())));
    fake
}

/// Seconds after the first call at which calls were made.
fn calls(fake: &Fake) -> Vec<i64> {
    let asked = fake.asked.lock().unwrap();
    asked.iter().map(|(at, ..)| at.duration_since(asked[0].0).as_secs()).collect()
}

#[rstest]
#[case(Reason::Transient, 4)]
#[case(Reason::Throttled, 4)]
#[case(Reason::Quota, 1)]
#[case(Reason::Config, 1)]
#[case(Reason::Auth, 1)]
#[case(Reason::Permission, 1)]
#[case(Reason::Malformed, 1)]
#[tokio::test]
async fn only_failures_that_may_pass_are_tried_again(#[case] reason: Reason, #[case] attempts: usize) {
    let world = World::at("2026-11-20T06:00Z");
    let fake = failing(9, || CollectError::new(reason, "no").with_details(vec!["line 1".to_owned()]));
    let report = world.run(&settings("visas", fake.clone()), Ask::Due).await;
    let failure = report.failure().unwrap();
    assert_eq!(
        (failure.reason, failure.message.as_str(), &*failure.details),
        (reason, "no", &["line 1".to_owned()][..])
    );
    assert_eq!(fake.calls(), attempts);
}

#[tokio::test]
async fn waits_grow_and_a_late_success_is_a_success() {
    let world = World::at("2026-11-20T06:00Z");
    let fake = failing(3, || CollectError::new(Reason::Transient, "connection reset"));
    let report = world.run(&settings("visas", fake.clone()), Ask::Due).await;
    assert_eq!(report.failure(), None);
    assert_eq!(calls(&fake), [0, 1, 3, 7], "1, 2 and 4 seconds where chance takes the longest");
    assert_eq!(
        world.heard.all(),
        ["visas retried transient"; 3].into_iter().chain(["visas schedule stored"]).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn the_wait_a_source_asks_for_is_honoured() {
    let world = World::at("2026-11-20T06:00Z");
    let wait = Duration::from_secs(90);
    let fake = failing(1, || CollectError::new(Reason::Throttled, "slow down").with_retry_after(wait));
    world.run(&settings("visas", fake.clone()), Ask::Due).await;
    assert_eq!(calls(&fake), [0, 91]);
}

#[tokio::test]
async fn a_wait_past_the_deadline_fails_at_once_with_its_own_reason() {
    let world = World::at("2026-11-20T06:00Z");
    let wait = Duration::from_hours(1);
    let fake = failing(1, || CollectError::new(Reason::Throttled, "slow down").with_retry_after(wait));
    let report = world.run(&settings("visas", fake.clone()), Ask::Due).await;
    let failure = report.failure().unwrap();
    assert_eq!((failure.reason, failure.retry_after), (Reason::Throttled, Some(wait)));
    assert_eq!(report.duration(), Duration::ZERO);
}

#[tokio::test]
async fn a_run_ends_at_its_deadline() {
    let world = World::at("2026-11-20T06:00Z");
    let fake = Fake::new(windows(7, 0)).then(Deed::Hang);
    let visas = CollectorSettings { deadline: Duration::from_secs(20), ..settings("visas", fake) };
    let report = world.run(&visas, Ask::Due).await;
    assert_eq!(report.duration(), Duration::from_secs(20));
    let message = &report.failure().unwrap().message;
    assert_eq!(
        message,
        "not done within its deadline of 20 seconds; what is stored stays stored, and the next run goes on; where this \
repeats, give the collector a longer deadline"
    );
}
