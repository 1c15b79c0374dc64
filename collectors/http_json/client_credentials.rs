//! A client's id and secret exchanged for a token: the client credentials grant (RFC 6749, 4.4).

use std::sync::Arc;

use async_trait::async_trait;

use crate::http::{
    Address, Credential, Http, OAuthError, Reply, Request, Tls, Token, TokenAnswer, TokenSource,
};
use crate::{CollectError, Reason};

/// Who asks for a token, and where.
pub(super) struct ClientCredentials {
    pub(super) token_url: Address,
    /// The client's id and secret, by HTTP Basic, which every token endpoint takes (RFC 6749, 2.3.1).
    pub(super) client: Credential,
    pub(super) scope: Option<String>,
    pub(super) tls: Option<Arc<Tls>>,
}

#[async_trait]
impl TokenSource for ClientCredentials {
    async fn fetch(&self, http: &Http) -> Result<Token, CollectError> {
        let request = Request::post(self.token_url.clone())
            .form("grant_type", "client_credentials")
            .credential(self.client.clone())
            .tls(self.tls.clone())
            .expect_json()
            .confidential()
            .classify(refusal);
        let request = match &self.scope {
            Some(scope) => request.form("scope", scope),
            None => request,
        };
        Ok(http.send(request).await?.json::<TokenAnswer>()?.into_token())
    }
}

/// What a refusal by a token endpoint means (RFC 6749, 5.2).
fn refusal(reply: &Reply) -> Option<CollectError> {
    if !matches!(reply.status, 400 | 401 | 403) {
        return None;
    }
    let error = reply.json::<OAuthError>().unwrap_or_default().error;
    let (reason, remedy) = match error.as_str() {
        "invalid_scope" => (Reason::Config, "correct `auth.scope`"),
        "unauthorized_client" | "unsupported_grant_type" => {
            (Reason::Permission, "have this client allowed the client credentials grant")
        }
        _ => (Reason::Auth, "check `auth.client_id` and the secret, and whether the client still exists"),
    };
    let said =
        if error.is_empty() { String::new() } else { format!(" with {:?}", crate::words::shown(&error)) };
    let problem = format!("{} answered {}{said}; no token is given: {remedy}", reply.address(), reply.status);
    Some(CollectError::new(reason, problem))
}
