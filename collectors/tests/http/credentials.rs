use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use collectors::http::{Credential, Http, Request, Token, TokenSource};
use collectors::{CollectError, Reason, Secret};
use secrecy::SecretString;
use wiremock::matchers::{any, basic_auth, bearer_token, body_string_contains, header, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::{CANARY, RawServer, SecretFile, Then, address, layer, shown};

async fn accepting_only(token: &str) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(bearer_token(token)).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).with_priority(9).mount(&server).await;
    server
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_credential_goes_where_it_belongs() {
    let secret = SecretFile::holding(CANARY);
    let server = MockServer::start().await;
    let good = || ResponseTemplate::new(200);
    let word = format!("Token {CANARY}");
    Mock::given(bearer_token(CANARY)).respond_with(good()).expect(1).mount(&server).await;
    Mock::given(basic_auth("user", CANARY)).respond_with(good()).expect(1).mount(&server).await;
    Mock::given(header("x-api-key", CANARY)).respond_with(good()).expect(1).mount(&server).await;
    Mock::given(header("authorization", word.as_str())).respond_with(good()).expect(1).mount(&server).await;
    Mock::given(query_param("key", CANARY)).respond_with(good()).expect(1).mount(&server).await;
    Mock::given(body_string_contains("token_auth=sesame%2Bopen%2F42%3D"))
        .and(body_string_contains("method=API.get&"))
        .respond_with(good())
        .expect(1)
        .mount(&server)
        .await;
    let (http, _) = layer();
    for credential in [
        Credential::bearer(secret.open()),
        Credential::basic("user", secret.open()),
        Credential::header("X-API-Key", secret.open()),
        Credential::authorization("Token ", secret.open()),
        Credential::query("key", secret.open()),
    ] {
        http.send(Request::get(address(&server)).credential(credential)).await.unwrap();
    }
    let form = Request::post(address(&server)).form("method", "API.get");
    http.send(form.credential(Credential::form("token_auth", secret.open()))).await.unwrap();
}

#[tokio::test]
async fn a_rotated_file_is_read_again_after_a_401() {
    let server = accepting_only("new-key-1").await;
    let secret = SecretFile::holding("old-key-1");
    let credential = Credential::bearer(secret.open());
    let request = Request::get(address(&server)).credential(credential);
    let (http, _) = layer();
    let error = http.send(request.clone()).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Auth);
    assert_eq!(asked(&server).await, 1, "the same key is not tried twice");
    // Of the same length, and perhaps within one tick of the file system's clock.
    secret.write("new-key-1");
    http.send(request).await.unwrap();
}

#[tokio::test]
async fn a_credential_missing_at_the_source_says_what_to_do() {
    let server = accepting_only("key").await;
    let error = layer().0.send(Request::get(address(&server))).await.unwrap_err();
    assert!(error.to_string().contains("it asks for a credential: configure one"), "{error}");
}

struct Exchange {
    fetched: AtomicU32,
    valid_for: Duration,
}

#[async_trait]
impl TokenSource for Exchange {
    async fn fetch(&self, _: &Http) -> Result<Token, CollectError> {
        let count = self.fetched.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Token { secret: format!("token-{count}").into(), valid_for: self.valid_for })
    }
}

fn exchange() -> (Arc<Exchange>, Credential) {
    let source = Arc::new(Exchange { fetched: AtomicU32::new(0), valid_for: Duration::from_hours(1) });
    let credential = Credential::token(Arc::clone(&source) as Arc<dyn TokenSource>);
    (source, credential)
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_it_expires() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let (http, clock) = layer();
    let (source, credential) = exchange();
    let request = Request::get(address(&server)).credential(credential);
    for (advance, fetched) in [(0, 1), (57, 1), (1, 2)] {
        clock.advance(Duration::from_mins(advance));
        http.send(request.clone()).await.unwrap();
        assert_eq!(source.fetched.load(Ordering::SeqCst), fetched);
    }
}

#[tokio::test]
async fn a_token_refused_is_fetched_once_more() {
    let server = accepting_only("token-2").await;
    let (http, _) = layer();
    let (source, credential) = exchange();
    let request = |server| Request::get(address(server)).credential(credential.clone());
    http.send(request(&server)).await.unwrap();
    assert_eq!(asked(&server).await, 2);
    let refusing = accepting_only("none").await;
    let error = http.send(request(&refusing)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Auth);
    assert_eq!((asked(&refusing).await, source.fetched.load(Ordering::SeqCst)), (2, 3));
}

