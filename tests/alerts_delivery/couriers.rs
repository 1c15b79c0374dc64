//! How couriers go about it: queues apart, patience by class of failure, quiet hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use collectors::Clock;
use jiff::Timestamp;
use pp_collector::alerts::deliver::{Critical, QuietHours};
use pp_collector::alerts::state::AlertBook;
use pp_collector::alerts::{Event, Resolution};
use tokio_util::sync::CancellationToken;

use crate::land::*;
use crate::stand_in::StandIn;

fn hook(
    stand_in: &StandIn,
    name: &str,
) -> (tempfile::TempDir, pp_collector::config::settings::ReceiverSettings) {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("url = {:?}\nsecret = {}", stand_in.address, secret(&folder, "key", "hunter2"));
    (folder, receiver(name, "webhook", &settings))
}

async fn raised(book: &AlertBook, receivers: &[&str]) {
    book.record(vec![decision(Event::Raised(fall("renew-a-licence")), receivers)], at(NOW)).await.unwrap();
}

fn go_on() -> CancellationToken {
    CancellationToken::new()
}

#[tokio::test]
async fn a_restart_tells_nobody_twice() {
    let (book, clock, stand_in) = (book(), clock(), StandIn::answering(200, "").await);
    let (_folder, settings) = hook(&stand_in, "office");
    raised(&book, &["office"]).await;
    for _ in 0..3 {
        let again = courier(settings.clone(), &book, &clock).round(&go_on()).await.unwrap();
        assert_eq!(again, None);
    }
    assert_eq!(stand_in.told().len(), 1);
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_no_sooner_than_asked_for_with_the_same_words() {
    let status = Arc::new(AtomicU16::new(503));
    let answer = Arc::clone(&status);
    let stand_in = StandIn::start(move |_| {
        (answer.load(Ordering::SeqCst), vec![("retry-after", "120".to_owned())], String::new())
    })
    .await;
    let (book, clock) = (book(), clock());
    let (_folder, settings) = hook(&stand_in, "office");
    raised(&book, &["office"]).await;
    let courier = courier(settings, &book, &clock);
    let again = courier.round(&go_on()).await.unwrap().unwrap();
    // What was asked for, and the jitter of a first failure on top.
    assert_eq!(again.duration_since(clock.now()).as_secs(), 120 + 10);
    assert_eq!(courier.round(&go_on()).await.unwrap(), Some(again), "nothing is sent before");
    assert_eq!(stand_in.told().len(), 1);
    clock.advance(Duration::from_secs(130));
    status.store(200, Ordering::SeqCst);
    assert_eq!(courier.round(&go_on()).await.unwrap(), None);
    let told = stand_in.told();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].body, told[1].body);
    assert_eq!(told[0].header("webhook-id"), told[1].header("webhook-id"));
}

#[tokio::test]
async fn what_somebody_has_to_mend_is_tried_by_the_hour_and_in_the_end_given_up() {
    let (book, clock, stand_in) = (book(), clock(), StandIn::answering(404, "gone").await);
    let (_folder, settings) = hook(&stand_in, "office");
    raised(&book, &["office"]).await;
    let courier = courier(settings, &book, &clock);
    let again = courier.round(&go_on()).await.unwrap().unwrap();
    assert_eq!(again.duration_since(clock.now()).as_secs(), 3600);
    clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(courier.round(&go_on()).await.unwrap(), None);
    assert_eq!(stand_in.told().len(), 1, "given up without another attempt");
    assert!(!book.open().await.unwrap().is_empty(), "the alert itself stays");
}

#[tokio::test]
async fn a_restart_or_reload_tries_at_once_what_waits() {
    let (book, clock, stand_in) = (book(), clock(), StandIn::answering(401, "").await);
    let (_folder, settings) = hook(&stand_in, "office");
    raised(&book, &["office"]).await;
    let courier = courier(settings, &book, &clock);
    courier.round(&go_on()).await.unwrap();
    book.release().await.unwrap();
    courier.round(&go_on()).await.unwrap();
    assert_eq!(stand_in.told().len(), 2);
}

#[tokio::test]
async fn after_a_passing_failure_the_rest_of_the_queue_is_not_tried() {
    let (book, clock, stand_in) = (book(), clock(), StandIn::answering(500, "").await);
    let (_folder, settings) = hook(&stand_in, "office");
    raised(&book, &["office"]).await;
    book.record(vec![decision(Event::Raised(fall("tax-a-vehicle")), &["office"])], at(NOW)).await.unwrap();
    courier(settings, &book, &clock).round(&go_on()).await.unwrap();
    assert_eq!(stand_in.told().len(), 1);
}

#[tokio::test]
async fn a_refused_message_does_not_hold_up_the_next() {
    let stand_in = StandIn::start(|told| {
        (if told.body.contains("renew-a-licence") { 400 } else { 200 }, Vec::new(), String::new())
    })
    .await;
    let (book, clock) = (book(), clock());
    let (_folder, settings) = hook(&stand_in, "office");
    raised(&book, &["office"]).await;
    book.record(vec![decision(Event::Raised(fall("tax-a-vehicle")), &["office"])], at(NOW)).await.unwrap();
    courier(settings, &book, &clock).round(&go_on()).await.unwrap();
    assert_eq!(stand_in.told().len(), 2);
    assert_eq!(book.waiting(&"office".parse().unwrap()).await.unwrap().len(), 1);
}

