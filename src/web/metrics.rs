//! `/metrics`, compressed ahead of time where the client takes it so.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;

use super::Shared;
use crate::metrics::{CONTENT_TYPE, Encoding};

pub(super) async fn metrics(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let encoding = if accepts_gzip(&headers) { Encoding::Gzip } else { Encoding::Identity };
    // After a change the text is first to be written, which takes longer than others may be kept waiting.
    let rendered = tokio::task::spawn_blocking(move || shared.metrics.render(encoding)).await;
    match rendered {
        Ok(Ok(pieces)) => answer(pieces, encoding),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn answer(pieces: Vec<Bytes>, encoding: Encoding) -> Response {
    let length: usize = pieces.iter().map(Bytes::len).sum();
    let body = Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, std::convert::Infallible>)));
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoding == Encoding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// Whether gzip is named and not refused with `q=0` (RFC 9110, 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_gzip && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_to_who_names_it_and_does_not_refuse_it() {
        let accepted = |value: &'static str| {
            accepts_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        assert!(!accepts_gzip(&HeaderMap::new()));
        for value in ["gzip", "deflate, GZIP;q=0.5", "br , gzip ; q=1"] {
            assert!(accepted(value), "{value}");
        }
        for value in ["identity", "gzip;q=0", "gzip; q=0.000", "*", "x-gzip", "gzip;q=much"] {
            assert!(!accepted(value), "{value}");
        }
    }
}
