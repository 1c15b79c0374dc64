//! What Matomo is asked, what a probe says, and that the token shows nowhere.
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
use collectors::{
    CollectError, Collector, Context, MachineRandomness, NoQuotaMeter, PeriodSpan, Reading, Reason, Window,
};
use kpi::{Period, PeriodKind};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use support::collector;
use tempfile::TempDir;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

const CANARY: &str = "5e5a3e0fca7a41";

/// A Matomo that gives one answer to everything.
struct Source {
    server: MockServer,
    collector: Arc<dyn Collector>,
    _folder: TempDir,
}

impl Source {
    async fn answering(answer: ResponseTemplate, figures: &str) -> Self {
        let (server, folder) = (MockServer::start().await, tempfile::tempdir().unwrap());
        Mock::given(method("POST")).respond_with(answer).mount(&server).await;
        let token = folder.path().join("token");
        std::fs::write(&token, CANARY).unwrap();
        let settings = format!(
            "url = \"{}\"\ntoken = {{ file = {:?} }}\n[services.fishing-permits]\nsite = 3\n{figures}",
            server.uri(),
            token.display().to_string()
        );
        let collector = collector("matomo", &settings);
        Self { server, collector, _folder: folder }
    }

    async fn failure(&self) -> CollectError {
        self.collector.collect(&window(), &context()).await.unwrap_err()
    }

    async fn bodies(&self) -> Vec<Vec<(String, String)>> {
        let requests = self.server.received_requests().await.unwrap();
        let pairs = |body: &[u8]| pairs(std::str::from_utf8(body).unwrap());
        requests.iter().map(|request| pairs(&request.body)).collect()
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let url = wiremock::http::Url::parse(&format!("http://localhost/?{text}")).unwrap();
    url.query_pairs().into_owned().collect()
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

fn shown(error: &CollectError) -> String {
    format!("{error} {error:?} {:?} {:?}", error.details(), error.source())
}

#[tokio::test]
async fn reports_go_out_together_by_post_and_the_token_only_in_the_body() {
    let figures = "started = { page = \"https://apply.example.gov.uk/start\" }\ncompleted = { goal = 2 }";
    let source = Source::answering(ResponseTemplate::new(200).set_body_json(json!([])), figures).await;
    source.failure().await;
    let request = &source.server.received_requests().await.unwrap()[0];
    assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/index.php"));
    assert_eq!(request.url.query(), None);
    let body = source.bodies().await.remove(0);
    let of = |name: &str| body.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(of("token_auth"), Some(CANARY));
    assert_eq!(of("method"), Some("API.getBulkRequest"));
    let report = pairs(of("urls[3]").unwrap());
    let expected = [
        ("method", "Goals.get"),
        ("idSite", "3"),
        ("period", "day"),
        ("date", "2026-11-16,2026-11-18"),
        ("filter_limit", "-1"),
        ("format_metrics", "0"),
        ("percent_of_total", "0"),
        ("language", "en"),
        ("idGoal", "2"),
    ];
    assert_eq!(report, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn a_value_that_a_bulk_would_change_goes_out_alone() {
    let figures = "completed = { event_name = \"50% & more\", segment = \"deviceType==smartphone\" }";
    let site = json!([{"timezone": "Europe/London"}]);
    let source = Source::answering(ResponseTemplate::new(200).set_body_json(site), figures).await;
    source.failure().await;
    let alone = source.bodies().await.remove(1);
    let of = |name: &str| alone.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(of("segment"), Some("deviceType==smartphone"));
    assert_eq!(of("filter_pattern"), Some("^(50% \\& more|Others|-1)$"));
    assert_eq!(of("token_auth"), Some(CANARY));
}

#[rstest]
#[case(401, json!({"result": "error", "message": format!("unable to authenticate with token_auth {CANARY}")}))]
#[case(200, json!({"result": "error", "message": format!("SQLSTATE near {CANARY}")}))]
#[case(500, json!(CANARY))]
#[case(404, json!(CANARY))]
#[case(200, json!([{"result": "error", "message": format!("bad idSite, token_auth={CANARY}")}, [], []]))]
#[case(200, json!([{"timezone": CANARY}, [], []]))]
#[case(200, json!([{"timezone": "Europe/London"}, [{"idgoal": 1, "name": CANARY}], []]))]
#[case(200, json!([{"timezone": "Europe/London"}, [{"idgoal": 2}], {"2026-11-16": {CANARY: 1}}]))]
#[case(200, json!([{"timezone": "Europe/London"}, [{"idgoal": 2}], {"2026-11-16": {"nb_conversions": CANARY}}]))]
#[tokio::test]
async fn a_token_that_is_echoed_is_not_shown(#[case] status: u16, #[case] body: Value) {
    let answer = ResponseTemplate::new(status).set_body_json(body);
    let source = Source::answering(answer, "completed = { goal = 2 }").await;
    let text = shown(&source.failure().await);
    assert!(!text.contains(CANARY), "{text}");
}

#[tokio::test]
async fn a_probe_names_version_sites_and_goals() {
    let answers = json!([
        {"value": "5.8.0"},
        {"name": "Fishing permits", "timezone": "Europe/London"},
        {"2": {"idgoal": "2", "name": "Application sent"}},
    ]);
    let answer = ResponseTemplate::new(200).set_body_json(answers);
    let source = Source::answering(answer, "completed = { goal = 2 }").await;
    let lines = source.collector.probe(&context()).await.unwrap().lines;
    let expected = [
        &*format!("Matomo 5.8.0 answers at {}/index.php", source.server.uri()),
        "site 3 is \"Fishing permits\" and counts its days in Europe/London",
        "goal 2 of site 3 is \"Application sent\"",
    ];
    assert_eq!(lines, expected);
}

#[rstest]
#[case("day", 7)]
#[case("week", 5)]
#[case("month", 2)]
fn the_last_periods_are_asked_for_again(#[case] period: &str, #[case] periods: u32) {
    let sample = include_str!("../matomo/sample.toml");
    let capabilities = collector("matomo", &format!("period = {period:?}\n{sample}")).capabilities();
    let Reading::Windows { look_back, settles_after, .. } = capabilities.reading else { panic!("whole") };
    assert_eq!((look_back, settles_after.as_hours()), (periods, 24));
}

#[tokio::test]
async fn a_window_of_other_periods_is_refused() {
    let source = Source::answering(ResponseTemplate::new(200), "completed = { goal = 2 }").await;
    let error = source.collector.collect(&Window::Everything, &context()).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_body_is_read_or_refused(status in prop_oneof![Just(200), 400..600_u16], body in any::<Vec<u8>>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
            let source = Source::answering(answer, "completed = { goal = 2 }").await;
            let _ = source.failure().await;
        });
    }
}
