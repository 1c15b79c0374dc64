//! Three ways to a token, and no secret in any message.
#![cfg(feature = "ga4")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use collectors::{CollectError, Collector, PeriodSpan, Reason, Window};
use kpi::{Period, PeriodKind};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rstest::rstest;
use serde_json::{Value, json};
use support::recorded::at;
use support::{batch, collector};
use tempfile::TempDir;
use wiremock::matchers::{body_string_contains, header, method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const NOW: &str = "2026-11-23T09:20:00Z";
const CANARY: &str = "ya29.canary-that-nobody-may-see";
const EMAIL: &str = "fake-collector@fake-key-for-tests.iam.gserviceaccount.com";

/// The fake key of the cases, which was made by openssl and opens nothing.
fn fake_key() -> Value {
    serde_json::from_str(include_str!("../ga4/testcases/fake-key.json")).unwrap()
}

fn report() -> Value {
    json!({
        "dimensionHeaders": [{"name": "date"}, {"name": "eventName"}],
        "metricHeaders": [{"name": "eventCount", "type": "TYPE_INTEGER"}],
        "rows": [{"dimensionValues": [{"value": "20261118"}, {"value": "start"}], "metricValues": [{"value": "7"}]}],
        "rowCount": 1,
        "metadata": {"timeZone": "Europe/London"},
    })
}

struct Setting {
    server: MockServer,
    folder: TempDir,
}

impl Setting {
    async fn new() -> Self {
        Self { server: MockServer::start().await, folder: tempfile::tempdir().unwrap() }
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn collector(&self, key: &Path, more: &str) -> Arc<dyn Collector> {
        let settings = format!(
            "key = {{ file = \"{}\" }}\napi = \"{}\"\nproperty = 1\n{more}\n[services.fixture]\nstarted = \"start\"\n",
            key.display(),
            self.server.uri()
        );
        collector("ga4", &settings)
    }

    async fn answer_reports(&self, token: &str) {
        Mock::given(method("POST"))
            .and(path("/v1beta/properties/1:runReport"))
            .and(header("authorization", format!("Bearer {token}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(report()))
            .mount(&self.server)
            .await;
    }

    async fn answer(&self, at: &str, contains: &str, answer: ResponseTemplate) {
        Mock::given(method("POST"))
            .and(path(at))
            .and(body_string_contains(contains))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    fn external(&self, members: &Value) -> std::path::PathBuf {
        let uri = self.server.uri();
        let mut file = json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{uri}/v1/token"),
            "credential_source": {"file": self.write("subject", "the-subject-token\n")},
        });
        for (name, value) in members.as_object().unwrap() {
            file[name] = value.clone();
        }
        self.write("external.json", &file.to_string())
    }
}

fn window() -> Window {
    let day = Period::from_start_text(PeriodKind::Day, "2026-11-18").unwrap();
    Window::Span(PeriodSpan { first: day, last: day })
}

async fn collect(collector: &Arc<dyn Collector>) -> Result<usize, CollectError> {
    let answer = collector.collect(&window(), &at(NOW)).await?;
    Ok(batch(answer).0.figure_count())
}

/// The claims of a JWT whose signature is that of the fake key.
fn verified(jwt: &str) -> (Value, Value) {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let pem = fake_key()["private_key"].as_str().unwrap().to_owned();
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
        .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .expect("a good signature");
    let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (part(header), part(claims))
}

fn shown(error: &CollectError) -> String {
    format!("{error} {error:?} {:?} {:?}", error.details(), std::error::Error::source(error))
}

#[tokio::test]
async fn a_signed_statement_is_the_token() {
    let setting = Setting::new().await;
    Mock::given(path_regex("runReport"))
        .respond_with(ResponseTemplate::new(200).set_body_json(report()))
        .mount(&setting.server)
        .await;
    let key = setting.write("key.json", &fake_key().to_string());
    let collector = setting.collector(&key, "");
    assert_eq!(collect(&collector).await.unwrap(), 1);
    assert_eq!(collect(&collector).await.unwrap(), 1);
    let requests: Vec<Request> = setting.server.received_requests().await.unwrap();
    let tokens: Vec<&str> =
        requests.iter().map(|request| request.headers["authorization"].to_str().unwrap()).collect();
    assert_eq!(tokens[0], tokens[1], "one token serves both runs");
    let (header, claims) = verified(tokens[0].strip_prefix("Bearer ").unwrap());
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "0000fake0000key0000for0000tests0"}));
    assert_eq!(
        claims,
        json!({
            "iss": EMAIL, "sub": EMAIL, "aud": "https://analyticsdata.googleapis.com/",
            "iat": 1_795_425_600, "exp": 1_795_429_200,
        })
    );
}

#[tokio::test]
async fn a_signed_statement_is_exchanged_for_a_token() {
    let setting = Setting::new().await;
    let answer = json!({"access_token": CANARY, "expires_in": 3599, "token_type": "Bearer"});
    let answer = ResponseTemplate::new(200).set_body_json(answer);
    setting
        .answer("/token", "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer", answer)
        .await;
    setting.answer_reports(CANARY).await;
    let mut key = fake_key();
    key["token_uri"] = format!("{}/token", setting.server.uri()).into();
    let key = setting.write("key.json", &key.to_string());
    let collector = setting.collector(&key, "sign_in = \"token_exchange\"");
    assert_eq!(collect(&collector).await.unwrap(), 1);
    assert_eq!(collect(&collector).await.unwrap(), 1);
    let requests = setting.server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 3, "one token serves both runs");
    let form = String::from_utf8(requests[0].body.clone()).unwrap();
    let assertion = form.split("assertion=").nth(1).unwrap();
    let (_, claims) = verified(assertion);
    assert_eq!(claims["aud"], format!("{}/token", setting.server.uri()));
    assert_eq!(claims["scope"], "https://www.googleapis.com/auth/analytics.readonly");
}

