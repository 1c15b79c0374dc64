//! What happens over several properties, runs and questions.
#![cfg(feature = "ga4")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use collectors::{CollectError, Collector, PeriodSpan, Quota, QuotaMeter, Reason, Window};
use kpi::{Batch, Period, PeriodKind};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use support::recorded::at;
use support::{batch, collector};
use wiremock::matchers::{path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const NOW: &str = "2026-11-23T09:20:00Z";

fn report(tokens_left: u64) -> Value {
    json!({
        "dimensionHeaders": [{"name": "date"}, {"name": "eventName"}],
        "metricHeaders": [{"name": "eventCount", "type": "TYPE_INTEGER"}],
        "rows": [{"dimensionValues": [{"value": "20261118"}, {"value": "start"}], "metricValues": [{"value": "7"}]}],
        "rowCount": 1,
        "metadata": {"timeZone": "Europe/London"},
        "propertyQuota": {"tokensPerDay": {"consumed": 3, "remaining": tokens_left}, "tokensPerHour": {}},
    })
}

fn refusal(code: u16, status: &str) -> ResponseTemplate {
    let error = json!({"code": code, "status": status, "message": "No."});
    ResponseTemplate::new(code).set_body_json(json!({"error": error}))
}

fn two_properties(server: &MockServer) -> Arc<dyn Collector> {
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/ga4/testcases/fake-key.json");
    let service = |id: u8| format!("[services.service-{id}]\nproperty = {id}\nstarted = \"start\"\n");
    let settings =
        format!("key = {{ file = {key:?} }}\napi = \"{}\"\n{}{}", server.uri(), service(1), service(2));
    collector("ga4", &settings)
}

fn window() -> Window {
    let day = Period::from_start_text(PeriodKind::Day, "2026-11-18").unwrap();
    Window::Span(PeriodSpan { first: day, last: day })
}

async fn answer(server: &MockServer, property: u8, answer: ResponseTemplate) {
    let at = format!("/v1beta/properties/{property}:runReport");
    Mock::given(path(at)).respond_with(answer).mount(server).await;
}

async fn collect(server: &MockServer) -> Result<Batch, CollectError> {
    Ok(batch(two_properties(server).collect(&window(), &at(NOW)).await?).0)
}

#[tokio::test]
async fn a_property_that_needs_a_person_does_not_stop_the_other() {
    let server = MockServer::start().await;
    answer(&server, 1, refusal(403, "PERMISSION_DENIED")).await;
    answer(&server, 2, ResponseTemplate::new(200).set_body_json(report(100))).await;
    let batch = collect(&server).await.unwrap();
    assert_eq!(batch.figure_count(), 1);
    assert_eq!(batch.notes[0].place, "property 1");
    assert!(batch.notes[0].text.contains("has no access to property 1: add it as a Viewer"));
    assert!(
        batch.notes[0].text.ends_with("from 2026-11-18 to 2026-11-18: backfill it once this is put right")
    );
}

#[tokio::test]
async fn what_passes_fails_the_run_so_that_no_day_is_skipped() {
    let server = MockServer::start().await;
    answer(&server, 1, refusal(503, "UNAVAILABLE")).await;
    answer(&server, 2, ResponseTemplate::new(200).set_body_json(report(100))).await;
    assert_eq!(collect(&server).await.unwrap_err().reason(), Reason::Transient);
}

#[tokio::test]
async fn if_all_need_a_person_so_does_the_run() {
    let server = MockServer::start().await;
    answer(&server, 1, refusal(403, "PERMISSION_DENIED")).await;
    answer(&server, 2, refusal(404, "NOT_FOUND")).await;
    assert_eq!(collect(&server).await.unwrap_err().reason(), Reason::Permission);
}

#[derive(Default)]
struct Meter(Mutex<BTreeMap<String, Quota>>);

impl QuotaMeter for Meter {
    fn record(&self, quota: Quota) {
        self.0.lock().unwrap().insert(quota.name.clone(), quota);
    }
}

#[tokio::test]
async fn the_meter_shows_the_property_with_least_left() {
    let server = MockServer::start().await;
    answer(&server, 1, ResponseTemplate::new(200).set_body_json(report(50))).await;
    answer(&server, 2, ResponseTemplate::new(200).set_body_json(report(100))).await;
    let meter = Arc::new(Meter::default());
    let mut context = at(NOW);
    context.quota = Arc::clone(&meter) as _;
    two_properties(&server).collect(&window(), &context).await.unwrap();
    let read = meter.0.lock().unwrap().clone();
    assert_eq!(read["tokens_per_day"].remaining, 50);
    assert_eq!(read["tokens_per_day"].resets_at, Some("2026-11-24T08:00:00Z".parse().unwrap()));
    // A zero is left out of JSON made from protocol buffers.
    assert_eq!(read["tokens_per_hour"].remaining, 0);
}

#[tokio::test]
async fn a_failing_property_is_left_alone_before_it_is_blocked() {
    let server = MockServer::start().await;
    answer(&server, 1, refusal(500, "INTERNAL")).await;
    answer(&server, 2, ResponseTemplate::new(200).set_body_json(report(100))).await;
    let collector = two_properties(&server);
    let mut reasons = Vec::new();
    for _ in 0..5 {
        reasons.push(collector.collect(&window(), &at(NOW)).await.unwrap_err().reason());
    }
    let words: Vec<&str> = reasons.into_iter().map(Reason::as_str).collect();
    assert_eq!(words, ["transient", "transient", "quota", "quota", "quota"]);
    let asked = server.received_requests().await.unwrap();
    let failed = asked.iter().filter(|request| request.url.path().contains("/1:")).count();
    assert_eq!(failed, 8);
    let later = collector.collect(&window(), &at("2026-11-23T10:00:01Z")).await.unwrap_err();
    assert_eq!(later.reason(), Reason::Transient);
}

#[tokio::test]
async fn only_spans_of_its_own_period_are_answered() {
    let server = MockServer::start().await;
    let collector = two_properties(&server);
    let week = Period::from_start_text(PeriodKind::Week, "2026-11-16").unwrap();
    for window in [Window::Everything, Window::Span(PeriodSpan { first: week, last: week })] {
        let error = collector.collect(&window, &at(NOW)).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Config);
    }
}

