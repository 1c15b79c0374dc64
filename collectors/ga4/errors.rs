//! What Google's refusals mean and what to do about them.
//!
//! The envelope is `google.rpc.Status` as JSON; the reasons are those of `google.rpc.ErrorInfo`.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::quota::{self, ServerErrors};
use crate::http::Reply;
use crate::{CollectError, Reason};

/// Google refuses a signed statement whose time is further off than this.
const LARGEST_SKEW: Duration = Duration::from_mins(5);
const SAID_CHARACTERS: usize = 240;
/// No word of a message to people is longer, but keys and tokens are.
const LONGEST_WORD: usize = 120;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
    #[serde(rename = "status")]
    code: String,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    reason: String,
    metadata: DetailMetadata,
    field_violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DetailMetadata {
    consumer: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    field: String,
    description: String,
}

/// Who asked for what, for the wording of a refusal.
pub(super) struct Question<'a> {
    /// The property's number.
    pub(super) property: &'a str,
    /// `the service account x@y`.
    pub(super) account: &'a str,
    pub(super) now: Timestamp,
    pub(super) server_errors: &'a ServerErrors,
}

/// Why the API refused, or `None` for an answer that is none of its refusals.
pub(super) fn refusal(reply: &Reply, question: &Question<'_>) -> Option<CollectError> {
    let Question { property, account, now, server_errors } = *question;
    if reply.status < 400 {
        return None;
    }
    if reply.status >= 500
        && let Err(enough) = server_errors.count(property, now)
    {
        return Some(enough);
    }
    let Some(Status { message, code, details }) = envelope(reply) else {
        // A wrong path is answered with a web page.
        return (reply.status == 404).then(|| {
            let problem = format!(
                "{} is not an address of the Analytics Data API; check api, which is best left out",
                reply.address()
            );
            CollectError::new(Reason::Config, problem)
        });
    };
    let said = plain(&message);
    let has_reason = |reason: &str| details.iter().any(|detail| detail.reason == reason);
    let error = |reason, problem: String| Some(CollectError::new(reason, problem));
    match (reply.status, code.as_str()) {
        (401, _) => error(
            Reason::Auth,
            skew(reply, now).unwrap_or_else(|| {
                format!(
                    "{account} was not accepted ({said:?}); check in the Google Cloud console that the account \
                     and its key still exist and are not disabled"
                )
            }),
        ),
        (403, _) if has_reason("SERVICE_DISABLED") => {
            let consumer = details.iter().map(|detail| plain(&detail.metadata.consumer));
            let project = consumer.into_iter().find(|consumer| !consumer.is_empty());
            error(
                Reason::Permission,
                format!(
                    "the Google Analytics Data API is switched off in the cloud project of {account}{}; switch \
                     it on there (APIs & Services, Library), then wait a few minutes",
                    project.map_or_else(String::new, |project| format!(" ({project})"))
                ),
            )
        }
        (403, _) if has_reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT") => error(
            Reason::Permission,
            format!(
                "the token of {account} may not read Analytics; allow it the scope analytics.readonly"
            ),
        ),
        (403, _) => error(
            Reason::Permission,
            format!(
                "{account} has no access to property {property}: add it as a Viewer (Admin, Property access \
                 management); being an owner of the cloud project is not enough (it said {said:?})"
            ),
        ),
        (404, _) => error(
            Reason::Config,
            format!("there is no property {property} ({said:?}); check its number (Admin, Property details)"),
        ),
        (429, _) | (_, "RESOURCE_EXHAUSTED") => Some(quota::exhausted(property, &message, &said, now)),
        (400..500, _) => {
            let violations: Vec<String> = details
                .iter()
                .flat_map(|detail| &detail.field_violations)
                .map(|violation| format!("{}: {}", plain(&violation.field), plain(&violation.description)))
                .collect();
            let problem = format!(
                "property {property} refuses the question ({said:?}); correct the event, metric or filter it \
                 names, or register the custom dimension again"
            );
            Some(CollectError::new(Reason::Config, problem).with_details(violations))
        }
        _ => error(
            Reason::Transient,
            format!(
                "property {property} failed with {} {}, and is asked again ({said:?})",
                reply.status,
                plain(&code)
            ),
        ),
    }
}

/// The message of a refusal in Google's envelope; `None` for another body.
pub(super) fn message(reply: &Reply) -> Option<String> {
    envelope(reply).map(|status| plain(&status.message))
}

fn envelope(reply: &Reply) -> Option<Status> {
    let Envelope { error } = reply.json().ok()?;
    (!error.code.is_empty() || !error.message.is_empty()).then_some(error)
}

/// Says so where this machine's clock is wrong: the refusal then names everything but the cause.
pub(super) fn skew(reply: &Reply, now: Timestamp) -> Option<String> {
    let date = Timestamp::try_from(httpdate::parse_http_date(reply.header("date")?).ok()?).ok()?;
    let difference = now.duration_since(date);
    let minutes = difference.unsigned_abs().as_secs() / 60;
    (difference.unsigned_abs() > LARGEST_SKEW).then(|| {
        format!(
            "the clock of this machine is {minutes} minutes {} that of {}, and a signed statement counts for \
             minutes only; set the clock right (time synchronisation)",
            if difference.is_negative() { "behind" } else { "ahead of" },
            reply.address().host()
        )
    })
}

/// What a source said, in one line that can hold no key.
pub(super) fn plain(text: &str) -> String {
    let words = text.split(|each: char| each.is_whitespace() || each.is_control());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<&str> =
        words.map(|word| if word.chars().count() > LONGEST_WORD { "…" } else { word }).collect();
    let line = words.join(" ");
    let mut short: String = line.chars().take(SAID_CHARACTERS).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
