//! What Plausible is asked, what a probe says, and that the key shows nowhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::error::Error as _;
use std::sync::Arc;

use collectors::clock::ManualClock;
use collectors::http::{Http, client};
use collectors::{Collector, Context, MachineRandomness, NoQuotaMeter, PeriodSpan, Window};
use kpi::{Period, PeriodKind};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use support::collector;
use tempfile::TempDir;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

const CANARY: &str = "5e5a3e0fca7a41";

/// A Plausible that gives one answer to everything.
struct Source {
    server: MockServer,
    collector: Arc<dyn Collector>,
    _folder: TempDir,
}

impl Source {
    async fn answering(answer: ResponseTemplate) -> Self {
        let (server, folder) = (MockServer::start().await, tempfile::tempdir().unwrap());
        Mock::given(method("POST")).respond_with(answer).mount(&server).await;
        let key = folder.path().join("key");
        std::fs::write(&key, CANARY).unwrap();
        let settings = format!(
            "url = \"{}\"\napi_key = {{ file = {:?} }}\n[services.fishing-permits]\nsite = \"apply.example.gov.uk\"\n\
             completed = {{ goal = \"Submit\", filters = [[\"is\", \"visit:device\", [\"Mobile\"]]] }}",
            server.uri(),
            key.display().to_string()
        );
        let collector = collector("plausible", &settings);
        Self { server, collector, _folder: folder }
    }

    /// Everything that a person sees of a collection.
    async fn shown(&self) -> String {
        match self.collector.collect(&window(), &context()).await {
            Ok(answer) => format!("{answer:?}"),
            Err(error) => format!("{error} {error:?} {:?} {:?}", error.details(), error.source()),
        }
    }
}

fn context() -> Context {
    let clock = ManualClock::new("2026-11-20T09:00:00Z".parse().unwrap()).skipping_sleeps();
    let clock = Arc::new(clock);
    let http = Http::new(client().unwrap(), clock.clone(), Arc::new(MachineRandomness));
    Context { clock, http, bookmark: None, quota: Arc::new(NoQuotaMeter) }
}

fn window() -> Window {
    let day = |text| Period::from_start_text(PeriodKind::Day, text).unwrap();
    Window::Span(PeriodSpan { first: day("2026-11-16"), last: day("2026-11-18") })
}

#[tokio::test]
async fn a_figure_is_one_query() {
    let source = Source::answering(ResponseTemplate::new(200).set_body_json(json!({"results": []}))).await;
    source.shown().await;
    let requests = source.server.received_requests().await.unwrap();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/api/v2/query"));
    assert_eq!(request.url.query(), None);
    assert_eq!(request.headers["authorization"], format!("Bearer {CANARY}"));
    let expected = json!({
        "site_id": "apply.example.gov.uk",
        "metrics": ["events"],
        "date_range": ["2026-11-16", "2026-11-18"],
        "dimensions": ["time:day"],
        "filters": [["is", "event:goal", ["Submit"]], ["is", "visit:device", ["Mobile"]]],
        "order_by": [["time:day", "asc"]],
        "include": {"time_labels": true, "total_rows": true},
        "pagination": {"limit": 10_000, "offset": 0},
    });
    assert_eq!(request.body_json::<Value>().unwrap(), expected);
}

#[rstest]
#[case(401, json!({"error": format!("Invalid API key {CANARY}")}))]
#[case(400, json!({"error": format!("no goal {CANARY}")}))]
#[case(429, json!({"error": CANARY}))]
#[case(500, json!(CANARY))]
#[case(200, json!({"results": CANARY}))]
#[case(200, json!({"results": [{"dimensions": [CANARY], "metrics": [1]}]}))]
#[case(200, json!({"results": [{"dimensions": ["2026-11-16"], "metrics": [CANARY]}]}))]
#[case(200, json!({"results": [], "meta": {"imports_warning": CANARY}}))]
#[tokio::test]
async fn a_key_that_is_echoed_is_not_shown(#[case] status: u16, #[case] body: Value) {
    let source = Source::answering(ResponseTemplate::new(status).set_body_json(body)).await;
    let text = source.shown().await;
    assert!(!text.contains(CANARY), "{text}");
}

#[tokio::test]
async fn a_probe_asks_each_site_for_one_number() {
    let answer = json!({"results": [{"dimensions": [], "metrics": [41]}], "meta": {}, "query": {}});
    let source = Source::answering(ResponseTemplate::new(200).set_body_json(answer)).await;
    let report = source.collector.probe(&context()).await.unwrap();
    assert_eq!(report.lines, ["site apply.example.gov.uk answers, with 41 visits today"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_body_is_read_or_refused(status in prop_oneof![Just(200), 400..600_u16], body in any::<Vec<u8>>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
            Source::answering(answer).await.shown().await;
        });
    }
}
