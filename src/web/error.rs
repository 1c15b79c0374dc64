//! Errors as answers: what is wrong and what is allowed, in one JSON shape.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::push;
use crate::run::{PushError, StateError};
use crate::store::StoreError;

/// Seconds a client is asked to wait where the store is out of reach.
const RETRY_AFTER_SECS: &str = "30";

/// Why a request is not answered.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The request itself is wrong; everything that is.
    BadRequest(Vec<String>),
    /// There is no such thing.
    NotFound(String),
    /// The answer is larger than one response may be.
    TooLarge(String),
    /// The store does not answer for now.
    Store(StoreError),
    /// The state does not answer for now.
    State(StateError),
    /// The answer could not be written.
    Unwritable(String),
    /// Pushed figures are not taken.
    Push(PushError),
    /// A body has more than so many bytes.
    PayloadTooLarge(usize),
    /// A body is of a form that is not read; which are.
    UnsupportedMediaType(String),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<csv::Error> for ApiError {
    fn from(error: csv::Error) -> Self {
        Self::Unwritable(error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::BadRequest(problems) => {
                (StatusCode::BAD_REQUEST, Json(json!({ "error": problems.join("; "), "problems": problems })))
                    .into_response()
            }
            Self::NotFound(what) => (StatusCode::NOT_FOUND, Json(json!({ "error": what }))).into_response(),
            Self::TooLarge(what) => (StatusCode::BAD_REQUEST, Json(json!({ "error": what }))).into_response(),
            Self::Store(error) => {
                tracing::warn!(%error, "the store did not answer a request");
                unavailable(
                    "history is not available for now; the newest figures still are, at /api/v1/services",
                )
            }
            Self::State(error) => {
                tracing::warn!(%error, "the state did not answer a request");
                unavailable("alerts are not available for now; ask again soon")
            }
            Self::Push(error) => push::answer(&error),
            Self::PayloadTooLarge(most) => {
                let what = format!("the body has more than {most} bytes; push it in parts");
                (StatusCode::PAYLOAD_TOO_LARGE, Json(json!({ "error": what }))).into_response()
            }
            Self::UnsupportedMediaType(what) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, Json(json!({ "error": what }))).into_response()
            }
            Self::Unwritable(what) => {
                (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": what }))).into_response()
            }
        }
    }
}

/// The answer where something passes: what, and when to ask again.
pub(super) fn unavailable(what: &str) -> Response {
    let answer = Json(json!({ "error": what }));
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, RETRY_AFTER_SECS)], answer).into_response()
}
