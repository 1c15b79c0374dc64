//! Microsoft Teams, by a workflow that takes adaptive cards ("When a Teams webhook request is received").
//!
//! <https://adaptivecards.io/explorer/AdaptiveCard.html>

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collectors::{Secret, SecretRef, SettingProblems};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{post, secret_address};
use super::markup::shortened;
use super::{Context, DeliverError, Receiver, ReceiverKind, Telling};
use crate::alerts::message::{Fact, Message, POINTS_HEADING};

/// The entry of the kinds table.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "teams",
    summary: "a Microsoft Teams channel or chat, by a workflow",
    told_twice: "a second card: a workflow offers no way to tell that it is the same",
    build,
};

/// About four requests a second are let through.
const SPACING: Duration = Duration::from_millis(250);
/// A card may have about 28 KB; one text of it at most this many characters, and there are few.
const LONGEST_TEXT: usize = 2000;

/// `settings` of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The address of the workflow, a secret as a whole.
    url: SecretRef,
}

struct Teams {
    url: Secret,
}

fn build(table: &toml::Table) -> Result<Arc<dyn Receiver>, SettingProblems> {
    let Settings { url } = collectors::parse(table)?;
    Ok(Arc::new(Teams { url: url.open() }))
}

#[async_trait]
impl Receiver for Teams {
    async fn tell(&self, telling: &Telling<'_>, cx: &Context) -> Result<String, DeliverError> {
        let address = secret_address(&self.url).await?;
        let reply = cx.http.send(post(address).json(&body(telling.message)).confidential()).await?;
        // The flow has been started; whether it posts the card is seen in the channel only.
        Ok(format!("{}: the workflow was started; look for the card in the channel", reply.status))
    }

    fn spacing(&self) -> Duration {
        SPACING
    }
}

/// The card. Texts are rich text runs, in which nothing is read as markup.
fn body(message: &Message) -> Value {
    let mut blocks = vec![block(&[run(&message.subject, true)]), block(&[run(&message.lead, false)])];
    blocks.extend(
        message
            .facts
            .iter()
            .map(|Fact { label, text }| block(&[run(&format!("{label}: "), true), run(text, false)])),
    );
    if !message.points.is_empty() {
        blocks.push(block(&[run(POINTS_HEADING, true)]));
        blocks.extend(message.points.iter().map(|point| block(&[run(&format!("• {point}"), false)])));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "fallbackText": shortened(&message.short(), LONGEST_TEXT),
        "body": blocks,
    });
    if let (Some(link), Some(card)) = (&message.link, card.as_object_mut()) {
        let open = json!([{ "type": "Action.OpenUrl", "title": "See the figures", "url": link }]);
        card.insert("actions".to_owned(), open);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}

fn block(runs: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": runs })
}

fn run(text: &str, bold: bool) -> Value {
    let weight = if bold { "Bolder" } else { "Default" };
    json!({ "type": "TextRun", "text": shortened(text, LONGEST_TEXT), "weight": weight })
}
