use std::sync::atomic::{AtomicU32, Ordering};

use collectors::Reason;
use rstest::rstest;
use wiremock::matchers::{any, body_partial_json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::settings::{SecretFile, collect, govuk_pay, http_json};
use crate::support::{batch, collector};

#[tokio::test]
async fn a_body_is_posted_with_a_cursor_in_it() {
    let server = MockServer::start().await;
    let more = "method = \"post\"\nbody = '{\"q\": {\"from\": \"{from}\", \"after\": \"{cursor}\"}}'\n\
                paging = { kind = \"cursor\", pointer = \"/cursor\" }";
    let answer = |text: &str| ResponseTemplate::new(200).set_body_string(text);
    for (cursor, text) in [
        (serde_json::Value::Null, r#"{"data":[{"date":"2026-11-16","value":4}],"cursor":"a\"b"}"#),
        ("a\"b".into(), r#"{"data":[{"date":"2026-11-17","value":5}],"cursor":""}"#),
    ] {
        let body = serde_json::json!({"q": {"from": "2026-11-16", "after": cursor}});
        Mock::given(body_partial_json(body)).respond_with(answer(text)).expect(1).mount(&server).await;
    }
    let (batch, _) = batch(collect(&*collector("http_json", &http_json(&server, more))).await.unwrap());
    assert_eq!(batch.figure_count(), 2);
}

/// Answers every question with a page that has a next one.
struct Endless(AtomicU32);

impl Respond for Endless {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        ResponseTemplate::new(200).set_body_string(format!(
            r#"{{"data":[{{"date":"2026-11-16","value":1,"id":{number}}}],"next":"/volumes?page={number}","total":1,
            "results":[],"_links":{{"next_page":{{"href":"/v1/payments?page={number}"}}}}}}"#
        ))
    }
}

#[rstest]
#[case("paging = { kind = \"page\", parameter = \"page\" }")]
#[case("paging = { kind = \"offset\", parameter = \"offset\" }")]
#[case("paging = { kind = \"cursor\", parameter = \"after\", pointer = \"/next\" }")]
#[case("paging = { kind = \"next_link\", pointer = \"/next\" }")]
#[tokio::test]
async fn no_paging_goes_on_for_ever(#[case] paging: &str) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(Endless(AtomicU32::new(0))).mount(&server).await;
    let settings = http_json(&server, &format!("{paging}\nlimits = {{ max_pages = 7 }}"));
    let error = collect(&*collector("http_json", &settings)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed);
    assert!(error.to_string().contains("more than 7 pages"), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 7);
}

#[tokio::test]
async fn no_search_for_payments_goes_on_for_ever() {
    let (server, secret) = (MockServer::start().await, SecretFile::new());
    Mock::given(any()).respond_with(Endless(AtomicU32::new(0))).mount(&server).await;
    let settings = govuk_pay(&server, &secret, "max_pages = 5");
    let error = collect(&*collector("govuk_pay", &settings)).await.unwrap_err();
    assert!(error.to_string().contains("more than 5 pages"), "{error}");
}
