//! A file at an address: asked for only where it has changed, and every refusal has its reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::io::{Read, Write};

use collectors::{Answer, Reason, Window};
use rstest::rstest;
use support::{batch, collector, context};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const CSV: &str = "Service,Month,Calls\nfixture-service,2026-04,12\n";

fn settings(server: &MockServer, more: &str) -> String {
    format!(
        r#"
        url = "{}/calls.csv?key=secret"
        layout = "long"
        {more}
        [columns]
        service = "Service"
        period = "Month"
        measure = {{ value = "completed" }}
        channel = {{ value = "phone" }}
        value = "Calls"
        "#,
        server.uri()
    )
}

async fn serve(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(method("GET")).and(path("/calls.csv")).respond_with(answer).mount(server).await;
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_sent_again() {
    let server = MockServer::start().await;
    Mock::given(header("if-none-match", "\"one\""))
        .respond_with(ResponseTemplate::new(304))
        .with_priority(1)
        .mount(&server)
        .await;
    serve(&server, ResponseTemplate::new(200).insert_header("etag", "\"one\"").set_body_string(CSV)).await;
    let collector = collector("spreadsheet", &settings(&server, ""));
    let (batch, bookmark) = batch(collector.collect(&Window::Everything, &context(None)).await.unwrap());
    assert_eq!(batch.figure_count(), 1);
    let again = collector.collect(&Window::Everything, &context(bookmark)).await.unwrap();
    assert_eq!(again, Answer::Unchanged);
}

#[tokio::test]
async fn the_same_content_without_an_etag_is_unchanged() {
    let server = MockServer::start().await;
    serve(&server, ResponseTemplate::new(200).set_body_string(CSV)).await;
    let collector = collector("spreadsheet", &settings(&server, ""));
    let (_, bookmark) = batch(collector.collect(&Window::Everything, &context(None)).await.unwrap());
    let again = collector.collect(&Window::Everything, &context(bookmark)).await.unwrap();
    assert_eq!(again, Answer::Unchanged);
}

#[tokio::test]
async fn another_mapping_reads_the_same_file_again() {
    let server = MockServer::start().await;
    serve(&server, ResponseTemplate::new(200).insert_header("etag", "\"one\"").set_body_string(CSV)).await;
    let first = collector("spreadsheet", &settings(&server, ""));
    let (_, bookmark) = batch(first.collect(&Window::Everything, &context(None)).await.unwrap());
    let second = collector("spreadsheet", &settings(&server, "blank = \"skip\""));
    let answer = second.collect(&Window::Everything, &context(bookmark)).await.unwrap();
    assert!(matches!(answer, Answer::Figures { .. }));
}

#[rstest]
#[case(401, Reason::Auth)]
#[case(403, Reason::Permission)]
#[case(404, Reason::Config)]
#[case(429, Reason::Throttled)]
#[case(503, Reason::Transient)]
#[tokio::test]
async fn a_refusal_has_its_reason_and_keeps_the_secret(#[case] status: u16, #[case] reason: Reason) {
    let server = MockServer::start().await;
    serve(&server, ResponseTemplate::new(status).insert_header("retry-after", "7")).await;
    let collector = collector("spreadsheet", &settings(&server, ""));
    let error = collector.collect(&Window::Everything, &context(None)).await.unwrap_err();
    assert_eq!(error.reason(), reason);
    let wait = error.retry_after().map(|wait| wait.as_secs());
    assert_eq!(wait, reason.is_retryable().then_some(7));
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn an_answer_larger_than_allowed_is_refused() {
    let server = MockServer::start().await;
    serve(&server, ResponseTemplate::new(200).set_body_string(CSV)).await;
    let collector = collector("spreadsheet", &settings(&server, "max_bytes = 10"));
    let error = collector.collect(&Window::Everything, &context(None)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed);
}

#[tokio::test]
async fn a_web_page_is_not_a_table() {
    let server = MockServer::start().await;
    serve(&server, ResponseTemplate::new(200).set_body_string("<!DOCTYPE html><p>Sign in")).await;
    let collector = collector("spreadsheet", &settings(&server, ""));
    let error = collector.collect(&Window::Everything, &context(None)).await.unwrap_err();
    assert_eq!(error.to_string(), "calls.csv: a web page and not a table; check the address or the export");
}

#[tokio::test]
async fn half_a_file_is_none() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = format!(
        "url = 'http://{}/calls.csv'\nlayout = 'long'\n[columns]\nservice = 'Service'\nperiod = 'Month'\n\
         measure = {{ value = 'completed' }}\nchannel = {{ value = 'phone' }}\nvalue = 'Calls'\n",
        listener.local_addr().unwrap()
    );
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        tokio::task::spawn_blocking(move || {
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", CSV.len() + 1);
            stream.write_all(format!("{head}{CSV}").as_bytes()).unwrap();
        })
        .await
        .unwrap();
    });
    let collector = collector("spreadsheet", &settings);
    let error = collector.collect(&Window::Everything, &context(None)).await.unwrap_err();
    server.await.unwrap();
    assert_eq!(error.reason(), Reason::Transient, "{error}");
    assert!(error.to_string().contains("broke off its answer"), "{error}");
}
