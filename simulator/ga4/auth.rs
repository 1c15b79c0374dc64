//! Three ways to a token, and what is accepted as one.
//!
//! The JWT-bearer grant (RFC 7523), a self-signed JWT used as the bearer itself, and workload identity
//! federation (RFC 8693) with or without impersonation of the service account.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::Ga4;
use super::errors::{Refusal, page_not_found};
use super::jwt::{CLIENT_EMAIL, SCOPE, SUBJECT_TOKEN, verify};
use crate::world::draw;

/// Life of a token, in seconds. Google answers one second less than the hour.
const LIFE: i64 = 3599;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Reads reports.
    Reports,
    /// Only good for impersonating the service account.
    Federated,
}

/// Tokens given out.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    given: u64,
    live: BTreeMap<String, (i64, Use)>,
}

impl Tokens {
    fn give(&mut self, seed: u64, now: i64, purpose: Use) -> String {
        self.given += 1;
        let token = format!("ya29.simulated-{:016x}", draw(&[seed, self.given]));
        self.live.retain(|_, (expires, _)| *expires > now);
        self.live.insert(token.clone(), (now + LIFE, purpose));
        token
    }

    fn find(&self, token: &str, now: i64) -> Option<Use> {
        self.live.get(token).filter(|(expires, _)| *expires > now).map(|(_, purpose)| *purpose)
    }
}

fn oauth_error(error: &str, description: &str) -> Response {
    let body = json!({"error": error, "error_description": description});
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

fn form(body: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn grants_reading(scope: &str) -> bool {
    scope.split(' ').any(|scope| {
        [SCOPE, "https://www.googleapis.com/auth/analytics", "https://www.googleapis.com/auth/cloud-platform"]
            .contains(&scope)
    })
}

/// `POST /token`: an assertion for an access token.
pub(super) async fn token(State(ga4): State<Arc<Ga4>>, body: Bytes) -> Response {
    let form = form(&body);
    if form.get("grant_type").map(String::as_str) != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
        return oauth_error("unsupported_grant_type", "Invalid grant_type");
    }
    if ga4.options.get().key_deleted {
        return oauth_error("invalid_grant", "Invalid JWT Signature.");
    }
    let now = ga4.world.now().as_second();
    let claims = match verify(form.get("assertion").map_or("", String::as_str), now) {
        Ok(claims) => claims,
        Err(description) => return oauth_error("invalid_grant", &description),
    };
    let audiences = [format!("{}/token", ga4.address), "https://oauth2.googleapis.com/token".to_owned()];
    if !claims.aud.as_ref().is_some_and(|aud| audiences.contains(aud)) {
        return oauth_error("invalid_grant", "Invalid JWT: Failed audience check.");
    }
    if !claims.scope.as_deref().is_some_and(grants_reading) {
        return oauth_error("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    }
    let token = ga4.tokens.lock().give(ga4.world.seed(), now, Use::Reports);
    axum::Json(json!({"access_token": token, "expires_in": LIFE, "token_type": "Bearer"})).into_response()
}

/// `POST /v1/token`: the token of another identity provider for a federated one.
pub(super) async fn exchange(State(ga4): State<Arc<Ga4>>, headers: HeaderMap, body: Bytes) -> Response {
    let is_json =
        headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let field = |snake: &str, camel: &str| -> Option<String> {
        if is_json {
            let body: Value = serde_json::from_slice(&body).ok()?;
            body.get(camel).or_else(|| body.get(snake))?.as_str().map(str::to_owned)
        } else {
            form(&body).remove(snake)
        }
    };
    let grant = field("grant_type", "grantType");
    if grant.as_deref() != Some("urn:ietf:params:oauth:grant-type:token-exchange") {
        return oauth_error("unsupported_grant_type", "The grant type is not supported.");
    }
    if field("audience", "audience").is_none_or(|audience| !audience.starts_with("//iam.googleapis.com/")) {
        return oauth_error("invalid_request", "Invalid value for \"audience\".");
    }
    if field("subject_token", "subjectToken").as_deref() != Some(SUBJECT_TOKEN) {
        return oauth_error("invalid_grant", "The subject token is invalid.");
    }
    // Without impersonation the federated token is used as it is, and must ask for a scope that reads.
    let scope = field("scope", "scope").unwrap_or_default();
    let reads = scope.split(' ').any(|scope| scope == SCOPE);
    let purpose = if reads { Use::Reports } else { Use::Federated };
    let token = ga4.tokens.lock().give(ga4.world.seed(), ga4.world.now().as_second(), purpose);
    axum::Json(json!({
        "access_token": token,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": LIFE,
    }))
    .into_response()
}

/// `POST …/serviceAccounts/{email}:generateAccessToken`: a federated token for one of the service account.
pub(super) async fn impersonate(
    State(ga4): State<Arc<Ga4>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if account != format!("{CLIENT_EMAIL}:generateAccessToken") {
        return page_not_found();
    }
    let now = ga4.world.now();
    let known = bearer(&headers).and_then(|token| ga4.tokens.lock().find(token, now.as_second()));
    if known.is_none() {
        return Refusal::bad_credential().into_response();
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let scopes = body.get("scope").and_then(Value::as_array).cloned().unwrap_or_default();
    if !scopes.iter().filter_map(Value::as_str).any(grants_reading) {
        return Refusal::invalid("Scope is required.").into_response();
    }
    let token = ga4.tokens.lock().give(ga4.world.seed(), now.as_second(), Use::Reports);
    let expires = Timestamp::from_second(now.as_second()).and_then(|now| now.checked_add(LIFE.seconds()));
    let expires = expires.unwrap_or(now).to_string();
    axum::Json(json!({"accessToken": token, "expireTime": expires})).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

impl Ga4 {
    /// Accepts a live token, or a JWT of the service account meant for this API.
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let token = bearer(headers).ok_or_else(Refusal::no_credential)?;
        let now = self.world.now().as_second();
        match self.tokens.lock().find(token, now) {
            Some(Use::Reports) => return Ok(()),
            Some(Use::Federated) => return Err(Refusal::missing_scope()),
            None => {}
        }
        if self.options.get().key_deleted {
            return Err(Refusal::bad_credential());
        }
        let claims = verify(token, now).map_err(|_| Refusal::bad_credential())?;
        match (&claims.scope, &claims.aud) {
            (Some(scope), _) if grants_reading(scope) => Ok(()),
            (Some(_), _) => Err(Refusal::missing_scope()),
            (None, Some(aud)) if self.is_audience(aud) => Ok(()),
            (None, _) => Err(Refusal::bad_credential()),
        }
    }

    fn is_audience(&self, aud: &str) -> bool {
        aud == "https://analyticsdata.googleapis.com/" || aud.trim_end_matches('/') == self.address
    }
}
