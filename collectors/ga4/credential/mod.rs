//! From a key file to a bearer token, in the three ways the API accepts.
//!
//! Google pages: "Using OAuth 2.0 for Server to Server Applications" (token exchange, and its addendum on
//! authorization without OAuth: the self-signed JWT), "Workload identity federation" (external accounts).

mod external;
mod jwt;
mod key;
mod token;

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use secrecy::ExposeSecret;

use super::config::SignIn;
use crate::http::{Credential, Http, Token, TokenSource};
use crate::{Clock, CollectError, Secret, SecretRef};
use key::Identity;

/// The scope that reading needs.
const SCOPE: &str = "https://www.googleapis.com/auth/analytics.readonly";

/// Who the collector is to Google: known once the key has been read.
#[derive(Debug, Clone, Default)]
pub(super) struct Account(Arc<RwLock<Option<String>>>);

impl Account {
    /// `the service account x@y`, fit for the beginning of a message.
    pub(super) fn name(&self) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        known.unwrap_or_else(|| "the service account".to_owned())
    }

    fn set(&self, name: String) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(name);
    }
}

/// The credential of a key; kept by the collector, so that its token is shared by all runs.
pub(super) fn credential(
    key: &SecretRef,
    sign_in: SignIn,
    account: Account,
    clock: Arc<dyn Clock>,
) -> Credential {
    Credential::token(Arc::new(Source { key: key.open(), place: place(key), sign_in, account, clock }))
}

fn place(key: &SecretRef) -> String {
    match key {
        SecretRef::Environment(name) => format!("variable {name}"),
        SecretRef::File(path) => format!("file {}", path.display()),
    }
}

struct Source {
    key: Secret,
    place: String,
    sign_in: SignIn,
    account: Account,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl TokenSource for Source {
    async fn fetch(&self, http: &Http) -> Result<Token, CollectError> {
        // Read anew, since this happens once an hour or after a refusal: the key may have been replaced.
        let text = self.key.reread().await?;
        let now = self.clock.now();
        match key::read(text.expose_secret(), &self.place)? {
            Identity::ServiceAccount(account) => {
                self.account.set(format!("the service account {}", account.client_email));
                match self.sign_in {
                    SignIn::SelfSigned => jwt::self_signed(&account, now),
                    SignIn::TokenExchange => token::exchange(http, &account, &*self.clock).await,
                }
            }
            Identity::External(account) => {
                self.account.set(account.name());
                external::exchange(http, &account, &*self.clock).await
            }
        }
    }
}
