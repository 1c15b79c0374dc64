//! Plausible's errors: `{"error":"…"}` with a status that means something.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::http::Reply;
use crate::{CollectError, Reason};

/// What an answer means where the usual reading does not tell what to do.
pub(super) fn judge(reply: &Reply, site: &str, now: Timestamp) -> Option<CollectError> {
    let said = message(reply);
    let (reason, remedy) = match reply.status {
        // An unknown site and a foreign key are one answer, so that sites cannot be guessed.
        401 => (
            Reason::Auth,
            "check the key (Account settings, API keys, of the kind Stats API), and that its account may view \
             the site",
        ),
        402 => (Reason::Permission, "have the owner of the account take a plan with the Stats API"),
        403 => (Reason::Permission, "have the key's account invited to the site"),
        404 => {
            (Reason::Config, "check `url`; a Plausible without version 2 of the Stats API must be updated")
        }
        400 | 422 => (Reason::Config, remedy(&said)),
        // With a wait it is a proxy's or a burst's limit, and the usual reading waits.
        429 if reply.header("retry-after").is_none() => return Some(hour_used_up(reply, &said, now)),
        _ => return None,
    };
    let who = match reply.status {
        404 => reply.address().to_string(),
        _ => "Plausible".to_owned(),
    };
    let problem =
        format!("{who} answered {} to a question on site {site}, saying {said:?}; {remedy}", reply.status);
    Some(CollectError::new(reason, problem))
}

fn remedy(said: &str) -> &'static str {
    let lower = said.to_lowercase();
    if lower.contains("goal") {
        "the goal was renamed, deleted or never there: write its name as Plausible shows it, or create it again"
    } else if lower.contains("metric") {
        "this Plausible has no such metric: set `metric` to another"
    } else if lower.contains("filter") || lower.contains("dimension") {
        "correct `filters`"
    } else {
        "check what is configured"
    }
}

/// Requests are counted by the hour of the clock, and no header says how many are left.
fn hour_used_up(reply: &Reply, said: &str, now: Timestamp) -> CollectError {
    let problem = format!(
        "{} answered 429 and said {said:?}; the run is continued in the next hour: ask for fewer figures, or \
         set `requests_per_hour` to what the key is allowed",
        reply.address()
    );
    let hour = SignedDuration::from_hours(1);
    let begun = now.as_second().rem_euclid(hour.as_secs());
    let resets_at = now
        .checked_sub(SignedDuration::new(begun, now.subsec_nanosecond()))
        .and_then(|start| start.checked_add(hour));
    let error = CollectError::new(Reason::Quota, problem);
    match resets_at {
        Ok(instant) => error.with_resets_at(instant),
        Err(_) => error,
    }
}

fn message(reply: &Reply) -> String {
    let body: Option<Value> = reply.json().ok();
    let said = body.as_ref().and_then(|body| body.get("error")).and_then(Value::as_str);
    said.map_or_else(|| reply.excerpt(), |said| said.chars().take(200).collect())
}