#[tokio::test]
async fn a_federated_token_reads_by_itself() {
    let setting = Setting::new().await;
    let answer =
        ResponseTemplate::new(200).set_body_json(json!({"access_token": CANARY, "expires_in": 3599}));
    setting.answer("/v1/token", "subject_token=the-subject-token", answer).await;
    setting.answer_reports(CANARY).await;
    let key = setting.external(&json!({}));
    assert_eq!(collect(&setting.collector(&key, "")).await.unwrap(), 1);
    let form = String::from_utf8(setting.server.received_requests().await.unwrap()[0].body.clone()).unwrap();
    assert!(form.contains("scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fanalytics.readonly"), "{form}");
}

#[tokio::test]
async fn a_federated_token_acts_as_a_service_account() {
    let setting = Setting::new().await;
    let answer = json!({"access_token": "federated", "expires_in": 3599});
    setting.answer("/v1/token", "cloud-platform", ResponseTemplate::new(200).set_body_json(answer)).await;
    let impersonation = format!("/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken");
    let answer = json!({"accessToken": CANARY, "expireTime": "2026-11-23T10:20:00Z"});
    let answer = ResponseTemplate::new(200).set_body_json(answer);
    setting.answer(&impersonation, "analytics.readonly", answer).await;
    setting.answer_reports(CANARY).await;
    let subject = setting.write("subject.json", "{\"id_token\": \"the-subject-token\"}");
    let key = setting.external(&json!({
        "service_account_impersonation_url": format!("{}{impersonation}", setting.server.uri()),
        "credential_source": {
            "file": subject, "format": {"type": "json", "subject_token_field_name": "id_token"},
        },
    }));
    assert_eq!(collect(&setting.collector(&key, "")).await.unwrap(), 1);
}

#[tokio::test]
async fn acting_as_a_service_account_must_be_allowed() {
    let setting = Setting::new().await;
    let answer = json!({"access_token": "federated", "expires_in": 3599});
    setting.answer("/v1/token", "", ResponseTemplate::new(200).set_body_json(answer)).await;
    let impersonation = format!("/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken");
    let refusal =
        json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Permission denied."}});
    setting.answer(&impersonation, "", ResponseTemplate::new(403).set_body_json(refusal)).await;
    let url = format!("{}{impersonation}", setting.server.uri());
    let key = setting.external(&json!({"service_account_impersonation_url": url}));
    let error = collect(&setting.collector(&key, "")).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Permission);
    assert_eq!(
        error.to_string(),
        format!(
            "the workload identity may not act as the service account {EMAIL} (\"Permission denied.\"); give it \
             the role Workload Identity User on that account"
        )
    );
}

#[tokio::test]
async fn a_new_key_is_used_without_a_restart() {
    let setting = Setting::new().await;
    let token = json!({"access_token": "second", "expires_in": 3599});
    setting.answer("/token", "", ResponseTemplate::new(200).set_body_json(token)).await;
    let refusal = json!({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "No."}});
    Mock::given(path("/v1beta/properties/1:runReport"))
        .respond_with(ResponseTemplate::new(401).set_body_json(refusal))
        .with_priority(9)
        .mount(&setting.server)
        .await;
    setting.answer_reports("second").await;
    let mut file = fake_key();
    let key = setting.write("key.json", &file.to_string());
    let collector = setting.collector(&key, "");
    assert_eq!(collect(&collector).await.unwrap_err().reason(), Reason::Auth);
    // The file is replaced by one of another kind of sign-in, so that the new token can be told apart.
    file = json!({"type": "external_account", "audience": "//iam.googleapis.com/x", "subject_token_type": "t",
        "token_url": format!("{}/token", setting.server.uri()),
        "credential_source": {"file": setting.write("subject", "s")}});
    setting.write("key.json", &file.to_string());
    assert_eq!(collect(&collector).await.unwrap(), 1);
}

