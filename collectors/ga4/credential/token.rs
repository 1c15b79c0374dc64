//! A signed statement exchanged for a token: the JWT-bearer grant (RFC 7523).

use jiff::Timestamp;

use super::jwt;
use super::key::ServiceAccount;
use crate::ga4::errors::{plain, skew};
use crate::http::{Credential, Http, OAuthError, Reply, Request, Token, TokenAnswer};
use crate::{Clock, CollectError, Reason, Secret};

pub(super) async fn exchange(
    http: &Http,
    account: &ServiceAccount,
    clock: &dyn Clock,
) -> Result<Token, CollectError> {
    let now = clock.now();
    let assertion = Secret::from(jwt::assertion(account, now)?);
    let email = account.client_email.clone();
    let request = Request::post(account.token_uri.clone())
        .form("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
        .credential(Credential::form("assertion", assertion))
        .expect_json()
        .confidential()
        .classify(move |reply| refusal(reply, &format!("the key of the service account {email}"), now));
    Ok(http.send(request).await?.json::<TokenAnswer>()?.into_token())
}

/// What a refusal by a token endpoint means: `invalid_grant` for a bad signature, a wrong clock and a
/// deleted or disabled account or key alike (RFC 6749, 5.2).
pub(super) fn refusal(reply: &Reply, what: &str, now: Timestamp) -> Option<CollectError> {
    if !(400..500).contains(&reply.status) || reply.status == 429 {
        return None;
    }
    let OAuthError { error, error_description } = reply.json().ok()?;
    if error.is_empty() {
        return None;
    }
    let problem = skew(reply, now).unwrap_or_else(|| {
        let (error, description) = (plain(&error), plain(&error_description));
        format!(
            "{what} was not accepted ({error}: {description:?}); check in the Google Cloud console that the \
             account and its key still exist and are not disabled"
        )
    });
    Some(CollectError::new(Reason::Auth, problem))
}
