//! A file at an http(s) address, asked for only where it has changed.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::bookmark::Seen;
use crate::hex::hex;
use crate::http::{Address, Http, Reply, Request};
use crate::{CollectError, Reason};

const NOT_MODIFIED: u16 = 304;

/// What the address answered.
pub(super) enum Fetched {
    Unchanged,
    File { name: String, bytes: Vec<u8>, seen: Seen },
}

/// Fetches the file unless it is what was seen before. The runner asks again where that may help.
pub(super) async fn fetch(
    http: &Http,
    address: &Address,
    timeout: Duration,
    max_bytes: u64,
    before: Option<&Seen>,
) -> Result<Fetched, CollectError> {
    let mut request = Request::get(address.clone())
        .timeout(timeout)
        .attempts(1)
        .accept(NOT_MODIFIED)
        .classify(sign_in_wanted)
        .largest_bytes(usize::try_from(max_bytes).unwrap_or(usize::MAX));
    if let Some(etag) = before.and_then(|seen| seen.etag.as_ref()) {
        request = request.header("if-none-match", etag);
    }
    if let Some(date) = before.and_then(|seen| seen.last_modified.as_ref()) {
        request = request.header("if-modified-since", date);
    }
    let reply = http.send(request).await?;
    if reply.status == NOT_MODIFIED {
        return Ok(Fetched::Unchanged);
    }
    let header = |name: &str| reply.header(name).map(str::to_owned);
    let (etag, last_modified) = (header("etag"), header("last-modified"));
    let seen = Seen { sha256: hex(&Sha256::digest(&reply.bytes)), etag, last_modified };
    if before.is_some_and(|before| before.sha256 == seen.sha256) {
        return Ok(Fetched::Unchanged);
    }
    Ok(Fetched::File { name: address.file_name(), bytes: reply.bytes, seen })
}

/// There is nothing to sign in with here, so that the usual advice on credentials would mislead.
fn sign_in_wanted(reply: &Reply) -> Option<CollectError> {
    let reason = match reply.status {
        401 => Reason::Auth,
        403 => Reason::Permission,
        _ => return None,
    };
    let problem = format!(
        "{} answered {} and said {:?}; files are fetched without signing in: have it published where that is \
         not needed, or saved to a `folder` that this machine reads",
        reply.address(),
        reply.status,
        reply.excerpt()
    );
    Some(CollectError::new(reason, problem))
}