/// One receiver takes a connection and says nothing; the other is told all the same, by its own courier.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_receiver_delays_no_other() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let stand_in = StandIn::start(move |_| {
        told.send(()).unwrap();
        (200, Vec::new(), String::new())
    })
    .await;
    let (book, clock) = (book(), clock());
    let (_folder, good) = hook(&stand_in, "good");
    let folder = tempfile::tempdir().unwrap();
    let dead = format!(
        "url = \"http://{}/\"\nsecret = {}",
        silent.local_addr().unwrap(),
        secret(&folder, "key", "hunter2")
    );
    raised(&book, &["dead", "good"]).await;
    let stop = go_on();
    let dead = tokio::spawn(courier(receiver("dead", "webhook", &dead), &book, &clock).run(stop.clone()));
    let good = tokio::spawn(courier(good, &book, &clock).run(stop.clone()));
    hears.recv().await.unwrap();
    stop.cancel();
    good.await.unwrap();
    assert!(!dead.is_finished(), "it still waits for an answer");
    dead.abort();
    assert_eq!(book.waiting(&"dead".parse().unwrap()).await.unwrap().len(), 1);
    assert!(book.waiting(&"good".parse().unwrap()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_receiver_without_an_answer_has_failed_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (book, clock) = (book(), clock());
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "url = \"http://{}/\"\nsecret = {}",
        silent.local_addr().unwrap(),
        secret(&folder, "key", "hunter2")
    );
    raised(&book, &["dead"]).await;
    let courier = courier(receiver("dead", "webhook", &settings), &book, &clock);
    let (stop, taken) = (go_on(), async {
        let connection = silent.accept().await.unwrap();
        clock.advance(Duration::from_secs(30));
        std::future::pending::<()>().await;
        drop(connection);
    });
    let again = tokio::select! {
        again = courier.round(&stop) => again.unwrap(),
        () = taken => unreachable!(),
    };
    assert!(again.is_some());
}

#[tokio::test]
async fn in_quiet_hours_a_warning_waits_and_a_critical_alert_passes_where_it_may() {
    let (book, clock, stand_in) = (book(), clock(), StandIn::answering(200, "").await);
    let (_folder, mut settings) = hook(&stand_in, "office");
    let quiet = |critical| QuietHours {
        from: "18:00".parse().unwrap(),
        to: "11:30".parse().unwrap(),
        weekends: true,
        zone: kpi::period::london(),
        critical,
    };
    raised(&book, &["office"]).await;
    settings.quiet_hours = Some(quiet(Critical::Passes));
    let again = courier(settings.clone(), &book, &clock).round(&go_on()).await.unwrap();
    assert_eq!(again, Some("2026-11-23T11:30:00Z".parse::<Timestamp>().unwrap()));
    assert!(stand_in.told().is_empty());
    book.record(vec![decision(Event::Worsened(worse(&fall("renew-a-licence"))), &["office"])], at(NOW))
        .await
        .unwrap();
    let strict = pp_collector::config::settings::ReceiverSettings {
        quiet_hours: Some(quiet(Critical::Waits)),
        ..settings.clone()
    };
    assert!(courier(strict, &book, &clock).round(&go_on()).await.unwrap().is_some());
    assert!(stand_in.told().is_empty());
    assert_eq!(courier(settings, &book, &clock).round(&go_on()).await.unwrap(), None);
    assert_eq!(stand_in.told().len(), 1);
}

#[tokio::test]
async fn what_came_and_went_in_quiet_hours_bothers_nobody() {
    let (book, clock, stand_in) = (book(), clock(), StandIn::answering(200, "").await);
    let (_folder, mut settings) = hook(&stand_in, "office");
    settings.quiet_hours = Some(QuietHours {
        from: "09:00".parse().unwrap(),
        to: "12:00".parse().unwrap(),
        weekends: false,
        zone: kpi::period::london(),
        critical: Critical::Waits,
    });
    raised(&book, &["office"]).await;
    courier(settings.clone(), &book, &clock).round(&go_on()).await.unwrap();
    let end = ended(&fall("renew-a-licence"), Resolution::Revised);
    book.record(vec![decision(Event::Resolved(end), &["office"])], at(NOW)).await.unwrap();
    clock.advance(Duration::from_hours(3));
    assert_eq!(courier(settings, &book, &clock).round(&go_on()).await.unwrap(), None);
    assert!(stand_in.told().is_empty());
}

#[tokio::test]
async fn an_end_is_not_told_before_the_beginning() {
    let stand_in = StandIn::start(|told| {
        (if told.body.contains("alert.raised") { 400 } else { 200 }, Vec::new(), String::new())
    })
    .await;
    let (book, clock) = (book(), clock());
    let (_folder, settings) = hook(&stand_in, "office");
    raised(&book, &["office"]).await;
    let courier = courier(settings, &book, &clock);
    courier.round(&go_on()).await.unwrap();
    let end = ended(&fall("renew-a-licence"), Resolution::Recovered);
    book.record(vec![decision(Event::Resolved(end), &["office"])], at(NOW)).await.unwrap();
    courier.round(&go_on()).await.unwrap();
    assert_eq!(stand_in.told().len(), 1);
}
