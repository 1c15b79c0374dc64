//! One request to a receiver that speaks HTTP. It is sent once: its courier decides whether to try again.

use collectors::http::{Address, HostLimit, Reply, Request};
use collectors::{CollectError, Reason, Secret};
use secrecy::ExposeSecret;

use super::DeliverError;

/// Answers of receivers are short.
const LARGEST_ANSWER_BYTES: usize = 256 * 1024;

/// A `POST` that is sent once, whose refusals are told in the words of receivers.
pub(super) fn post(address: Address) -> Request {
    common(Request::post(address))
}

/// A `GET`, likewise.
pub(super) fn get(address: Address) -> Request {
    common(Request::get(address))
}

fn common(request: Request) -> Request {
    request
        .attempts(1)
        .largest_bytes(LARGEST_ANSWER_BYTES)
        .host_limit(HostLimit::concurrent(2))
        .classify(|reply| (!is_good(reply)).then(|| refusal(reply)))
}

pub(super) const fn is_good(reply: &Reply) -> bool {
    reply.status >= 200 && reply.status < 300
}

/// The class of a refusal by its status, and what to do about it.
pub(super) fn refusal(reply: &Reply) -> CollectError {
    let (reason, remedy) = match reply.status {
        401 => (Reason::Auth, "the credential is not accepted: check that it is whole and still valid"),
        403 => (Reason::Permission, "the credential does not allow this: have it allowed"),
        404 | 410 => (Reason::Config, "there is nothing there: check the address"),
        408 | 425 | 500..=599 => (Reason::Transient, "the receiver is in trouble"),
        429 => (Reason::Throttled, "it is told too often for it"),
        _ => (Reason::Malformed, "it does not accept the message"),
    };
    let said = match reply.excerpt() {
        excerpt if excerpt.is_empty() => String::new(),
        excerpt => format!(" and said {excerpt:?}"),
    };
    CollectError::new(reason, format!("{} answered {}{said}; {remedy}", reply.address(), reply.status))
}

/// An address that is a secret as a whole: whoever has it may write there.
pub(super) async fn secret_address(secret: &Secret) -> Result<Address, DeliverError> {
    let text = secret.current().await?;
    Address::parse(text.expose_secret().trim())
        .map(Address::with_secret_path)
        .map_err(|problem| DeliverError::new(Reason::Config, format!("the secret address is {problem}")))
}
