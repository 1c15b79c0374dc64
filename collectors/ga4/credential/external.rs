//! Workload identity federation: the token of another identity provider, exchanged at Google's security
//! token service (RFC 8693), and where configured used to act as a service account.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::SCOPE;
use super::key::ExternalAccount;
use super::token::refusal;
use crate::ga4::errors::message;
use crate::http::{Address, Credential, Http, Request, Token, TokenAnswer};
use crate::{Clock, CollectError, Reason, Secret, SecretRef};

/// The scope that acting as a service account needs.
const CLOUD: &str = "https://www.googleapis.com/auth/cloud-platform";

pub(super) async fn exchange(
    http: &Http,
    account: &ExternalAccount,
    clock: &dyn Clock,
) -> Result<Token, CollectError> {
    let now = clock.now();
    let subject = Secret::from(subject_token(account).await?);
    let scope = if account.impersonation_url.is_some() { CLOUD } else { SCOPE };
    let request = Request::post(account.token_url.clone())
        .form("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        .form("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")
        .form("audience", account.audience.as_str())
        .form("scope", scope)
        .form("subject_token_type", account.subject_token_type.as_str())
        .credential(Credential::form("subject_token", subject))
        .expect_json()
        .confidential()
        .classify(move |reply| refusal(reply, "the subject token of the workload identity", now));
    let federated = http.send(request).await?.json::<TokenAnswer>()?.into_token();
    match &account.impersonation_url {
        None => Ok(federated),
        Some(url) => impersonate(http, account, url, federated.secret, now).await,
    }
}

/// The subject token as it is now: whoever runs the machine replaces it every few minutes.
async fn subject_token(account: &ExternalAccount) -> Result<SecretString, CollectError> {
    let text = SecretRef::File(account.subject_token_file.clone()).open().current().await?;
    let Some(member) = &account.subject_token_member else { return Ok(text) };
    let token = serde_json::from_str(text.expose_secret())
        .ok()
        .and_then(|file: Value| file.get(member)?.as_str().map(str::to_owned));
    token.map(SecretString::from).ok_or_else(|| {
        let path = account.subject_token_file.display();
        let problem =
            format!("{path} is not JSON with a text {member:?}, the subject token; check its format");
        CollectError::new(Reason::Config, problem)
    })
}

/// An answer of `generateAccessToken` (API page of the Service Account Credentials API). Not `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Impersonated {
    access_token: String,
    expire_time: String,
}

async fn impersonate(
    http: &Http,
    account: &ExternalAccount,
    url: &Address,
    federated: SecretString,
    now: Timestamp,
) -> Result<Token, CollectError> {
    let name = account.name();
    let request = Request::post(url.clone())
        .json(&json!({"scope": [SCOPE], "lifetime": "3600s"}))
        .credential(Credential::bearer(Secret::from(federated)))
        .expect_json()
        .confidential()
        .classify(move |reply| {
            let said = (reply.status == 403).then(|| message(reply)).flatten()?;
            let problem = format!(
                "the workload identity may not act as {name} ({said:?}); give it the role Workload Identity \
                 User on that account"
            );
            Some(CollectError::new(Reason::Permission, problem))
        });
    let answer: Impersonated = http.send(request).await?.json()?;
    let until = answer.expire_time.parse::<Timestamp>().map(|end| end.duration_since(now));
    let valid_for = until.ok().and_then(|left| Duration::try_from(left).ok());
    Ok(Token {
        secret: SecretString::from(answer.access_token),
        valid_for: valid_for.unwrap_or(Duration::from_mins(10)),
    })
}