#[rstest]
#[case(
    "Mon, 23 Nov 2026 09:20:30 GMT",
    "the key of the service account fake-collector@fake-key-for-tests.iam.gserviceaccount.com was not accepted (invalid_grant: \"Invalid JWT Signature.\"); check"
)]
#[case("Mon, 23 Nov 2026 09:00:00 GMT", "the clock of this machine is 20 minutes ahead of that of 127.0.0.1")]
#[tokio::test]
async fn a_refused_exchange_says_why(#[case] date: &str, #[case] message: &str) {
    let setting = Setting::new().await;
    let refusal = json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."});
    let refusal = ResponseTemplate::new(400).set_body_json(refusal).insert_header("date", date);
    setting.answer("/token", "", refusal).await;
    let mut key = fake_key();
    key["token_uri"] = format!("{}/token", setting.server.uri()).into();
    let key = setting.write("key.json", &key.to_string());
    let error = collect(&setting.collector(&key, "sign_in = \"token_exchange\"")).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Auth);
    assert!(error.to_string().starts_with(message), "{error}");
}

#[tokio::test]
async fn a_token_that_is_echoed_is_in_no_message() {
    for status in [400, 401, 403, 404, 418, 429, 500, 503, 200] {
        let setting = Setting::new().await;
        let answer = json!({"access_token": CANARY, "expires_in": 3599});
        setting.answer("/token", "", ResponseTemplate::new(200).set_body_json(answer)).await;
        let echo = format!("you sent Bearer {CANARY}, which is wrong");
        let violation = json!({"fieldViolations": [{"field": CANARY, "description": echo}]});
        let error = json!({"code": status, "status": echo, "message": echo, "details": [violation]});
        let body = json!({"error": error, "rows": echo});
        Mock::given(path_regex("^/v1beta"))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .mount(&setting.server)
            .await;
        let mut key = fake_key();
        key["token_uri"] = format!("{}/token", setting.server.uri()).into();
        let key = setting.write("key.json", &key.to_string());
        let error = collect(&setting.collector(&key, "sign_in = \"token_exchange\"")).await.unwrap_err();
        assert!(!shown(&error).contains("canary"), "{status}: {}", shown(&error));
    }
}

#[tokio::test]
async fn an_exchange_that_goes_wrong_shows_nothing_of_its_answer() {
    for (status, body) in [
        (200, json!({"token": CANARY})),
        (200, json!([CANARY])),
        (200, json!({"access_token": 1, "refresh": CANARY})),
        (500, json!({"error": CANARY})),
        (302, json!({"error": CANARY})),
    ] {
        let setting = Setting::new().await;
        setting.answer("/token", "", ResponseTemplate::new(status).set_body_json(body)).await;
        let mut key = fake_key();
        key["token_uri"] = format!("{}/token", setting.server.uri()).into();
        let key = setting.write("key.json", &key.to_string());
        let error = collect(&setting.collector(&key, "sign_in = \"token_exchange\"")).await.unwrap_err();
        assert!(!shown(&error).contains("canary"), "{}", shown(&error));
    }
}

#[rstest]
#[case("canary-instead-of-json", "is not JSON, at line 1, column 1")]
#[case("{\"type\": \"service_account\", \"private_key\": \"canary", "is cut off")]
#[case("{\"type\": \"service_account\", \"private_key\": [\"canary\"]}", "has a member of another type")]
#[case(
    "{\"type\": \"service_account\", \"private_key\": \"canary\", \"client_email\": \"a@b\"}",
    "no RSA key in PKCS#8"
)]
#[case("{\"type\": \"service_account\", \"client_email\": \"a@b\"}", "has no private_key")]
#[case("{\"type\": \"authorized_user\", \"refresh_token\": \"canary\"}", "is that of a person")]
#[case("{\"type\": \"canary\"}", "is of no known type")]
#[case(
    "{\"type\": \"external_account\", \"credential_source\": {\"url\": \"http://canary\"}}",
    "has no credential_source.file"
)]
#[tokio::test]
async fn a_key_file_that_is_none_is_named_and_not_shown(#[case] text: &str, #[case] problem: &str) {
    let setting = Setting::new().await;
    let key = setting.write("key.json", text);
    let error = collect(&setting.collector(&key, "")).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
    assert!(error.to_string().contains(problem), "{error}");
    assert!(!shown(&error).contains("canary"), "{}", shown(&error));
}
