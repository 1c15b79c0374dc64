use std::time::Duration;

use jiff::civil::date;
use reqwest::RequestBuilder;
use rstest::rstest;
use serde_json::{Value, json};
use simulator::ga4::{Bucket, FIRST_PROPERTY, Truncation};
use simulator::mischief::{Mischief, Rule};
use simulator::{Running, Source};

use crate::ga4_auth::token;
use crate::support::{Clock, client, start};

pub(crate) fn report(from: &str, to: &str) -> Value {
    json!({
        "dateRanges": [{"startDate": from, "endDate": to}],
        "dimensions": [{"name": "date"}, {"name": "eventName"}],
        "metrics": [{"name": "eventCount"}],
        "dimensionFilter": {"filter": {"fieldName": "eventName", "inListFilter": {
            "values": ["application_start", "application_submitted"], "caseSensitive": true}}},
        "orderBys": [{"dimension": {"dimensionName": "date"}}],
        "keepEmptyRows": true,
    })
}

fn post(running: &Running, method: &str, body: &Value) -> RequestBuilder {
    client()
        .post(format!("{}/v1beta/properties/{FIRST_PROPERTY}:{method}", running.address(Source::Ga4)))
        .json(body)
}

/// Runs a report with a token of its own.
async fn run(running: &Running, clock: &Clock, body: &Value) -> (u16, Value) {
    let token = token(running, clock).await;
    let response = post(running, "runReport", body).bearer_auth(token).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

fn total(report: &Value, event: &str) -> u64 {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.filter(|row| row["dimensionValues"][1]["value"] == event)
        .map(|row| row["metricValues"][0]["value"].as_str().unwrap().parse::<u64>().unwrap())
        .sum()
}

#[tokio::test]
async fn a_report_has_the_shape_of_the_data_api() {
    let (running, clock) = start().await;
    let body = with(report("2026-11-16", "2026-11-17"), "returnPropertyQuota", json!(true));
    let (status, report) = run(&running, &clock, &body).await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!(report);
}

#[tokio::test]
async fn yesterday_is_revised_between_calls_and_then_stands() {
    let (running, clock) = start().await;
    let body = report("2026-11-22", "2026-11-22");
    let mut seen = Vec::new();
    for _ in 0..8 {
        let (_, report) = run(&running, &clock, &body).await;
        seen.push(total(&report, "application_submitted"));
        clock.forward(8);
    }
    assert!(seen.is_sorted() && seen[0] < seen[1] && seen[1] < seen[2], "{seen:?}");
    assert_eq!(seen[5], seen[7]);
}

#[tokio::test]
async fn pages_add_up_to_the_whole() {
    let (running, clock) = start().await;
    let body = report("2026-11-02", "2026-11-15");
    let (_, whole) = run(&running, &clock, &body).await;
    assert_eq!(whole["rowCount"], 28);
    let mut rows = Vec::new();
    for offset in [0, 10, 20] {
        let page = with(with(body.clone(), "limit", json!("10")), "offset", json!(offset.to_string()));
        rows.extend(run(&running, &clock, &page).await.1["rows"].as_array().unwrap().clone());
    }
    assert_eq!(Value::Array(rows), whole["rows"]);
    let past = with(body, "offset", json!(28));
    let (_, past) = run(&running, &clock, &past).await;
    assert_eq!((&past["rowCount"], past.get("rows")), (&json!(28), None));
}

#[tokio::test]
async fn two_date_ranges_bring_a_dimension_unasked() {
    let (running, clock) = start().await;
    let mut body = report("2026-11-02", "2026-11-02");
    body["dateRanges"] = json!([
        {"startDate": "2026-11-02", "endDate": "2026-11-02"},
        {"startDate": "2026-11-02", "endDate": "2026-11-02", "name": "again"},
    ]);
    let (_, report) = run(&running, &clock, &body).await;
    assert_eq!(report["dimensionHeaders"][2]["name"], "dateRange");
    let names: Vec<&Value> =
        report["rows"].as_array().unwrap().iter().map(|row| &row["dimensionValues"][2]["value"]).collect();
    assert_eq!(names, ["again", "date_range_0", "again", "date_range_0"]);
}

#[tokio::test]
async fn nothing_recorded_leaves_rows_out() {
    let (running, clock) = start().await;
    let mut body = report("2026-11-02", "2026-11-02");
    body["dimensionFilter"] =
        json!({"filter": {"fieldName": "eventName", "stringFilter": {"value": "renamed"}}});
    let (status, report) = run(&running, &clock, &body).await;
    assert_eq!((status, report.get("rows"), report.get("rowCount")), (200, None, None));
}

#[tokio::test]
async fn what_a_report_lacks_is_said() {
    let (running, clock) = start().await;
    let body = report("2026-11-02", "2026-11-08");
    let (_, whole) = run(&running, &clock, &body).await;
    let smallest = 1000;
    running.ga4().set(|options| options.threshold = Some(smallest));
    let (_, report) = run(&running, &clock, &body).await;
    assert_eq!(report["metadata"]["subjectToThresholding"], true);
    assert!(report["rowCount"].as_u64() < whole["rowCount"].as_u64());
    running.ga4().set(|options| {
        options.threshold = None;
        options.sampling = Some((500_000, 2_150_000));
        options.other_after = Some(4);
    });
    let (_, report) = run(&running, &clock, &body).await;
    assert_eq!(report["metadata"]["dataLossFromOtherRow"], true);
    assert_eq!(
        report["metadata"]["samplingMetadatas"],
        json!([{"samplesReadCount": "500000", "samplingSpaceSize": "2150000"}])
    );
    assert!(
        report["rows"].as_array().unwrap().iter().any(|row| row["dimensionValues"][1]["value"] == "(other)")
    );
    running.ga4().set(|options| {
        options.sampling = None;
        options.other_after = None;
        let kind = "DATA_TRUNCATION_TYPE_DATE_RANGE";
        options.truncation = Some(Truncation { kind, date: date(2026, 11, 7) });
    });
    let (_, report) = run(&running, &clock, &body).await;
    assert_eq!(report["metadata"]["dataTruncationReasons"][0]["dataTruncationDate"], "2026-11-07");
    assert_eq!(report["rowCount"], 10);
}

#[rstest]
#[case("metrics", json!([{"name": "eventCounts"}]), "Field eventCounts is not a valid metric.")]
#[case("dimensions", json!([{"name": "itemName"}, {"name": "deviceCategory"}]), "Please remove deviceCategory")]
#[case("dateRanges", json!([{"startDate": "02/11/2026", "endDate": "today"}]), "Invalid startDate: 02/11/2026.")]
#[case("dateRanges", json!([{"startDate": "today", "endDate": "3daysAgo"}]), "Invalid dateRange.")]
#[case("limit", json!("250001"), "The limit must be positive")]
#[case("dimentions", json!([]), "Invalid JSON payload received. Unknown name \"dimentions\"")]
#[tokio::test]
async fn a_bad_request_is_named(#[case] field: &str, #[case] value: Value, #[case] message: &str) {
    let (running, clock) = start().await;
    let mut body = report("2026-11-02", "2026-11-02");
    body["orderBys"] = json!([]);
    let (status, answer) = run(&running, &clock, &with(body, field, value)).await;
    assert_eq!((status, &answer["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(said.starts_with(message), "{said}");
}

#[tokio::test]
async fn an_empty_bucket_refuses_until_it_refills() {
    let (running, clock) = start().await;
    running.ga4().set(|options| options.quota.set(Bucket::TokensPerHour, 8));
    let body = with(report("2026-11-02", "2026-11-02"), "returnPropertyQuota", json!(true));
    let (_, first) = run(&running, &clock, &body).await;
    assert_eq!(first["propertyQuota"]["tokensPerHour"], json!({"consumed": 4, "remaining": 4}));
    let (_, second) = run(&running, &clock, &body).await;
    assert_eq!(second["propertyQuota"]["tokensPerHour"], json!({"consumed": 4}));
    let (status, refused) = run(&running, &clock, &body).await;
    assert_eq!((status, &refused["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    assert!(refused["error"]["message"].as_str().unwrap().contains("tokens per hour"));
    clock.forward(1);
    assert_eq!(run(&running, &clock, &body).await.0, 200);
}

#[tokio::test]
async fn ten_server_errors_an_hour_shut_the_property() {
    let (running, clock) = start().await;
    let book = running.mischief(Source::Ga4);
    book.script(Rule::new(Mischief::Status(503)).on("runReport").calls(1..=10));
    let body = report("2026-11-02", "2026-11-02");
    for _ in 0..10 {
        let (status, answer) = run(&running, &clock, &body).await;
        assert_eq!((status, &answer["error"]["status"]), (503, &json!("UNAVAILABLE")));
    }
    let (status, answer) = run(&running, &clock, &body).await;
    assert_eq!(status, 429);
    assert!(answer["error"]["message"].as_str().unwrap().contains("server errors"));
    assert_eq!(book.calls("runReport"), 11);
    clock.forward(1);
    assert_eq!(run(&running, &clock, &body).await.0, 200);
}

#[tokio::test]
async fn too_many_requests_at_once_are_refused_and_given_back() {
    let (running, clock) = start().await;
    running.ga4().set(|options| options.quota.set(Bucket::ConcurrentRequests, 1));
    let wait = Duration::from_millis(100);
    running.mischief(Source::Ga4).script(Rule::new(Mischief::Latency(wait)).on("runReport").calls(1..=2));
    let token = token(&running, &clock).await;
    let body = report("2026-11-02", "2026-11-02");
    let send = || async {
        post(&running, "runReport", &body).bearer_auth(&token).send().await.unwrap().status().as_u16()
    };
    let (one, other) = tokio::join!(send(), send());
    assert_eq!(one.min(other)..=one.max(other), 200..=429);
    assert_eq!(send().await, 200);
}

#[tokio::test]
async fn a_zone_of_the_property_moves_its_days() {
    let (running, clock) = start().await;
    let body = report("2026-11-02", "2026-11-02");
    let (_, london) = run(&running, &clock, &body).await;
    running.ga4().set(|options| "America/Los_Angeles".clone_into(&mut options.time_zone));
    let (_, pacific) = run(&running, &clock, &body).await;
    assert_eq!(pacific["metadata"]["timeZone"], "America/Los_Angeles");
    assert_ne!(london["rows"], pacific["rows"]);
}

#[tokio::test]
async fn a_wrong_path_is_answered_with_a_page() {
    let (running, clock) = start().await;
    let token = token(&running, &clock).await;
    let response = post(&running, "runReports", &json!({})).bearer_auth(token).send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn the_same_seed_answers_the_same_bytes() {
    let body = report("2026-11-02", "2026-11-08");
    let mut answers = Vec::new();
    for _ in 0..2 {
        let (running, clock) = start().await;
        let token = token(&running, &clock).await;
        let response = post(&running, "runReport", &body).bearer_auth(token).send().await.unwrap();
        answers.push(response.bytes().await.unwrap());
    }
    assert_eq!(answers[0], answers[1]);
}