#[tokio::test]
async fn requests_refused_together_share_one_new_token() {
    let server = accepting_only("token-2").await;
    let (http, _) = layer();
    let (source, credential) = exchange();
    let requests = (0..8).map(|_| {
        let request = Request::get(address(&server)).credential(credential.clone());
        let http = http.clone();
        tokio::spawn(async move { http.send(request).await })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap().unwrap();
    }
    assert_eq!(source.fetched.load(Ordering::SeqCst), 2);
}

/// A source that repeats whatever it is sent, in every form, in every kind of answer.
#[tokio::test]
async fn no_secret_is_in_any_error_even_if_the_source_echoes_it() {
    let secret = SecretFile::holding(CANARY);
    let basic = "dXNlcjpzZXNhbWUrb3Blbi80Mj0=";
    let echo = format!("bad token {CANARY} or sesame%2Bopen%2F42%3D or {basic}");
    let (http, _) = layer();
    for credential in [
        Credential::bearer(secret.open()),
        Credential::basic("user", secret.open()),
        Credential::query("key", secret.open()),
        Credential::form("key", secret.open()),
        Credential::header("x-api-key", secret.open()),
    ] {
        for status in [200, 302, 401, 403, 404, 429, 500] {
            let server = MockServer::start().await;
            let template = ResponseTemplate::new(status).set_body_raw(echo.clone(), "text/html");
            Mock::given(any()).respond_with(template).mount(&server).await;
            let request =
                Request::post(address(&server)).credential(credential.clone()).expect_json().attempts(1);
            let debug = format!("{request:?}");
            let hooked = request.clone().classify(|reply| {
                let said = String::from_utf8_lossy(&reply.bytes).into_owned();
                let error = CollectError::new(Reason::Config, said.clone());
                Some(error.with_details(vec![said.clone()]).with_source(said))
            });
            let plain = http.send(request).await.unwrap_err();
            let hooked = http.send(hooked).await;
            let texts = [shown(&plain), hooked.map_or_else(|error| shown(&error), |_| String::new()), debug];
            for text in texts {
                let leaked = text.contains("open/42") || text.contains("open%2F42");
                assert!(!leaked, "{text}");
                assert!(!matches!(credential_kind(&credential), "Basic") || !text.contains(basic), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_secret_is_not_in_what_is_said_of_its_json() {
    let secret = SecretFile::holding(CANARY);
    let server = MockServer::start().await;
    let body = format!("{{\"results\": {CANARY:?}}}");
    let template = ResponseTemplate::new(200).set_body_raw(body, "application/json");
    Mock::given(any()).respond_with(template).mount(&server).await;
    let request = Request::get(address(&server)).credential(Credential::bearer(secret.open()));
    let reply = layer().0.send(request).await.unwrap();
    let error = reply.json::<std::collections::BTreeMap<String, u32>>().unwrap_err();
    assert!(error.to_string().contains("at results: invalid type: string \"[hidden]\""), "{error}");
    assert!(!format!("{reply:?} {}", reply.excerpt()).contains(CANARY));
}

#[tokio::test]
async fn nothing_of_an_answer_that_holds_a_token_is_quoted() {
    let server = MockServer::start().await;
    let body = format!("access_token={CANARY}");
    let template = ResponseTemplate::new(200).set_body_raw(body, "text/plain");
    Mock::given(any()).respond_with(template).mount(&server).await;
    let request = Request::get(address(&server)).confidential();
    let error = layer().0.send(request.clone().expect_json()).await.unwrap_err();
    assert!(error.to_string().contains("[hidden]") && !shown(&error).contains(CANARY), "{error:?}");
    let error = layer().0.send(request).await.unwrap().json::<String>().unwrap_err();
    assert!(!shown(&error).contains(CANARY), "{error:?}");
}

#[tokio::test]
async fn a_secret_in_the_query_is_not_in_what_is_said_of_a_lost_connection() {
    let server = RawServer::start(vec![Then::Close(Vec::new())]).await;
    let credential = Credential::query("key", Secret::from(SecretString::from(CANARY)));
    let request = Request::get(server.address.clone()).query("page", "1").credential(credential);
    let error = layer().0.send(request).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Transient);
    let said = shown(&error);
    assert!(!said.contains("open") && !said.contains("page") && !said.contains("key"), "{said}");
}

#[tokio::test]
async fn a_secret_that_cannot_be_sent_is_a_matter_of_configuration() {
    let secret = SecretFile::holding("sesame\nopen");
    let server = MockServer::start().await;
    for credential in [Credential::bearer(secret.open()), Credential::header("x-key", secret.open())] {
        let request = Request::get(address(&server)).credential(credential);
        let error = layer().0.send(request).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Config);
        assert!(!shown(&error).contains("sesame"), "{error:?}");
    }
}

fn credential_kind(credential: &Credential) -> &'static str {
    if format!("{credential:?}").contains("Basic") { "Basic" } else { "another" }
}
