//! A file at an http(s) address, asked for only where it has changed.

use std::time::Duration;

use reqwest::header::{
    ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER,
};
use reqwest::{Client, StatusCode, Url};
use sha2::{Digest, Sha256};

use super::bookmark::{Seen, hex};
use crate::{CollectError, Reason};

/// What the address answered.
pub(super) enum Fetched {
    Unchanged,
    File { name: String, bytes: Vec<u8>, seen: Seen },
}

/// The address without anything that may be a secret: no user, password, query or fragment.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// The name of the file at an address, which also tells its format.
pub(super) fn name(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    if last.is_empty() { url.host_str().unwrap_or_default().to_owned() } else { last.to_owned() }
}

/// Fetches the file unless it is what was seen before.
pub(super) async fn fetch(
    client: &Client,
    url: &Url,
    timeout: Duration,
    max_bytes: u64,
    before: Option<&Seen>,
) -> Result<Fetched, CollectError> {
    let mut request = client.get(url.clone()).timeout(timeout);
    if let Some(etag) = before.and_then(|seen| seen.etag.as_ref()) {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(date) = before.and_then(|seen| seen.last_modified.as_ref()) {
        request = request.header(IF_MODIFIED_SINCE, date);
    }
    let mut response = request.send().await.map_err(|error| broken(url, error))?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(Fetched::Unchanged);
    }
    if !response.status().is_success() {
        return Err(refused(url, response.status(), response.headers()));
    }
    let too_long = || {
        CollectError::new(
            Reason::Malformed,
            format!("{} answers with more than `max_bytes`, {max_bytes}", shown(url)),
        )
    };
    if response.content_length().is_some_and(|length| length > max_bytes) {
        return Err(too_long());
    }
    let (etag, last_modified) = (text(response.headers(), &ETAG), text(response.headers(), &LAST_MODIFIED));
    let mut bytes = Vec::new();
    // The length announced may be wrong or absent, or that of the compressed answer.
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(url, error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > max_bytes {
            return Err(too_long());
        }
    }
    let seen = Seen { sha256: hex(&Sha256::digest(&bytes)), etag, last_modified };
    if before.is_some_and(|before| before.sha256 == seen.sha256) {
        return Ok(Fetched::Unchanged);
    }
    Ok(Fetched::File { name: name(url), bytes, seen })
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn broken(url: &Url, error: reqwest::Error) -> CollectError {
    let what = if error.is_timeout() { "did not answer in `timeout_secs`" } else { "cannot be reached" };
    // The error of the client repeats the whole address.
    CollectError::new(Reason::Transient, format!("{} {what}", shown(url))).with_source(error.without_url())
}

fn refused(url: &Url, status: StatusCode, headers: &HeaderMap) -> CollectError {
    let (reason, remedy) = match status {
        StatusCode::UNAUTHORIZED => (Reason::Auth, "it wants credentials; use an address that does not"),
        StatusCode::FORBIDDEN => (Reason::Permission, "ask its owner for access"),
        StatusCode::TOO_MANY_REQUESTS => (Reason::Throttled, "it is asked again later"),
        StatusCode::REQUEST_TIMEOUT => (Reason::Transient, "it is asked again later"),
        status if status.is_server_error() => (Reason::Transient, "it is asked again later"),
        _ => (Reason::Config, "correct `url`"),
    };
    let error = CollectError::new(reason, format!("{} answers {}; {remedy}", shown(url), status.as_u16()));
    let wait = text(headers, &RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
    match wait {
        Some(seconds) => error.with_retry_after(Duration::from_secs(seconds)),
        None => error,
    }
}
