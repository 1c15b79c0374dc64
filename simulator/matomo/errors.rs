//! `{"result":"error","message":…}`, under a status that depends on the version.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Version;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Token not accepted, or no access to the site.
    Credential,
    /// A parameter is missing or bad.
    Parameter,
    /// The plugin is switched off.
    Deactivated,
    /// No such plugin or method.
    Unknown,
}

/// A request that is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    reason: Reason,
    message: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, message: String) -> Self {
        Self { reason, message }
    }

    pub(super) fn bad(message: String) -> Self {
        Self::new(Reason::Parameter, message)
    }

    pub(super) fn token() -> Self {
        Self::new(
            Reason::Credential,
            "Unable to authenticate with the provided token. It is either invalid, expired or is required to be \
             sent as a POST parameter."
                .to_owned(),
        )
    }

    pub(super) fn access(site: &str) -> Self {
        Self::new(
            Reason::Credential,
            format!(
                "You can't access this resource as it requires 'view' access for the website id = {site}."
            ),
        )
    }

    pub(super) fn body(&self) -> Value {
        json!({"result": "error", "message": self.message})
    }

    /// Before 5.0 every error is 200; up to 5.6 only credentials have a status of their own.
    pub(super) fn respond(&self, version: Version) -> Response {
        let status = match self.reason {
            Reason::Credential if version >= Version(5, 0) => StatusCode::UNAUTHORIZED,
            Reason::Parameter if version >= Version(5, 7) => StatusCode::BAD_REQUEST,
            Reason::Deactivated if version >= Version(5, 7) => StatusCode::FORBIDDEN,
            Reason::Unknown if version >= Version(5, 7) => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
        (status, axum::Json(self.body())).into_response()
    }
}

/// What a person would see.
pub(super) fn sign_in_page() -> Response {
    let page = "<!DOCTYPE html>\n<html id=\"ng-app\"><head><title>Sign in - Matomo</title></head></html>\n";
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// Errors that mischief asks for.
pub fn dialect(status: StatusCode) -> Response {
    match status {
        StatusCode::UNAUTHORIZED => (status, axum::Json(Refusal::token().body())).into_response(),
        StatusCode::SERVICE_UNAVAILABLE => {
            let page =
                "<!DOCTYPE html>\n<title>Maintenance</title><p>Matomo is in scheduled maintenance.</p>\n";
            (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
        }
        _ => (status, axum::Json(json!({"result": "error", "message": status.to_string()}))).into_response(),
    }
}
