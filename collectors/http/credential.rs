//! Credentials, and where in a request they go.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

use super::token::{CachedToken, TokenSource};
use super::{Http, Signature};
use crate::CollectError;
use crate::secret::{Secret, same};

/// A secret and its place in a request. Kept by a collector for its lifetime, so that what was read or
/// exchanged is kept too; clones share it.
#[derive(Clone)]
pub struct Credential {
    pub(super) place: Place,
    holder: Holder,
}

#[derive(Debug, Clone)]
pub(super) enum Place {
    Bearer,
    Basic { user: String },
    Header { name: String, prefix: &'static str },
    Query { name: String },
    Form { name: String },
    Signature(Arc<Signature>),
}

#[derive(Clone)]
enum Holder {
    Secret(Secret),
    Token(Arc<CachedToken>),
}

impl Credential {
    /// `Authorization: Bearer …`.
    pub const fn bearer(secret: Secret) -> Self {
        Self { place: Place::Bearer, holder: Holder::Secret(secret) }
    }

    /// `Authorization: Bearer …` with a token got by exchange, kept until shortly before it expires.
    pub fn token(source: Arc<dyn TokenSource>) -> Self {
        Self { place: Place::Bearer, holder: Holder::Token(Arc::new(CachedToken::new(source))) }
    }

    /// `Authorization: Basic …`.
    pub fn basic(user: impl Into<String>, password: Secret) -> Self {
        Self { place: Place::Basic { user: user.into() }, holder: Holder::Secret(password) }
    }

    /// A header of its own: `X-API-Key: …`.
    pub fn header(name: impl Into<String>, secret: Secret) -> Self {
        Self { place: Place::Header { name: name.into(), prefix: "" }, holder: Holder::Secret(secret) }
    }

    /// `Authorization` with another word than `Bearer` before the secret; give the space as well:
    /// `"Token "`.
    pub fn authorization(prefix: &'static str, secret: Secret) -> Self {
        let place = Place::Header { name: "authorization".to_owned(), prefix };
        Self { place, holder: Holder::Secret(secret) }
    }

    /// A parameter of the query string. Only for sources that take it nowhere else: proxies log it.
    pub fn query(name: impl Into<String>, secret: Secret) -> Self {
        Self { place: Place::Query { name: name.into() }, holder: Holder::Secret(secret) }
    }

    /// A field of the form that is the request's body.
    pub fn form(name: impl Into<String>, secret: Secret) -> Self {
        Self { place: Place::Form { name: name.into() }, holder: Holder::Secret(secret) }
    }

    /// A key that signs each request and is not sent itself.
    pub fn signature(signature: Signature, key: Secret) -> Self {
        Self { place: Place::Signature(Arc::new(signature)), holder: Holder::Secret(key) }
    }

    pub(super) async fn current(&self, http: &Http) -> Result<SecretString, CollectError> {
        match &self.holder {
            Holder::Secret(secret) => secret.current().await,
            Holder::Token(token) => token.current(http).await,
        }
    }

    /// Gets the secret anew after the source refused it; false when it is still the one refused, so that
    /// asking again would only count as another failed log-in.
    pub(super) async fn renew(&self, http: &Http, refused: &SecretString) -> Result<bool, CollectError> {
        let renewed = match &self.holder {
            Holder::Secret(secret) => secret.reread().await?,
            Holder::Token(token) => token.renew(http, refused).await?,
        };
        Ok(!same(&renewed, refused))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("place", &self.place).finish_non_exhaustive()
    }
}
