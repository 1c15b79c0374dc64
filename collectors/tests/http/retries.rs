use std::sync::{Arc, Mutex};
use std::time::Duration;

use collectors::clock::ManualClock;
use collectors::http::{Address, Answered, HostLimit, Http, Request, RequestMeter, client};
use collectors::{MachineRandomness, Randomness, Reason};
use proptest::prelude::*;
use rstest::rstest;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::{RawServer, TIMEOUT, Then, address, layer};

async fn failing(times: u64, template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(template).up_to_n_times(times).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    server
}

fn request(server: &MockServer) -> Request {
    Request::get(address(server)).timeout(TIMEOUT).attempts(8).host_limit(HostLimit::concurrent(4))
}

fn seconds(all: &[u64]) -> Vec<Duration> {
    all.iter().copied().map(Duration::from_secs).collect()
}

#[tokio::test]
async fn waits_double_up_to_a_minute() {
    let server = failing(7, ResponseTemplate::new(502)).await;
    let (http, clock) = layer();
    http.send(request(&server)).await.unwrap();
    assert_eq!(clock.sleeps(), seconds(&[1, 2, 4, 8, 16, 32, 60]));
}

#[rstest]
#[case("7")]
#[case("Mon, 16 Nov 2026 09:00:07 GMT")]
#[tokio::test]
async fn what_the_source_asks_for_is_waited_and_a_jitter_on_top(#[case] retry_after: &str) {
    let server = failing(1, ResponseTemplate::new(429).insert_header("retry-after", retry_after)).await;
    let (http, clock) = layer();
    http.send(request(&server)).await.unwrap();
    assert_eq!(clock.sleeps(), seconds(&[8]));
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_runner() {
    let server = failing(1, ResponseTemplate::new(503).insert_header("retry-after", "3600")).await;
    let (http, clock) = layer();
    let error = http.send(request(&server)).await.unwrap_err();
    assert_eq!((error.reason(), error.retry_after()), (Reason::Transient, Some(Duration::from_hours(1))));
    assert!(clock.sleeps().is_empty());
}

#[tokio::test]
async fn no_wait_reaches_the_end_of_the_run() {
    let server = failing(9, ResponseTemplate::new(503)).await;
    let (http, _) = layer();
    // The waits are 1, 2, 4 … seconds: a third one would end at 7.
    let deadline = "2026-11-16T09:00:07Z".parse().unwrap();
    let error = http.until(deadline).send(request(&server)).await.unwrap_err();
    assert!(error.to_string().contains("answered 503"), "the reason, not the deadline: {error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn attempts_are_counted() {
    let server = failing(9, ResponseTemplate::new(503)).await;
    let (http, _) = layer();
    http.send(request(&server).attempts(2)).await.unwrap_err();
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
    http.send(request(&server).attempts(0)).await.unwrap_err();
    assert_eq!(server.received_requests().await.unwrap().len(), 3, "a request is sent once at least");
}

#[tokio::test]
async fn a_host_is_asked_no_more_often_than_allowed() {
    let server = failing(1, ResponseTemplate::new(200)).await;
    let (http, clock) = layer();
    let limit = HostLimit::concurrent(1).per(6, Duration::from_mins(1));
    for _ in 0..3 {
        http.send(request(&server).host_limit(limit)).await.unwrap();
    }
    assert_eq!(clock.sleeps(), seconds(&[10, 10]));
}

/// Four requests are let in, and the others wait although nothing else holds them up.
#[tokio::test]
async fn a_host_gets_only_so_many_requests_at_once() {
    let server = RawServer::start(vec![Then::Hang(Vec::new())]).await;
    let clock = ManualClock::new("2026-11-16T09:00:00Z".parse().unwrap());
    let http = Http::new(client().unwrap(), Arc::new(clock.clone()), Arc::new(MachineRandomness));
    let limit = HostLimit::concurrent(4);
    for _ in 0..10 {
        let request = Request::get(server.address.clone()).timeout(TIMEOUT).host_limit(limit).attempts(1);
        let http = http.clone();
        tokio::spawn(async move { http.send(request).await });
    }
    clock.limited(4).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(clock.time_limits(), 4, "an attempt that has begun has a time limit");
    clock.advance(TIMEOUT);
    clock.limited(8).await;
}

proptest! {
    #[test]
    fn chance_stays_in_its_range(milliseconds in 0_u64..100_000) {
        let longest = Duration::from_millis(milliseconds);
        prop_assert!(MachineRandomness.up_to(longest) <= longest);
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Counted(Mutex<Vec<&'static str>>);

impl RequestMeter for Counted {
    fn request(&self, answered: Answered, _: Duration) {
        self.0.lock().unwrap().push(answered.as_str());
    }
}

#[tokio::test]
async fn every_attempt_is_counted_by_the_class_of_its_answer() {
    let server = failing(1, ResponseTemplate::new(503)).await;
    let (http, _) = layer();
    let counted = Arc::new(Counted::default());
    let http = http.metered(Arc::clone(&counted) as _);
    http.send(request(&server)).await.unwrap();
    let nowhere = Address::parse("http://127.0.0.1:9/").unwrap();
    http.send(Request::get(nowhere).attempts(1)).await.unwrap_err();
    assert_eq!(*counted.0.lock().unwrap(), ["5xx", "2xx", "error"]);
}
