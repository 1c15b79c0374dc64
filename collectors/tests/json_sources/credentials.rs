use rstest::rstest;
use wiremock::matchers::{any, header, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::settings::{CANARY, NOW, SecretFile, collect, govuk_pay, http_json, prometheus, shown};
use crate::support::recorded::at;
use crate::support::{batch, collector};

const DATA: &str = r#"{"data":[{"date":"2026-11-16","value":4}]}"#;

#[rstest]
#[case::bearer("kind = \"bearer\"", header("authorization", "Bearer sesame+open/42="))]
#[case::basic("kind = \"basic\", user = \"me\"", header("authorization", "Basic bWU6c2VzYW1lK29wZW4vNDI9"))]
#[case::header("kind = \"header\", name = \"x-key\"", header("x-key", CANARY))]
#[tokio::test]
async fn a_secret_goes_where_it_is_configured(
    #[case] auth: &str,
    #[case] matcher: impl wiremock::Match + 'static,
) {
    let (server, secret) = (MockServer::start().await, SecretFile::new());
    Mock::given(matcher).respond_with(ResponseTemplate::new(200).set_body_string(DATA)).mount(&server).await;
    let auth = format!("auth = {{ {auth}, secret = {} }}", secret.reference());
    let (batch, _) = batch(collect(&*collector("http_json", &http_json(&server, &auth))).await.unwrap());
    assert_eq!(batch.figure_count(), 1);
}

#[tokio::test]
async fn a_secret_in_the_query_goes_to_every_page_once() {
    let (server, secret) = (MockServer::start().await, SecretFile::new());
    let more = format!(
        "auth = {{ kind = \"query\", name = \"token\", secret = {} }}\npaging = {{ kind = \"next_link\", pointer = \"/next\" }}",
        secret.reference()
    );
    let first = r#"{"data":[{"date":"2026-11-16","value":4}],"next":"/volumes?after=1&token=other"}"#;
    Mock::given(query_param("after", "1"))
        .and(query_param("token", CANARY))
        .respond_with(
            ResponseTemplate::new(200).set_body_string(r#"{"data":[{"date":"2026-11-17","value":5}]}"#),
        )
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(query_param("token", CANARY))
        .respond_with(ResponseTemplate::new(200).set_body_string(first))
        .mount(&server)
        .await;
    let (batch, _) = batch(collect(&*collector("http_json", &http_json(&server, &more))).await.unwrap());
    assert_eq!(batch.figure_count(), 2);
}

#[rstest]
#[case(200)]
#[case(401)]
#[case(403)]
#[case(404)]
#[case(422)]
#[case(429)]
#[case(500)]
#[tokio::test]
async fn no_secret_is_in_an_error(#[case] status: u16) {
    let (server, secret) = (MockServer::start().await, SecretFile::new());
    let echo = format!(
        r#"{{"status":"error","errorType":"{CANARY}","error":"key {CANARY}","code":"{CANARY}","description":"{CANARY}","{CANARY}":1}}"#
    );
    Mock::given(any()).respond_with(ResponseTemplate::new(status).set_body_string(echo)).mount(&server).await;
    let auth = format!("auth = {{ kind = \"bearer\", secret = {} }}", secret.reference());
    for (kind, settings) in [
        ("http_json", http_json(&server, &auth)),
        ("govuk_pay", govuk_pay(&server, &secret, "")),
        ("prometheus", prometheus(&server, &secret)),
    ] {
        let error = collect(&*collector(kind, &settings)).await.unwrap_err();
        assert!(!shown(&error).contains(CANARY), "{kind}: {error}");
        let error = collector(kind, &settings).probe(&at(NOW)).await.unwrap_err();
        assert!(!shown(&error).contains(CANARY), "{kind}: {error}");
    }
}
