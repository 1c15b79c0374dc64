use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rstest::rstest;
use serde_json::{Value, json};
use simulator::ga4::{CLIENT_EMAIL, FIRST_PROPERTY, KEY_ID, SUBJECT_TOKEN, service_account_key};
use simulator::{Running, Source};

use crate::ga4::report;
use crate::support::{Clock, client, start};

const SCOPE: &str = "https://www.googleapis.com/auth/analytics.readonly";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Signs claims with the key of the key file, as a client does.
fn sign(claims: &Value) -> String {
    let key = service_account_key("");
    let pem = key["private_key"].as_str().unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID})), part(claims));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims(running: &Running, clock: &Clock) -> Value {
    let aud = format!("{}/token", running.address(Source::Ga4));
    let iat = clock.second();
    json!({"iss": CLIENT_EMAIL, "scope": SCOPE, "aud": aud, "iat": iat, "exp": iat + 3600})
}

async fn exchange(running: &Running, assertion: &str) -> (u16, Value) {
    let form = [("grant_type", GRANT), ("assertion", assertion)];
    let response =
        client().post(format!("{}/token", running.address(Source::Ga4))).form(&form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// A token by the JWT-bearer grant.
pub(crate) async fn token(running: &Running, clock: &Clock) -> String {
    let (status, answer) = exchange(running, &sign(&claims(running, clock))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["expires_in"], &answer["token_type"]), (&json!(3599), &json!("Bearer")));
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn run(running: &Running, token: &str) -> (u16, Value) {
    let url = format!("{}/v1beta/properties/{FIRST_PROPERTY}:runReport", running.address(Source::Ga4));
    let body = report("2026-11-02", "2026-11-02");
    let response = client().post(url).bearer_auth(token).json(&body).send().await.unwrap();
    let challenge = response.headers().contains_key("www-authenticate");
    assert_eq!(challenge, response.status() == 401);
    (response.status().as_u16(), response.json().await.unwrap())
}

#[rstest]
#[case("iss", json!("somebody@else.example"), "invalid_grant")]
#[case("aud", json!("https://elsewhere.example/token"), "invalid_grant")]
#[case("exp", json!(9_999_999_999_i64), "invalid_grant")]
#[case("iat", json!(1), "invalid_grant")]
#[case("scope", json!("https://www.googleapis.com/auth/drive"), "invalid_scope")]
#[tokio::test]
async fn an_assertion_is_looked_at(#[case] claim: &str, #[case] value: Value, #[case] error: &str) {
    let (running, clock) = start().await;
    let mut claims = claims(&running, &clock);
    claims[claim] = value;
    let (status, answer) = exchange(&running, &sign(&claims)).await;
    assert_eq!((status, &answer["error"]), (400, &json!(error)), "{answer}");
}

#[tokio::test]
async fn a_forged_signature_is_refused() {
    let (running, clock) = start().await;
    let mut assertion = sign(&claims(&running, &clock));
    let end = assertion.split_off(assertion.len() - 10);
    let other = if end.starts_with('A') { 'B' } else { 'A' };
    let (status, answer) = exchange(&running, &format!("{assertion}{other}{}", &end[1..])).await;
    assert_eq!((status, &answer["error_description"]), (400, &json!("Invalid JWT Signature.")));
}

#[tokio::test]
async fn a_token_expires_and_a_deleted_key_gives_none() {
    let (running, clock) = start().await;
    let token = token(&running, &clock).await;
    running.ga4().set(|options| options.key_deleted = true);
    assert_eq!(run(&running, &token).await.0, 200);
    assert_eq!(exchange(&running, &sign(&claims(&running, &clock))).await.0, 400);
    clock.forward(1);
    let (status, answer) = run(&running, &token).await;
    assert_eq!((status, &answer["error"]["status"]), (401, &json!("UNAUTHENTICATED")));
}

#[rstest]
#[case(json!({"aud": "https://analyticsdata.googleapis.com/"}), 200)]
#[case(json!({"scope": SCOPE}), 200)]
#[case(json!({"scope": "https://www.googleapis.com/auth/drive"}), 403)]
#[case(json!({"aud": "https://elsewhere.example/"}), 401)]
#[tokio::test]
async fn a_jwt_of_ones_own_is_a_bearer(#[case] extra: Value, #[case] expected: u16) {
    let (running, clock) = start().await;
    let iat = clock.second();
    let mut claims = json!({"iss": CLIENT_EMAIL, "sub": CLIENT_EMAIL, "iat": iat, "exp": iat + 3600});
    claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    assert_eq!(run(&running, &sign(&claims)).await.0, expected);
}

#[tokio::test]
async fn a_workload_identity_is_exchanged_and_impersonates() {
    let (running, _) = start().await;
    let address = running.address(Source::Ga4);
    let file = simulator::ga4::external_account(address, "/unused");
    let mut form = json!({
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": file["audience"],
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token": SUBJECT_TOKEN,
        "subject_token_type": file["subject_token_type"],
    });
    let exchange = async |form: &Value| -> (u16, Value) {
        let response = client().post(file["token_url"].as_str().unwrap()).form(form).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let (status, federated) = exchange(&form).await;
    assert_eq!(status, 200);
    let federated = federated["access_token"].as_str().unwrap().to_owned();
    assert_eq!(run(&running, &federated).await.0, 403);
    let url = file["service_account_impersonation_url"].as_str().unwrap();
    let body = json!({"scope": [SCOPE], "lifetime": "3600s"});
    let response = client().post(url).bearer_auth(federated).json(&body).send().await.unwrap();
    let impersonated: Value = response.json().await.unwrap();
    assert_eq!(impersonated["expireTime"], "2026-11-23T09:59:59Z");
    assert_eq!(run(&running, impersonated["accessToken"].as_str().unwrap()).await.0, 200);
    form["subject_token"] = json!("another");
    assert_eq!(exchange(&form).await.0, 400);
}

#[tokio::test]
async fn access_is_refused_in_three_ways() {
    let (running, clock) = start().await;
    let token = token(&running, &clock).await;
    let url = format!("{}/v1beta/properties/{FIRST_PROPERTY}:runReport", running.address(Source::Ga4));
    let response = client().post(url).json(&json!({})).send().await.unwrap();
    assert_eq!(response.status(), 401);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["error"]["details"][0]["reason"], "CREDENTIALS_MISSING");
    running.ga4().set(|options| {
        options.forbidden.insert(FIRST_PROPERTY);
    });
    let (status, answer) = run(&running, &token).await;
    assert_eq!((status, &answer["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    running.ga4().set(|options| options.api_disabled = true);
    let (_, answer) = run(&running, &token).await;
    assert_eq!(answer["error"]["details"][0]["reason"], "SERVICE_DISABLED");
}
