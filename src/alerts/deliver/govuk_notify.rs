//! GOV.UK Notify: an e-mail by a template.
//!
//! <https://docs.notifications.service.gov.uk/rest-api.html>

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use collectors::http::{Address, Credential, Reply};
use collectors::{CollectError, Reason, Secret, SecretRef, SettingProblem, SettingProblems};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::http::{get, is_good, post, refusal};
use super::{Context, DeliverError, Receiver, ReceiverKind, Telling};

/// The entry of the kinds table.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "govuk_notify",
    summary: "e-mail by GOV.UK Notify",
    told_twice: "nothing: before it tells again it asks Notify for the reference",
    build,
};

const NOTIFY: &str = "https://api.notifications.service.gov.uk";
/// Length of an id at the end of an API key, twice: `name-SERVICE-SECRET`.
const ID_LENGTH: usize = 36;

/// `settings` of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The API key as Notify showed it.
    api_key: SecretRef,
    /// The template, which has the fields `((subject))` and `((body))`.
    template_id: String,
    /// Who gets the e-mail.
    to: Vec<String>,
    /// The id of the reply-to address, where it is not the default one of the service.
    reply_to_id: Option<String>,
    /// Where Notify answers, for trials.
    url: Option<Address>,
}

struct GovukNotify {
    api_key: Secret,
    template_id: String,
    to: Vec<String>,
    reply_to_id: Option<String>,
    url: Address,
}

fn build(table: &toml::Table) -> Result<Arc<dyn Receiver>, SettingProblems> {
    let settings: Settings = collectors::parse(table)?;
    let mut problems = SettingProblems::new();
    if settings.to.is_empty() {
        problems.push(SettingProblem::new("to", "empty; give at least one e-mail address"));
    }
    for (index, address) in settings.to.iter().enumerate() {
        if address.parse::<lettre::Address>().is_err() {
            problems.push(SettingProblem::new(
                format!("to[{index}]"),
                format!("{address:?} is not an e-mail address"),
            ));
        }
    }
    let url = settings.url.map_or_else(|| Address::parse(NOTIFY), Ok);
    match url {
        Ok(url) if problems.is_empty() => Ok(Arc::new(GovukNotify {
            api_key: settings.api_key.open(),
            template_id: settings.template_id,
            to: settings.to,
            reply_to_id: settings.reply_to_id,
            url,
        })),
        Ok(_) => Err(problems),
        Err(problem) => Err(vec![SettingProblem::new("url", problem)]),
    }
}

