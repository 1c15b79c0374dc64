//! Redirects, followed only where credentials may go.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};

use super::Address;
use crate::{CollectError, Reason};

/// More than this is a loop, or a log-in that expects a browser.
pub(super) const MOST: usize = 5;

/// Where the answer sends us on, or nothing when it is no redirect.
pub(super) fn next(
    status: StatusCode,
    headers: &HeaderMap,
    from: &Address,
    with_credential: bool,
) -> Result<Option<Address>, CollectError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(LOCATION).and_then(|location| location.to_str().ok()) else {
        let problem = format!("{from} answered {status} without saying where to; check the address");
        return Err(CollectError::new(Reason::Config, problem));
    };
    let refused = |problem: String| CollectError::new(Reason::Config, problem);
    let next = from
        .url()
        .join(location)
        .map_err(|error| format!("not a web address ({error})"))
        .and_then(|next| from.led_to(next))
        .map_err(|problem| refused(format!("{from} redirects to what is {problem}")))?;
    if from.same_origin(&next) {
        return Ok(Some(next));
    }
    let (origin, elsewhere) = (from.origin(), next.origin());
    if with_credential || from.is_secret() {
        return Err(refused(format!(
            "{origin} redirects to {elsewhere}, and a credential is not sent to another host; give the final \
             address if that one is right"
        )));
    }
    // Figures are not read over a way on which anybody may change them, once they came by a safe one.
    if from.url().scheme() == "https" && next.url().scheme() == "http" {
        return Err(refused(format!("{origin} redirects to {elsewhere}, which is not encrypted")));
    }
    Ok(Some(next))
}

pub(super) fn too_many(address: &Address) -> CollectError {
    let problem = format!("{address} redirects more than {MOST} times; check the address and the log-in");
    CollectError::new(Reason::Config, problem)
}
