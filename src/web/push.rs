//! Figures that are pushed.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kpi::Note;
use serde::Serialize;
use serde_json::json;

use super::Shared;
use super::error::{ApiError, unavailable};
use crate::exchange::PushForm;
use crate::run::{Counts, PushError, Pushed};

/// Most bytes of one body: about 100,000 figures.
const LARGEST_BYTES: usize = 16 * 1024 * 1024;

/// What became of pushed figures, by what they were to the store.
#[derive(Serialize)]
pub(super) struct Answer {
    new: u64,
    unchanged: u64,
    revised: u64,
    left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
struct LeftOut {
    place: String,
    text: String,
}

/// Takes figures in: CSV with the columns of `export`, or one JSON object a line. All of a body or nothing.
pub(super) async fn push(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answer>, ApiError> {
    // Whoever may not push is not listened to.
    let pusher = shared.push.pusher(bearer(&headers).unwrap_or_default()).await?;
    let form = form(&headers)?;
    let body = to_bytes(body, LARGEST_BYTES).await.map_err(|_| ApiError::PayloadTooLarge(LARGEST_BYTES))?;
    let Pushed { counts, notes } = shared.push.take(&pusher, form, &body).await?;
    let left_out = notes.into_iter().map(|Note { place, text }| LeftOut { place, text }).collect();
    let Counts { new, unchanged, revised, .. } = counts;
    Ok(Json(Answer { new, unchanged, revised, left_out }))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn form(headers: &HeaderMap) -> Result<PushForm, ApiError> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/csv" => Ok(PushForm::Csv),
        "application/jsonl" | "application/x-ndjson" => Ok(PushForm::JsonLines),
        other => Err(ApiError::UnsupportedMediaType(format!(
            "{other:?} is not a form of figures; send Content-Type: text/csv, or application/jsonl"
        ))),
    }
}

impl From<PushError> for ApiError {
    fn from(error: PushError) -> Self {
        Self::Push(error)
    }
}

pub(super) fn answer(error: &PushError) -> Response {
    let what = error.to_string();
    let refused = |status: StatusCode| (status, Json(json!({ "error": what }))).into_response();
    match error {
        PushError::Unauthorised => {
            ([(header::WWW_AUTHENTICATE, "Bearer")], refused(StatusCode::UNAUTHORIZED)).into_response()
        }
        PushError::Malformed(_) => refused(StatusCode::BAD_REQUEST),
        PushError::Forbidden { .. } => refused(StatusCode::FORBIDDEN),
        PushError::Elsewhere(_) => refused(StatusCode::MISDIRECTED_REQUEST),
        PushError::Secret(_) | PushError::Store(_) => {
            tracing::warn!(
                error = error as &(dyn std::error::Error + 'static),
                "pushed figures were not stored"
            );
            unavailable(&what)
        }
    }
}
