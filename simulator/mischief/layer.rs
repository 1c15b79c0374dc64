//! The layer that stands before every stand-in: it counts each call and does what the script says.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::{Book, Call, EndlessPages, Mischief, RetryAfter, bodies};
use crate::World;

/// How a source words an error of a status that its own code did not answer.
pub(crate) type Dialect = fn(StatusCode) -> Response;

/// What the layer of one stand-in needs.
pub(crate) struct Layer {
    pub(crate) book: Book,
    pub(crate) world: Arc<World>,
    pub(crate) dialect: Dialect,
    /// Where a redirect leads.
    pub(crate) elsewhere: String,
}

/// Counts the call, lets it through, and dates the answer by the world's clock, as a source does by its
/// own. The outermost layer: what the others refuse is a call too.
pub(crate) async fn count(State(layer): State<Arc<Layer>>, request: Request, next: Next) -> Response {
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let method = request.method().to_string();
    let authorized = request.headers().contains_key(AUTHORIZATION);
    let mut response = next.run(request).await;
    if let Some(date) = date(layer.world.now()) {
        response.headers_mut().insert(DATE, date);
    }
    let status = response.status().as_u16();
    layer.book.record(Call { method, path, authorized, status });
    response
}

/// An instant as `Date` has it (RFC 9110, 5.6.7).
fn date(now: Timestamp) -> Option<HeaderValue> {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    HeaderValue::from_str(&text).ok()
}

/// Answers the call, well or badly.
pub(crate) async fn meddle(State(layer): State<Arc<Layer>>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let due = layer.book.due(&path, layer.world.today());
    for mischief in &due {
        match mischief {
            Mischief::Latency(wait) => tokio::time::sleep(*wait).await,
            Mischief::EndlessPages => {
                request.extensions_mut().insert(EndlessPages);
            }
            _ => {}
        }
    }
    for mischief in &due {
        if let Some(response) = layer.instead(mischief, &path) {
            return response;
        }
    }
    let mut response = next.run(request).await;
    for mischief in due {
        response = spoil(mischief, response).await;
    }
    response
}

impl Layer {
    /// The answer given in place of the right one, where this mischief has one.
    fn instead(&self, mischief: &Mischief, path: &str) -> Option<Response> {
        Some(match mischief {
            Mischief::TooManyRequests(after) => too_many(self.dialect, *after),
            Mischief::Status(status) => {
                (self.dialect)(StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            }
            Mischief::ExpiredToken => (self.dialect)(StatusCode::UNAUTHORIZED),
            Mischief::Html => ([(CONTENT_TYPE, "text/html; charset=utf-8")], PAGE).into_response(),
            Mischief::GzipBomb(size) => {
                let headers = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")];
                (headers, bodies::bomb(*size)).into_response()
            }
            Mischief::Redirect => {
                let location = format!("{}{path}", self.elsewhere);
                (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response()
            }
            Mischief::HalfBody
            | Mischief::Drip { .. }
            | Mischief::ContentType(_)
            | Mischief::EndlessPages
            | Mischief::Latency(_) => return None,
        })
    }
}

const PAGE: &str =
    "<!DOCTYPE html>\n<html lang=\"en\"><title>Sign in</title><p>Sign in to continue.</p></html>\n";

fn too_many(dialect: Dialect, after: RetryAfter) -> Response {
    let mut response = dialect(StatusCode::TOO_MANY_REQUESTS);
    if let Some(value) = after.header().and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

/// Spoils the right answer on its way out.
async fn spoil(mischief: Mischief, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = match mischief {
        Mischief::ContentType(text) => {
            parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
            body
        }
        Mischief::HalfBody | Mischief::Drip { .. } => {
            let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
            // The length of the whole is promised, so that half of it is seen to be half.
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
            match mischief {
                Mischief::Drip { bytes, pause } => bodies::drip(whole, bytes, pause),
                _ => bodies::half(&whole),
            }
        }
        _ => body,
    };
    Response::from_parts(parts, Body::new(body))
}
