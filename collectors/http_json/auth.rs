//! Credentials as settings name them, for this kind and for others that take the same ones.

use std::sync::Arc;

use serde::Deserialize;

use super::client_credentials::ClientCredentials;
use crate::http::{Address, Credential};
use crate::{SecretRef, SettingProblem, SettingProblems};

/// Who asks. A flat table, so that a wrong key is named by its own path.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthSettings {
    #[serde(default)]
    kind: AuthKind,
    secret: Option<SecretRef>,
    user: Option<String>,
    name: Option<String>,
    token_url: Option<Address>,
    client_id: Option<String>,
    scope: Option<String>,
}

/// Where the secret goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AuthKind {
    #[default]
    None,
    Bearer,
    Basic,
    Header,
    Query,
    /// Exchanged at `token_url` for a token (RFC 6749, 4.4).
    ClientCredentials,
}

impl AuthSettings {
    /// The credential, kept by the collector; problems are added to `problems`.
    pub(crate) fn credential(&self, problems: &mut SettingProblems) -> Option<Credential> {
        let mut wrong = |key: &str, message: &str| {
            problems.push(SettingProblem::new(format!("auth.{key}"), message));
        };
        if self.kind == AuthKind::None {
            if self.secret.is_some() || self.user.is_some() || self.name.is_some() {
                wrong(
                    "kind",
                    "this key is missing; say where the secret goes: bearer, basic, header, query or client_credentials",
                );
            }
            return None;
        }
        if self.secret.is_none() {
            wrong("secret", "this key is missing; write { env = \"NAME\" } or { file = \"PATH\" }");
        }
        for (key, given, needed, what) in self.beside_the_secret() {
            match (needed, given) {
                (true, false) => wrong(key, &format!("this key is missing; give {what}")),
                (false, true) => wrong(key, "this belongs to another `kind`; take it out"),
                _ => {}
            }
        }
        if self.scope.is_some() && self.kind != AuthKind::ClientCredentials {
            wrong("scope", "this belongs to kind client_credentials; take it out");
        }
        let secret = self.secret.as_ref()?.open();
        let text = |given: &Option<String>| given.clone().unwrap_or_default();
        match self.kind {
            AuthKind::None => None,
            AuthKind::Bearer => Some(Credential::bearer(secret)),
            AuthKind::Basic => Some(Credential::basic(text(&self.user), secret)),
            AuthKind::Header => Some(Credential::header(text(&self.name), secret)),
            AuthKind::Query => Some(Credential::query(text(&self.name), secret)),
            AuthKind::ClientCredentials => Some(Credential::token(Arc::new(ClientCredentials {
                token_url: self.token_url.clone()?,
                client: Credential::basic(text(&self.client_id), secret),
                scope: self.scope.clone(),
            }))),
        }
    }

    /// Each key beside the secret: whether it is given, whether its kind needs it, and what it is.
    fn beside_the_secret(&self) -> [(&'static str, bool, bool, &'static str); 4] {
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let exchanged = self.kind == AuthKind::ClientCredentials;
        let named = matches!(self.kind, AuthKind::Header | AuthKind::Query);
        [
            ("user", given(&self.user), self.kind == AuthKind::Basic, "the user name"),
            ("name", given(&self.name), named, "the name of the header or parameter"),
            ("token_url", self.token_url.is_some(), exchanged, "the address that gives tokens"),
            ("client_id", given(&self.client_id), exchanged, "the id that the secret belongs to"),
        ]
    }
}
