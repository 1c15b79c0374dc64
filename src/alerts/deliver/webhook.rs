//! Any HTTP endpoint, told in JSON and signed the way of Standard Webhooks.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use collectors::http::{Address, Credential};
use collectors::{Reason, Secret, SecretRef, SettingProblems};
use ring::{digest, hmac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::http::post;
use super::{Context, DeliverError, Receiver, ReceiverKind, Telling};
use crate::alerts::AlertRecord;

/// The entry of the kinds table.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "webhook",
    summary: "any HTTP endpoint, in JSON signed by HMAC",
    told_twice: "the same `webhook-id`: the endpoint takes it once",
    build,
};

/// Names the shape of the body; another number where a field goes or changes its meaning.
const SCHEMA: &str = "pp-collector/alert/1";

/// `settings` of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where to send.
    url: Address,
    /// What to sign with: `whsec_` and base64, or any text.
    secret: SecretRef,
    /// The secret before it, which still signs while the endpoint changes over.
    previous_secret: Option<SecretRef>,
}

struct Webhook {
    url: Address,
    secrets: Vec<Secret>,
}

fn build(table: &toml::Table) -> Result<Arc<dyn Receiver>, SettingProblems> {
    let Settings { url, secret, previous_secret } = collectors::parse(table)?;
    let secrets = [Some(secret), previous_secret].into_iter().flatten().map(|secret| secret.open()).collect();
    Ok(Arc::new(Webhook { url, secrets }))
}

#[async_trait]
impl Receiver for Webhook {
    async fn tell(&self, telling: &Telling<'_>, cx: &Context) -> Result<String, DeliverError> {
        let body = body(telling);
        let id = message_id(&telling.notice.key());
        let timestamp = cx.clock.now().as_second();
        let mut signatures = Vec::new();
        for secret in &self.secrets {
            let key = key(&secret.current().await?)?;
            signatures.push(sign(&key, &id, timestamp, &body));
        }
        // As a credential: it goes to no other host, and no message quotes it.
        let signature = Secret::from(SecretString::from(signatures.join(" ")));
        let request = post(self.url.clone())
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .credential(Credential::header("webhook-signature", signature))
            .text("application/json", body);
        let reply = cx.http.send(request).await?;
        Ok(reply.status.to_string())
    }
}

/// What is sent; the same bytes however often.
fn body(telling: &Telling<'_>) -> String {
    let Telling { notice, message, decided_at, .. } = telling;
    json!({
        "schema": SCHEMA,
        "event": format!("alert.{}", notice.news),
        "decided_at": decided_at.to_string(),
        "alert": AlertRecord::told(notice),
        "message": {
            "subject": message.subject,
            "text": message.text(),
            "short": message.short(),
            "link": message.link,
        },
    })
    .to_string()
}

/// The same for the same news, so that the endpoint can take it once. Without a full stop, which separates
/// the parts that are signed.
fn message_id(key: &str) -> String {
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    hash.as_ref().iter().take(16).fold("msg_".to_owned(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

fn key(secret: &SecretString) -> Result<hmac::Key, DeliverError> {
    let text = secret.expose_secret();
    let bytes = match text.strip_prefix("whsec_") {
        None => text.as_bytes().to_vec(),
        Some(encoded) => STANDARD.decode(encoded.trim()).map_err(|_| {
            let problem =
                "the secret starts with whsec_ and is not base64 after it; give it as it was issued";
            DeliverError::new(Reason::Config, problem)
        })?,
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn sign(key: &hmac::Key, id: &str, timestamp: i64, body: &str) -> String {
    let signed = hmac::sign(key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let key = key(&SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_was_cut_is_refused_and_not_shown() {
        let error = key(&SecretString::from("whsec_hunter2!")).unwrap_err();
        assert_eq!(error.reason, Reason::Config);
        assert!(!error.to_string().contains("hunter2"));
    }
}
