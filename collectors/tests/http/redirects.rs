use collectors::Reason;
use collectors::http::{Credential, Request};
use rstest::rstest;
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::{CANARY, SecretFile, address, layer, shown};

async fn redirecting(status: u16, location: &str) -> MockServer {
    let server = MockServer::start().await;
    let template = ResponseTemplate::new(status).insert_header("location", location);
    Mock::given(path("/from")).respond_with(template).mount(&server).await;
    server
}

#[rstest]
#[case(301)]
#[case(302)]
#[case(307)]
#[case(308)]
#[tokio::test]
async fn the_same_host_is_followed_with_credential_and_body(#[case] status: u16) {
    let server = redirecting(status, "/to?page=1").await;
    let secret = SecretFile::holding(CANARY);
    Mock::given(method("POST"))
        .and(path("/to"))
        .and(query_param("page", "1"))
        .and(header("authorization", format!("Bearer {CANARY}").as_str()))
        .and(body_string("question"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    let request = Request::post(address(&server).at("from"))
        .text("text/plain", "question")
        .credential(Credential::bearer(secret.open()));
    layer().0.send(request).await.unwrap();
}

#[tokio::test]
async fn see_other_is_followed_by_a_get_without_a_body() {
    let server = redirecting(303, "to").await;
    let got = Mock::given(method("GET")).and(path("/to")).and(body_string(""));
    got.respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    layer().0.send(Request::post(address(&server).at("from")).text("text/plain", "x")).await.unwrap();
}

#[tokio::test]
async fn a_credential_in_the_query_goes_in_once() {
    let server = redirecting(302, "/to?token=stale&page=1").await;
    let secret = SecretFile::holding(CANARY);
    Mock::given(path("/to")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let request =
        Request::get(address(&server).at("from")).credential(Credential::query("token", secret.open()));
    layer().0.send(request).await.unwrap();
    let last = server.received_requests().await.unwrap().pop().unwrap();
    let tokens: Vec<_> = last.url.query_pairs().filter(|(name, _)| name == "token").collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].1, CANARY);
}

#[tokio::test]
async fn another_host_is_refused_when_a_credential_rides_along() {
    let secret = SecretFile::holding(CANARY);
    let other = MockServer::start().await;
    Mock::given(path("/to")).respond_with(ResponseTemplate::new(200)).mount(&other).await;
    let location = format!("{}/to?echo={}", other.uri(), CANARY.replace('+', "%2B"));
    let server = redirecting(302, &location).await;
    let request = Request::get(address(&server).at("from"));
    let error =
        layer().0.send(request.clone().credential(Credential::bearer(secret.open()))).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
    assert!(error.to_string().contains(&format!("redirects to {}", other.uri())), "{error}");
    assert!(!shown(&error).contains("echo") && !shown(&error).contains(CANARY), "{error:?}");
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
    layer().0.send(request).await.unwrap();
    assert_eq!(other.received_requests().await.unwrap().len(), 1, "without a credential it is followed");
}

#[tokio::test]
async fn a_loop_is_left_after_five() {
    let server = redirecting(302, "/from").await;
    let error = layer().0.send(Request::get(address(&server).at("from"))).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
    assert!(error.to_string().contains("redirects more than 5 times"), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 6);
}

#[rstest]
#[case("ftp://example.org/")]
#[case("http://user:sesame@example.org/")]
#[tokio::test]
async fn a_redirect_to_no_web_address_is_refused(#[case] location: &str) {
    let server = redirecting(302, location).await;
    let error = layer().0.send(Request::get(address(&server).at("from"))).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
    assert!(!shown(&error).contains("sesame"), "{error}");
}
