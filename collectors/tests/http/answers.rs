use collectors::http::{Address, Request};
use collectors::{CollectError, Reason};
use rstest::rstest;
use serde::Deserialize;
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::{address, layer};

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(template).mount(&server).await;
    server
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read matters")]
struct Page {
    results: Vec<Payment>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read matters")]
struct Payment {
    amount: u64,
}

#[tokio::test]
async fn a_request_goes_out_as_built_and_the_answer_comes_back() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/base/v1beta/properties/7:runReport"))
        .and(query_param("from", "2026-11-16"))
        .and(header("accept", "application/json"))
        .and(header("x-version", "2"))
        .and(header("user-agent", concat!("pp-collector/", env!("CARGO_PKG_VERSION"))))
        .and(body_string(r#"{"limit":"10"}"#))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_raw("\u{feff}{\"results\":[{\"amount\":3}]}", "application/json; charset=utf-8"),
        )
        .expect(1)
        .mount(&server)
        .await;
    let base = Address::parse(&format!("{}/base/", server.uri())).unwrap();
    let request = Request::post(base.at("v1beta/properties/7:runReport"))
        .query("from", "2026-11-16")
        .header("X-Version", "2")
        .json(&serde_json::json!({"limit": "10"}))
        .expect_json();
    let reply = layer().0.send(request).await.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json::<Page>().unwrap().results[0].amount, 3);
    assert_eq!(reply.text().unwrap(), "{\"results\":[{\"amount\":3}]}");
}

#[rstest]
#[case(400, Reason::Config)]
#[case(401, Reason::Auth)]
#[case(403, Reason::Permission)]
#[case(404, Reason::Config)]
#[case(405, Reason::Config)]
#[case(408, Reason::Transient)]
#[case(410, Reason::Config)]
#[case(422, Reason::Config)]
#[case(425, Reason::Transient)]
#[case(429, Reason::Throttled)]
#[case(500, Reason::Transient)]
#[case(503, Reason::Transient)]
#[tokio::test]
async fn every_status_has_its_reason(#[case] status: u16, #[case] reason: Reason) {
    let server = answering(ResponseTemplate::new(status).set_body_string("no\n such   thing")).await;
    let error = layer().0.send(Request::get(address(&server).at("v1/payments"))).await.unwrap_err();
    assert_eq!(error.reason(), reason, "{error}");
    let message = error.to_string();
    assert!(message.contains(&format!("/v1/payments answered {status}")), "{message}");
    assert!(message.contains("\"no such thing\""), "{message}");
    let asked = server.received_requests().await.unwrap().len();
    assert_eq!(asked, if reason.is_retryable() { 3 } else { 1 });
}

#[tokio::test]
async fn a_status_can_be_accepted() {
    let server = answering(ResponseTemplate::new(304)).await;
    let reply = layer().0.send(Request::get(address(&server)).accept(304).expect_json()).await.unwrap();
    assert_eq!(reply.status, 304);
}

#[tokio::test]
async fn an_error_told_with_status_200_is_found_by_the_hook() {
    let body = r#"{"result":"error","message":"no access"}"#;
    let server = answering(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    let request = Request::get(address(&server)).expect_json().classify(|reply| {
        let said = reply.json::<serde_json::Value>().ok()?;
        (said["result"] == "error")
            .then(|| CollectError::new(Reason::Permission, format!("matomo said {}", said["message"])))
    });
    let error = layer().0.send(request).await.unwrap_err();
    assert_eq!((error.reason(), error.to_string()), (Reason::Permission, "matomo said \"no access\"".into()));
}

#[tokio::test]
async fn a_used_up_quota_told_with_status_429_is_not_asked_again() {
    let server = answering(ResponseTemplate::new(429).insert_header("retry-after", "1")).await;
    let renewal = "2026-11-16T10:00:00Z".parse().unwrap();
    let request = Request::get(address(&server)).classify(move |reply| {
        let quota = || CollectError::new(Reason::Quota, "tokens of this hour are used up");
        (reply.status == 429).then(|| quota().with_resets_at(renewal))
    });
    let error = layer().0.send(request).await.unwrap_err();
    assert_eq!((error.reason(), error.resets_at()), (Reason::Quota, Some(renewal)));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_log_in_page_instead_of_json_is_quoted() {
    let page = format!("<!doctype html>\n<title>Sign in</title>\n{}", "<p>…</p>".repeat(50));
    let server = answering(ResponseTemplate::new(200).set_body_raw(page, "text/html; charset=utf-8")).await;
    let error = layer().0.send(Request::get(address(&server)).expect_json()).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed);
    let message = error.to_string();
    assert!(message.contains("answered text/html instead of JSON"), "{message}");
    assert!(message.contains("<!doctype html> <title>Sign in</title> <p>…</p>"), "{message}");
    let quoted = message.split('"').nth(1).unwrap();
    assert_eq!(quoted.chars().count(), 61, "60 characters and an ellipsis: {quoted}");
}

#[rstest]
#[case("application/vnd.api+json", "{}", true)]
#[case("text/plain", " [1]", true)]
#[case("text/plain", "ok", false)]
#[tokio::test]
async fn json_is_known_by_its_type_or_its_first_character(
    #[case] media_type: &str,
    #[case] body: &str,
    #[case] json: bool,
) {
    let server = answering(ResponseTemplate::new(200).set_body_raw(body, media_type)).await;
    let answer = layer().0.send(Request::get(address(&server)).expect_json()).await;
    assert_eq!(answer.is_ok(), json, "{answer:?}");
}

#[rstest]
#[case(r#"{"results":[{"amount":1},{"amount":"x"}]}"#, "at results[1].amount: invalid type: string \"x\"")]
#[case(r#"{"results":[{"amount":1}"#, "EOF")]
#[case(r#"{"results":[]} trailing"#, "trailing characters")]
#[tokio::test]
async fn json_of_another_shape_names_the_place(#[case] body: &str, #[case] expected: &str) {
    let server = answering(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    let reply = layer().0.send(Request::get(address(&server))).await.unwrap();
    let error = reply.json::<Page>().unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed);
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn an_address_is_shown_without_its_query_and_refuses_a_password() {
    let address = Address::parse("https://example.org/a?key=sesame").unwrap();
    assert_eq!(format!("{address} {address:?}"), "https://example.org/a Address(https://example.org/a)");
    for text in ["https://user:sesame@example.org/", "ftp://sesame.example.org", "sesame"] {
        let problem = Address::parse(text).unwrap_err();
        assert!(!problem.contains("sesame"), "{problem}");
    }
}

#[test]
fn a_link_to_the_next_page_is_followed_only_within_the_source() {
    let base = Address::parse("https://example.org/v1/payments").unwrap();
    assert_eq!(base.follow("/v1/payments?page=2").unwrap().to_string(), base.to_string());
    for link in ["http://example.org/v1", "https://example.org:8443/", "//evil.example/", "javascript:0"] {
        assert_eq!(base.follow(link).unwrap_err().reason(), Reason::Malformed, "{link}");
    }
}
