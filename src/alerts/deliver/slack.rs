//! Slack, by an incoming webhook.
//!
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collectors::http::Reply;
use collectors::{CollectError, Reason, Secret, SecretRef, SettingProblems};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{is_good, post, refusal, secret_address};
use super::markup::shortened;
use super::{Context, DeliverError, Receiver, ReceiverKind, Telling};
use crate::alerts::message::{Fact, Message, POINTS_HEADING};

/// The entry of the kinds table.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "slack",
    summary: "a Slack channel, by an incoming webhook",
    told_twice: "a second message: Slack offers no way to tell that it is the same",
    build,
};

/// About one message a second is let through.
const SPACING: Duration = Duration::from_secs(1);
/// A section of a message holds this many characters at most.
const LONGEST_SECTION: usize = 3000;

/// `settings` of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The address of the webhook, a secret as a whole.
    url: SecretRef,
}

struct Slack {
    url: Secret,
}

fn build(table: &toml::Table) -> Result<Arc<dyn Receiver>, SettingProblems> {
    let Settings { url } = collectors::parse(table)?;
    Ok(Arc::new(Slack { url: url.open() }))
}

#[async_trait]
impl Receiver for Slack {
    async fn tell(&self, telling: &Telling<'_>, cx: &Context) -> Result<String, DeliverError> {
        let address = secret_address(&self.url).await?;
        let request = post(address).json(&body(telling.message)).confidential().classify(judge);
        cx.http.send(request).await?;
        Ok("ok".to_owned())
    }

    fn spacing(&self) -> Duration {
        SPACING
    }
}

/// Slack answers with a word, and some relays give a bad one with status 200.
fn judge(reply: &Reply) -> Option<CollectError> {
    let word = reply.text().unwrap_or_default().trim();
    if is_good(reply) && word == "ok" {
        return None;
    }
    let (reason, remedy) = match word {
        "invalid_token" => (Reason::Auth, "make a new webhook"),
        "action_prohibited" => (Reason::Permission, "an administrator has restricted posting"),
        "no_service" | "no_team" | "user_not_found" => {
            (Reason::Config, "the webhook is gone: make a new one")
        }
        "channel_not_found" | "channel_is_archived" => (Reason::Config, "choose another channel"),
        "invalid_payload" | "no_text" => (Reason::Malformed, "it does not accept the message"),
        _ if is_good(reply) => {
            let problem = format!("{} did not answer \"ok\"; check the address", reply.address());
            return Some(CollectError::new(Reason::Malformed, problem));
        }
        _ => return Some(refusal(reply)),
    };
    Some(CollectError::new(reason, format!("{} answered {word:?}: {remedy}", reply.address())))
}

/// The message as Slack lays it out; `text` is what notifications show.
fn body(message: &Message) -> Value {
    let heading = format!("*{}*\n{}", escaped(&message.subject), escaped(&message.lead));
    let mut blocks = vec![section(&heading)];
    let facts: Vec<String> =
        message.facts.iter().map(|Fact { label, text }| format!("*{label}:* {}", escaped(text))).collect();
    if !facts.is_empty() {
        blocks.push(section(&facts.join("\n")));
    }
    if !message.points.is_empty() {
        let points: Vec<String> =
            message.points.iter().map(|point| format!("• {}", escaped(point))).collect();
        blocks.push(section(&format!("*{POINTS_HEADING}*\n{}", points.join("\n"))));
    }
    if let Some(link) = &message.link {
        blocks.push(section(&format!("See {link}")));
    }
    json!({ "text": escaped(&message.subject), "blocks": blocks })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": shortened(text, LONGEST_SECTION) } })
}

/// The three characters Slack reads as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
