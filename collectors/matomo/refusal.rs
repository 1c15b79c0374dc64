//! Matomo's errors: `{"result":"error","message":…}`, until 5.7 mostly with status 200.
//!
//! The status says little and differs between versions (before 5.0 always 200, then 401 for tokens, from
//! 5.7 also 400, 403 and 404), so the message decides, and the status only where there is none.

use serde_json::Value;

use crate::http::Reply;
use crate::{CollectError, Reason};

/// A refused call: why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// Whether it is about everything asked and not about one report.
    pub(super) const fn concerns_all(&self) -> bool {
        matches!(self.reason, Reason::Auth | Reason::Quota | Reason::Throttled | Reason::Transient)
    }
}

impl From<Refusal> for CollectError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.reason, refusal.message)
    }
}

/// Parts of Matomo's messages in lower case, what each means, and what to do. The first that fits counts.
const MESSAGES: [(&[&str], Reason, &str); 8] = [
    (
        &["unable to authenticate", "must be logged in", "token_auth"],
        Reason::Auth,
        "create a token for a user with view access (Administration, Personal, Security) and put it where \
         `token` says",
    ),
    (
        &["'view' access", "requires view access", "not have access", "can't access"],
        Reason::Permission,
        "give the token's user view access to the site (Administration, System, Users)",
    ),
    (
        &["too many requests", "rate limit"],
        Reason::Throttled,
        "it is asked too often: have the collector run less often",
    ),
    (
        &["maintenance", "gone away", "sqlstate", "lock wait", "deadlock", "timed out", "mysqli"],
        Reason::Transient,
        "Matomo or its database is in trouble, and is asked again at the next run",
    ),
    (
        &["segment"],
        Reason::Config,
        "check `segment`; where archiving from the browser is off, save the segment in Matomo and let its \
         archiving run",
    ),
    (&["bulk"], Reason::Config, "set `bulk_size` to what this Matomo allows in one bulk request"),
    (
        &["unexpected website", "idsite", "website id"],
        Reason::Config,
        "check `site`: it is the number beside the site's name under Administration, Websites",
    ),
    (
        &["is not enabled", "not activated", "does not exist", "not available", "not found"],
        Reason::Config,
        "activate the plugin (Administration, System, Plugins), or count something else",
    ),
];

/// What a message of Matomo means.
pub(super) fn read(method: &str, said: &str) -> Refusal {
    let lower = said.to_lowercase();
    let found = MESSAGES.iter().find(|(parts, ..)| parts.iter().any(|part| lower.contains(part)));
    let (reason, remedy) = match found {
        Some((_, reason, _)) if *reason == Reason::Config && method.starts_with("Funnels.") => (
            Reason::Config,
            "this Matomo lacks the plugin Funnels or this funnel: install the plugin, which is a paid one, or \
             count goals instead",
        ),
        Some((_, reason, remedy)) => (*reason, *remedy),
        None => (Reason::Config, "check what is configured against what this Matomo offers"),
    };
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    Refusal::new(reason, format!("Matomo refused {method}, saying {said:?}; {remedy}"))
}

/// The message of an answer that is an error.
pub(super) fn message(answer: &Value) -> Option<&str> {
    let is_error = answer.get("result").and_then(Value::as_str) == Some("error");
    is_error.then(|| answer.get("message").and_then(Value::as_str).unwrap_or("nothing"))
}

/// Statuses whose body decides.
pub(super) const SPOKEN: [u16; 4] = [400, 401, 403, 404];

/// An answer with which nothing more can be asked: every error of a bulk as a whole, and of a single call
/// those that are not about its report. The others are read with the reports.
pub(super) fn judge(reply: &Reply, method: &str) -> Option<CollectError> {
    let spoken = error_body(reply).map(|said| read(method, &said));
    match spoken {
        Some(refusal) => {
            let whole = refusal.concerns_all() || method == super::ask::BULK;
            whole.then(|| refusal.into())
        }
        None if SPOKEN.contains(&reply.status) => Some(unspoken(reply)),
        None => None,
    }
}

fn error_body(reply: &Reply) -> Option<String> {
    // Errors are short, and what is long need not be parsed twice.
    const LONGEST_ERROR_BYTES: usize = 16 * 1024;
    if reply.bytes.len() > LONGEST_ERROR_BYTES {
        return None;
    }
    let body: Value = reply.json().ok()?;
    message(&body).map(str::to_owned)
}

/// A refusal in words that are not Matomo's: something in front of it answered.
fn unspoken(reply: &Reply) -> CollectError {
    let (reason, remedy) = match reply.status {
        401 => (Reason::Auth, "a log-in in front of Matomo is in the way: let this machine past it"),
        403 => (Reason::Permission, "a firewall in front of Matomo is in the way: let this machine past it"),
        404 => (Reason::Config, "no Matomo is there: check `url`"),
        _ => (Reason::Config, "check that `url` is the address of a Matomo"),
    };
    let problem =
        format!("{} answered {} and said {:?}; {remedy}", reply.address(), reply.status, reply.excerpt());
    CollectError::new(reason, problem)
}
