//! What GOV.UK Pay answers to "Search payments", cut down to what is counted.
//!
//! A payment names its payer, card and reference. None of that has a field here, so that it is dropped
//! while the answer is read; what is quoted in messages are Pay's own codes and words.

use jiff::Timestamp;
use kpi::Channel;
use serde::Deserialize;

use super::config::State;
use crate::http::Reply;
use crate::words::shown;
use crate::{CollectError, Reason};

/// One page of payments.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) total: u64,
    pub(super) results: Vec<Payment>,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Debug, Default, Deserialize)]
struct Links {
    next_page: Option<Link>,
}

#[derive(Debug, Deserialize)]
struct Link {
    href: String,
}

/// What of a payment is counted.
#[derive(Debug, Deserialize)]
pub(super) struct Payment {
    pub(super) created_date: Timestamp,
    state: PaymentState,
    #[serde(default)]
    moto: bool,
    authorisation_mode: Option<String>,
    #[serde(rename = "payment_provider")]
    provider: Option<String>,
    refund_summary: Option<RefundSummary>,
}

#[derive(Debug, Deserialize)]
struct PaymentState {
    status: Status,
}

/// A state we know, or a word that Pay added since.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Status {
    Known(State),
    Unknown(String),
}

#[derive(Debug, Deserialize)]
struct RefundSummary {
    status: Option<String>,
}

impl Page {
    /// The link to the next page, where there is one.
    pub(super) fn next(&self) -> Option<&str> {
        self.links.next_page.as_ref().map(|link| link.href.as_str())
    }
}

impl Payment {
    /// Payments that an agent takes by telephone ("Take a payment over the phone", "MOTO"); Pay learns of
    /// `external` ones from a telephone payment system.
    pub(super) fn channel(&self) -> Channel {
        let by_phone = matches!(self.authorisation_mode.as_deref(), Some("moto_api" | "external"));
        if self.moto || by_phone { Channel::Phone } else { Channel::Digital }
    }

    pub(super) const fn status(&self) -> &Status {
        &self.state.status
    }

    /// Whether all of it was paid back.
    pub(super) fn is_refunded(&self) -> bool {
        self.refund_summary.as_ref().is_some_and(|summary| summary.status.as_deref() == Some("full"))
    }

    /// Whether it moved no money: an account for trying things out.
    pub(super) fn is_test(&self) -> bool {
        self.provider.as_deref() == Some("sandbox")
    }
}

/// The body of a refusal ("API error codes").
#[derive(Debug, Deserialize)]
struct Refusal {
    code: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    field: String,
}

/// The code for a page beyond the last.
const PAGE_NOT_FOUND: &str = "P0402";

/// Whether this is the 404 for a page beyond the last, and not one for a wrong address.
pub(super) fn is_past_the_end(reply: &Reply) -> bool {
    refusal(reply).is_some_and(|refusal| refusal.code == PAGE_NOT_FOUND)
}

fn refusal(reply: &Reply) -> Option<Refusal> {
    serde_json::from_slice(&reply.bytes).ok()
}

fn cut(text: &str) -> String {
    text.chars().take(160).collect()
}

/// Says what a refusal means.
pub(super) fn failure(reply: &Reply) -> Option<CollectError> {
    let reason = match reply.status {
        200..=299 => return None,
        401 => Reason::Auth,
        403 => Reason::Permission,
        404 if is_past_the_end(reply) => return None,
        429 => Reason::Throttled,
        500.. => Reason::Transient,
        _ => Reason::Config,
    };
    let remedy = match reason {
        Reason::Auth => {
            "the API key is not accepted: in the GOV.UK Pay admin tool, under API keys, see whether it was revoked, and \
             make a new one"
        }
        Reason::Permission => {
            "GOV.UK Pay blocks the request: ask its support team, and say from which address the collector asks"
        }
        Reason::Throttled => "the account is asked too often: lower `requests_per_second`",
        Reason::Transient => "GOV.UK Pay is in trouble and is asked again",
        _ if reply.status == 404 => "there is nothing there: leave `url` out to ask GOV.UK Pay itself",
        _ => "GOV.UK Pay does not accept the question: see whether a newer version of this program does",
    };
    let said = refusal(reply).map_or_else(String::new, |refusal| {
        let field =
            if refusal.field.is_empty() { String::new() } else { format!(", {}", shown(&refusal.field)) };
        format!(" with {} ({}{field})", shown(&refusal.code), cut(&refusal.description))
    });
    Some(CollectError::new(reason, format!("{} answered {}{said}; {remedy}", reply.address(), reply.status)))
}
