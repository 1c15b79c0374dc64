//! Requests that a shared key signs. The signatures expected here were computed by another program.

use collectors::Reason;
use collectors::http::{Algorithm, Credential, Encoding, Instant, Request, Signature, SignedText};
use wiremock::matchers::{any, header, headers};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::{CANARY, SecretFile, address, layer, shown};

fn signature(text: &str) -> Signature {
    Signature {
        header: "X-Signature".to_owned(),
        prefix: "sha256=".to_owned(),
        text: SignedText::parse(text).unwrap(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        signed_at: Some(("X-Timestamp".to_owned(), Instant::Epoch)),
    }
}

fn question(server: &MockServer, signature: Signature, key: &SecretFile) -> Request {
    Request::post(address(server).at("v1/volumes"))
        .query("from", "2026-11-16")
        .text("application/json", r#"{"a":1}"#)
        .credential(Credential::signature(signature, key.open()))
}

#[tokio::test]
async fn a_request_is_signed_with_its_time_address_and_body() {
    let (server, key) = (MockServer::start().await, SecretFile::holding(CANARY));
    Mock::given(header("x-timestamp", "1794819600"))
        .and(header("x-signature", "sha256=752eebe5dfabee9855fc0a1bfe0206b2185826ffd1319a5f992dd5d28e180237"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    let signature = signature("{timestamp}.{method}.{target}.{body}");
    layer().0.send(question(&server, signature, &key)).await.unwrap();
}

#[tokio::test]
async fn another_hash_form_and_time_are_as_the_source_wants_them() {
    let (server, key) = (MockServer::start().await, SecretFile::holding(CANARY));
    Mock::given(headers("date", vec!["Mon", "16 Nov 2026 09:00:00 GMT"])) // it splits at commas
        .and(header(
            "x-signature",
            "TA7Ed7NhlW4BS40Y9EafQ2/1LhWBVxbBXMFYGA4NIm/YdkrNLUAxccobJZIskWohtlHgubdPLUAwyniUFzN1Pw==",
        ))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    let signature = Signature {
        prefix: String::new(),
        algorithm: Algorithm::Sha512,
        encoding: Encoding::Base64,
        signed_at: Some(("Date".to_owned(), Instant::HttpDate)),
        ..signature("{method}\n{path}\n{query}\n{timestamp}\n{body_sha256}")
    };
    layer().0.send(question(&server, signature, &key)).await.unwrap();
}

#[tokio::test]
async fn the_key_is_in_no_request_and_no_message() {
    let (server, key) = (MockServer::start().await, SecretFile::holding(CANARY));
    Mock::given(any()).respond_with(ResponseTemplate::new(401).set_body_string(CANARY)).mount(&server).await;
    let error = layer().0.send(question(&server, signature("{body}"), &key)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Auth);
    assert!(!shown(&error).contains(CANARY), "{error:?}");
    for request in server.received_requests().await.unwrap() {
        assert!(!format!("{request:?}").contains(CANARY), "{request:?}");
    }
}

#[test]
fn a_placeholder_that_is_not_known_is_refused_with_those_there_are() {
    let error = SignedText::parse("{timestamp}.{boddy}").unwrap_err();
    assert!(error.contains("{boddy}") && error.contains("{body_sha256}"), "{error}");
}
