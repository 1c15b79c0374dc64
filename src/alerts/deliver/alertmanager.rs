//! Prometheus Alertmanager, by its API v2.
//!
//! It holds an alert for as long as it is told of it, so what is open is told again and again, and what
//! ended is told as ended. Which alerts are the same it decides by their labels alone, so labels hold
//! nothing that moves.
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collectors::http::{Address, Credential};
use collectors::{Reason, SecretRef, SettingProblem, SettingProblems};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::post;
use super::login::login;
use super::{Context, DeliverError, Receiver, ReceiverKind, Telling};
use crate::alerts::{News, Rule, Severity, Subject};

/// The entry of the kinds table.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "alertmanager",
    summary: "Prometheus Alertmanager, by its API v2",
    told_twice: "nothing: an alert with the same labels is the same alert",
    build,
};

/// What is open is held for this many intervals: three tellings in a row may fail.
const HELD_FOR_INTERVALS: i32 = 4;

/// `settings` of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Every replica: they do not pass alerts on to each other.
    urls: Vec<Address>,
    /// Of basic authentication.
    user: Option<String>,
    password: Option<SecretRef>,
    /// How often what is open is told again.
    #[serde(default = "resend_every_secs")]
    resend_every_secs: u32,
}

const fn resend_every_secs() -> u32 {
    60
}

struct Alertmanager {
    urls: Vec<Address>,
    credential: Option<Credential>,
    resend_every: Duration,
}

fn build(table: &toml::Table) -> Result<Arc<dyn Receiver>, SettingProblems> {
    let settings: Settings = collectors::parse(table)?;
    let mut problems = SettingProblems::new();
    if settings.urls.is_empty() {
        problems.push(SettingProblem::new("urls", "empty; give the address of each replica"));
    }
    if settings.resend_every_secs == 0 {
        problems.push(SettingProblem::new("resend_every_secs", "0 is no time; give 1 or more"));
    }
    let credential = login(settings.user, settings.password, &mut problems)
        .map(|(user, password)| Credential::basic(user, password));
    if problems.is_empty() {
        let resend_every = Duration::from_secs(settings.resend_every_secs.into());
        Ok(Arc::new(Alertmanager { urls: settings.urls, credential, resend_every }))
    } else {
        Err(problems)
    }
}

#[async_trait]
impl Receiver for Alertmanager {
    async fn tell(&self, telling: &Telling<'_>, cx: &Context) -> Result<String, DeliverError> {
        self.post(&self.alerts(&[*telling], cx.clock.now()), cx).await
    }

    fn refreshed_every(&self) -> Option<Duration> {
        Some(self.resend_every)
    }

    async fn refresh(&self, standing: &[Telling<'_>], cx: &Context) -> Result<(), DeliverError> {
        if standing.is_empty() {
            return Ok(());
        }
        self.post(&self.alerts(standing, cx.clock.now()), cx).await.map(drop)
    }
}

impl Alertmanager {
    /// To every replica; one that took it is enough, since the next round tells the others.
    async fn post(&self, alerts: &Value, cx: &Context) -> Result<String, DeliverError> {
        let mut taken = 0;
        let mut failure = DeliverError::new(Reason::Config, "there is no replica; give its address");
        for url in &self.urls {
            let request = post(url.at("api/v2/alerts")).json(alerts).credential(self.credential.clone());
            match cx.http.send(request).await {
                Ok(_) => taken += 1,
                Err(error) => failure = error.into(),
            }
        }
        if taken > 0 { Ok(format!("taken by {taken} of {}", self.urls.len())) } else { Err(failure) }
    }

    fn alerts(&self, tellings: &[Telling<'_>], now: Timestamp) -> Value {
        let held = SignedDuration::try_from(self.resend_every).unwrap_or_default() * HELD_FOR_INTERVALS;
        let held_until = now.checked_add(held).unwrap_or(Timestamp::MAX);
        tellings.iter().flat_map(|telling| written(telling, held_until)).collect()
    }
}

/// One alert as Alertmanager takes it. One that became critical is another to it, because severity is a
/// label, so the warning is told as ended in the same request.
fn written(telling: &Telling<'_>, held_until: Timestamp) -> Vec<Value> {
    let alert = &telling.notice.alert;
    let ends_at = alert.resolution.map_or(held_until, |end| end.at.max(alert.raised_at));
    let mut written = vec![entry(telling, alert.severity, ends_at)];
    if telling.notice.news == News::Worsened {
        written.push(entry(telling, Severity::Warning, telling.decided_at.max(alert.raised_at)));
    }
    written
}

fn entry(telling: &Telling<'_>, severity: Severity, ends_at: Timestamp) -> Value {
    let Telling { notice, message, .. } = telling;
    let alert = &notice.alert;
    let (service, source) = match &alert.subject {
        Subject::Service(id) => (id.as_str(), ""),
        Subject::Source(name) => ("", name.as_str()),
    };
    let department = notice.service().and_then(|service| service.department.as_ref());
    // Alertmanager drops labels that are empty.
    json!({
        "labels": {
            "alertname": name(alert.rule),
            "service": service,
            "source": source,
            "kpi": alert.kpi.as_str(),
            "period": alert.period_kind.as_str(),
            "severity": severity.as_str(),
            "department": department.map(|department| department.id.as_str()).unwrap_or_default(),
        },
        "annotations": {
            "summary": message.subject,
            "description": message.text(),
        },
        "startsAt": alert.raised_at.to_string(),
        "endsAt": ends_at.to_string(),
        "generatorURL": message.link.as_deref().unwrap_or_default(),
    })
}

/// The name that routes of Alertmanager go by. `docs/alert-delivery.md` lists them.
pub const fn name(rule: Rule) -> &'static str {
    match rule {
        Rule::Drop => "PpKpiDropped",
        Rule::Erosion => "PpKpiEroding",
        Rule::Overdue => "PpKpiOverdue",
        Rule::CheckData => "PpCheckData",
        Rule::CheckSource => "PpCheckSource",
    }
}
