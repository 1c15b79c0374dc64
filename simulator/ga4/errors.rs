//! Refusals in Google's words: `{"error":{"code","message","status","details"}}` (google.rpc.Status as JSON).

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A call that is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    code: u16,
    status: &'static str,
    message: String,
    details: Vec<Value>,
}

fn error_info(reason: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "analyticsdata.googleapis.com"},
    })
}

impl Refusal {
    fn new(code: u16, status: &'static str, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), details: Vec::new() }
    }

    fn with(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    pub(super) fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let violation = json!({"field": field, "description": message});
        Self::invalid(message).with(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [violation],
        }))
    }

    pub(super) fn no_credential() -> Self {
        Self::new(
            401,
            "UNAUTHENTICATED",
            "Request is missing required authentication credential. Expected OAuth 2 access token, \
             login cookie or other valid authentication credential.",
        )
        .with(error_info("CREDENTIALS_MISSING"))
    }

    pub(super) fn bad_credential() -> Self {
        Self::new(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential.",
        )
        .with(error_info("ACCESS_TOKEN_EXPIRED"))
    }

    pub(super) fn no_access() -> Self {
        Self::new(403, "PERMISSION_DENIED", "User does not have sufficient permissions for this property.")
    }

    pub(super) fn missing_scope() -> Self {
        Self::new(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
            .with(error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT"))
    }

    pub(super) fn api_disabled() -> Self {
        Self::new(
            403,
            "PERMISSION_DENIED",
            "Google Analytics Data API has not been used in project 1 before or it is disabled.",
        )
        .with(error_info("SERVICE_DISABLED"))
    }

    pub(super) fn exhausted(message: &str) -> Self {
        Self::new(429, "RESOURCE_EXHAUSTED", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({"code": self.code, "message": self.message, "status": self.status});
        if let (false, Some(error)) = (self.details.is_empty(), error.as_object_mut()) {
            error.insert("details".to_owned(), Value::Array(self.details));
        }
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (code, axum::Json(json!({"error": error}))).into_response();
        if code == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"https://accounts.google.com/\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A path or verb that is none is answered with a page for people, not with JSON.
pub(super) fn page_not_found() -> Response {
    let page = "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n\
                <p>The requested URL was not found on this server.\n";
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/html; charset=UTF-8")], page).into_response()
}

/// Errors that mischief asks for.
pub(crate) fn dialect(status: StatusCode) -> Response {
    match status.as_u16() {
        401 => Refusal::bad_credential(),
        403 => Refusal::no_access(),
        429 => Refusal::exhausted(
            "Exhausted concurrent requests quota. Please send fewer requests concurrently.",
        ),
        500 => Refusal::new(500, "INTERNAL", "Internal error encountered."),
        503 => Refusal::new(503, "UNAVAILABLE", "The service is currently unavailable."),
        code => Refusal::new(code, "UNKNOWN", "Unknown Error."),
    }
    .into_response()
}