async fn metadata(server: &MockServer, events: &[&str]) {
    let names: Vec<Value> = events.iter().map(|name| json!({"apiName": name})).collect();
    let body = json!({"dimensions": names, "metrics": [{"apiName": "eventCount", "type": "TYPE_INTEGER"}]});
    Mock::given(path_regex("/metadata$"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
    Mock::given(path_regex(":checkCompatibility$"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .mount(server)
        .await;
}

#[tokio::test]
async fn a_probe_says_what_it_found() {
    let server = MockServer::start().await;
    metadata(&server, &["date", "eventName"]).await;
    let mut empty = report(199_900);
    empty.as_object_mut().unwrap().retain(|name, _| name != "rows" && name != "rowCount");
    empty["propertyQuota"]["tokensPerHour"] = json!({"remaining": 9});
    for property in [1, 2] {
        answer(&server, property, ResponseTemplate::new(200).set_body_json(&empty)).await;
    }
    let report = two_properties(&server).probe(&at(NOW)).await.unwrap();
    assert_eq!(
        report.lines,
        [1, 2].map(|property| format!(
            "property {property}: 3 names known, 1 questions accepted, days in Europe/London, 199900 tokens left today"
        ))
    );
}

#[tokio::test]
async fn a_probe_names_what_a_property_does_not_know() {
    let server = MockServer::start().await;
    metadata(&server, &["date"]).await;
    let error = two_properties(&server).probe(&at(NOW)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
    assert!(
        error.to_string().starts_with("property 1 does not know the dimension \"eventName\"; correct"),
        "{error}"
    );
}

#[test]
fn no_answer_of_any_status_makes_it_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said: Arc<Mutex<(u16, Vec<u8>)>> = Arc::new(Mutex::new((200, Vec::new())));
    let server = runtime.block_on(MockServer::start());
    let saying = Arc::clone(&said);
    let respond = move |_: &Request| {
        let (status, body) = saying.lock().unwrap().clone();
        ResponseTemplate::new(status).set_body_raw(body, "application/json")
    };
    runtime.block_on(Mock::given(path_regex("")).respond_with(respond).mount(&server));
    let status = prop::sample::select(vec![200_u16, 204, 400, 401, 403, 404, 408, 429, 500, 503]);
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        "\\{\"error\": ?(\\{(\"(message|status|details)\": ?(\"[A-Z_ ]{0,20}\"|\\[\\]|null|7),?){0,3}\\}|\"[a-z]{0,9}\")\\}"
            .prop_map(String::into_bytes),
    ];
    let mut runner = TestRunner::new(ProptestConfig { cases: 60, ..ProptestConfig::default() });
    let outcome = runner.run(&(status, body), |(status, body)| {
        *said.lock().unwrap() = (status, body);
        let collector = two_properties(&server);
        match runtime.block_on(collector.collect(&window(), &at(NOW))) {
            Ok(_) => prop_assert!(status < 300),
            Err(error) => prop_assert!(!error.to_string().contains("reader failed"), "{error}"),
        }
        Ok(())
    });
    outcome.unwrap();
}