#[async_trait]
impl Receiver for GovukNotify {
    async fn tell(&self, telling: &Telling<'_>, cx: &Context) -> Result<String, DeliverError> {
        let mut ids = Vec::new();
        let mut failure = None;
        for address in &self.to {
            match self.write_to(address, telling, cx).await {
                Ok(id) => ids.push(id),
                // Another address may be good; after a passing failure none will be taken now.
                Err(error) if error.reason.is_retryable() => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or_else(|| Ok(format!("notification {}", ids.join(", "))), Err)
    }
}

impl GovukNotify {
    /// One e-mail; gives the id Notify knows it by.
    async fn write_to(
        &self,
        address: &str,
        telling: &Telling<'_>,
        cx: &Context,
    ) -> Result<String, DeliverError> {
        let reference = format!("{}.{address}", telling.notice.key());
        if telling.again
            && let Some(id) = self.sent_before(&reference, cx).await?
        {
            return Ok(id);
        }
        let message = telling.message;
        let mut body = json!({
            "email_address": address,
            "template_id": self.template_id,
            "reference": reference,
            // A template may use some of these fields; Notify takes no notice of the others.
            "personalisation": {
                "subject": message.subject,
                "body": message.text(),
                "summary": message.short(),
                "severity": telling.notice.alert.severity.as_str(),
                "link": message.link.as_deref().unwrap_or_default(),
            },
        });
        if let (Some(reply_to), Some(body)) = (&self.reply_to_id, body.as_object_mut()) {
            body.insert("email_reply_to_id".to_owned(), json!(reply_to));
        }
        let now = cx.clock.now();
        let request = post(self.url.at("v2/notifications/email"))
            .json(&body)
            .credential(self.credential(now).await?)
            .classify(move |reply| judge(reply, now));
        Ok(cx.http.send(request).await?.json::<Notification>()?.id)
    }

    /// Notify knows no idempotency key, and finds what it was sent by our reference.
    async fn sent_before(&self, reference: &str, cx: &Context) -> Result<Option<String>, DeliverError> {
        #[derive(Deserialize)]
        struct Page {
            notifications: Vec<Notification>,
        }
        let now = cx.clock.now();
        let request = get(self.url.at("v2/notifications"))
            .query("reference", reference)
            .query("template_type", "email")
            .credential(self.credential(now).await?)
            .classify(move |reply| judge(reply, now));
        let page: Page = cx.http.send(request).await?.json()?;
        Ok(page.notifications.into_iter().next().map(|found| found.id))
    }

    /// A token for one request: Notify takes it for 30 seconds.
    async fn credential(&self, now: Timestamp) -> Result<Credential, DeliverError> {
        let key = self.api_key.current().await?;
        let (service, secret) = parts(key.expose_secret()).ok_or_else(|| {
            let problem = "the API key of Notify is not NAME-SERVICE-SECRET with two ids of 36 characters; \
                           give it as Notify showed it";
            DeliverError::new(Reason::Config, problem)
        })?;
        Ok(Credential::bearer(Secret::from(SecretString::from(token(service, secret, now.as_second())))))
    }
}

#[derive(Deserialize)]
struct Notification {
    id: String,
}

/// Service id and secret at the end of an API key, whose name may hold hyphens too.
fn parts(key: &str) -> Option<(&str, &str)> {
    let key = key.trim();
    let secret_at = key.len().checked_sub(ID_LENGTH)?;
    let service_at = secret_at.checked_sub(ID_LENGTH + 1)?;
    let secret = key.get(secret_at..)?;
    let service = key.get(service_at..secret_at)?.strip_suffix('-')?;
    Some((service, secret))
}

/// A JSON Web Token signed with HMAC-SHA256 (RFC 7519, RFC 7518 3.2).
fn token(service: &str, secret: &str, issued_at: i64) -> String {
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encode(json!({ "typ": "JWT", "alg": "HS256" }));
    let claims = encode(json!({ "iss": service, "iat": issued_at }));
    let signed = format!("{head}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Notify says the class of a failure by status and word; its sentences are for people.
fn judge(reply: &Reply, now: Timestamp) -> Option<CollectError> {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(default)]
        errors: Vec<Problem>,
    }
    #[derive(Deserialize)]
    struct Problem {
        error: String,
        #[serde(default)]
        message: String,
    }
    if is_good(reply) {
        return None;
    }
    let refused: Refusal = reply.json().unwrap_or_default();
    let said = |word: &str| refused.errors.iter().any(|problem| problem.error == word);
    let (reason, remedy) = match reply.status {
        400 if said("ValidationError") => {
            (Reason::Config, "check the addresses, the template id and the template")
        }
        400 => {
            (Reason::Config, "check the template's fields, and that the API key is not of a trial or a team")
        }
        401 | 403 if said("AuthError") => {
            (Reason::Auth, "check the API key, and that the clock of this machine is right")
        }
        429 if said("TooManyRequestsError") => (Reason::Quota, "the allowance of the day is used up"),
        429 => (Reason::Throttled, "it is told too often for it"),
        _ => return Some(refusal(reply)),
    };
    let message = refused.errors.first().map(|problem| problem.message.trim().to_owned()).unwrap_or_default();
    let error = CollectError::new(
        reason,
        format!("{} answered {}: {message:?}; {remedy}", reply.address(), reply.status),
    );
    Some(match renewed_at(now).filter(|_| reason == Reason::Quota) {
        Some(midnight) => error.with_resets_at(midnight),
        None => error,
    })
}

/// The allowance of the day is renewed at midnight UTC.
fn renewed_at(now: Timestamp) -> Option<Timestamp> {
    let tomorrow = now.to_zoned(TimeZone::UTC).date().checked_add(1.day()).ok()?;
    Some(tomorrow.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_its_end() {
        let (service, secret) =
            ("26785a09-ab16-4eb0-8407-a37497a57506", "3d844edf-8d35-48ac-975b-e847b4f122b0");
        assert_eq!(parts(&format!("take-up-alerts-{service}-{secret}")), Some((service, secret)));
        assert_eq!(parts(secret), None);
        assert_eq!(parts(""), None);
    }

    #[test]
    fn an_allowance_is_renewed_at_midnight_utc() {
        let now = "2026-07-01T22:30:00Z".parse().unwrap();
        assert_eq!(renewed_at(now), Some("2026-07-02T00:00:00Z".parse().unwrap()));
    }
}
