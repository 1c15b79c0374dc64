//! Tokens got by exchange: asked for once, shared until shortly before they expire.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::Http;
use crate::secret::same;
use crate::{CollectError, clock};

/// Exchanges something lasting, such as a key file, for a token.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// Gets a new token, by a request that is [`confidential`](super::Request::confidential). Called by one request at a time; kept until shortly before it expires.
    async fn fetch(&self, http: &Http) -> Result<Token, CollectError>;
}

/// A token and the time it can be used for.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token, without the word `Bearer`.
    pub secret: SecretString,
    /// How long it can be used from now on, as the exchange said.
    pub valid_for: Duration,
}

/// How long before its end a token is no longer used: long enough for a slow request and for clocks
/// that differ. A token of less than twice that is used for half its life.
const MARGIN: Duration = Duration::from_mins(2);

/// An answer of a token endpoint (RFC 6749, 5.1). Not `Debug`: it holds a token.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    access_token: String,
    expires_in: Option<u64>,
}

impl TokenAnswer {
    pub(crate) fn into_token(self) -> Token {
        // The life may be left out; an hour is usual, and a token refused before is fetched anew.
        let valid_for = Duration::from_secs(self.expires_in.unwrap_or(3600));
        Token { secret: SecretString::from(self.access_token), valid_for }
    }
}

/// A refusal by a token endpoint (RFC 6749, 5.2).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct OAuthError {
    pub(crate) error: String,
    pub(crate) error_description: String,
}

pub(super) struct CachedToken {
    source: Arc<dyn TokenSource>,
    // Held while a token is fetched: those who come meanwhile wait for that one instead of fetching too.
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    secret: SecretString,
    usable_until: Timestamp,
}

impl CachedToken {
    pub(super) fn new(source: Arc<dyn TokenSource>) -> Self {
        Self { source, kept: Mutex::new(None) }
    }

    pub(super) async fn current(&self, http: &Http) -> Result<SecretString, CollectError> {
        let mut kept = self.kept.lock().await;
        match &*kept {
            Some(token) if http.clock.now() < token.usable_until => Ok(token.secret.clone()),
            _ => self.fetch(http, &mut kept).await,
        }
    }

    /// A token other than the one refused: a new one, unless another request has fetched it already.
    pub(super) async fn renew(
        &self,
        http: &Http,
        refused: &SecretString,
    ) -> Result<SecretString, CollectError> {
        let mut kept = self.kept.lock().await;
        match &*kept {
            Some(token) if !same(&token.secret, refused) => Ok(token.secret.clone()),
            _ => self.fetch(http, &mut kept).await,
        }
    }

    async fn fetch(&self, http: &Http, kept: &mut Option<Kept>) -> Result<SecretString, CollectError> {
        *kept = None;
        let asked_at = http.clock.now();
        let Token { secret, valid_for } = self.source.fetch(http).await?;
        let usable_for = valid_for.saturating_sub(MARGIN.min(valid_for / 2));
        *kept = Some(Kept { secret: secret.clone(), usable_until: clock::after(asked_at, usable_for) });
        Ok(secret)
    }
}
