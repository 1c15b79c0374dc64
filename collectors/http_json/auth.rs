//! Credentials as settings name them, for this kind and for others that take the same ones.

use std::sync::Arc;

use serde::Deserialize;

use super::client_credentials::ClientCredentials;
use crate::http::{Address, Algorithm, Credential, Encoding, Instant, Signature, SignedText, Tls};
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
    sign: Option<String>,
    prefix: Option<String>,
    algorithm: Option<Algorithm>,
    encoding: Option<Encoding>,
    timestamp_header: Option<String>,
    timestamp: Option<Instant>,
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
    /// Signs the request; is not sent itself.
    Hmac,
}

impl AuthSettings {
    /// The credential, kept by the collector; problems are added to `problems`.
    pub(crate) fn credential(
        &self,
        tls: Option<Arc<Tls>>,
        problems: &mut SettingProblems,
    ) -> Option<Credential> {
        let mut wrong = |key: &str, message: &str| {
            problems.push(SettingProblem::new(format!("auth.{key}"), message));
        };
        if self.kind == AuthKind::None {
            if self.secret.is_some() || self.user.is_some() || self.name.is_some() {
                wrong(
                    "kind",
                    "this key is missing; say where the secret goes: bearer, basic, header, query, client_credentials or hmac",
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
        if self.kind != AuthKind::Hmac && self.has_signature_settings() {
            wrong(
                "kind",
                "prefix, algorithm, encoding, timestamp_header and timestamp belong to kind hmac; take them out",
            );
        }
        let signature = if self.kind == AuthKind::Hmac { self.signature(&mut wrong) } else { None };
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
                tls,
            }))),
            AuthKind::Hmac => Some(Credential::signature(signature?, secret)),
        }
    }

    fn has_signature_settings(&self) -> bool {
        self.prefix.is_some()
            || self.algorithm.is_some()
            || self.encoding.is_some()
            || self.timestamp_header.is_some()
            || self.timestamp.is_some()
    }

    fn signature(&self, wrong: &mut dyn FnMut(&str, &str)) -> Option<Signature> {
        let text = SignedText::parse(self.sign.as_deref().unwrap_or_default());
        let text = text.map_err(|problem| wrong("sign", &problem)).ok();
        if text.as_ref().is_some_and(SignedText::has_timestamp) && self.timestamp_header.is_none() {
            wrong("timestamp_header", "this key is missing; name the header that says when it was signed");
        }
        if self.timestamp.is_some() && self.timestamp_header.is_none() {
            wrong("timestamp", "this goes with `timestamp_header`; give that, or take this out");
        }
        let format = self.timestamp.unwrap_or_default();
        Some(Signature {
            header: self.name.clone().unwrap_or_default(),
            prefix: self.prefix.clone().unwrap_or_default(),
            text: text?,
            algorithm: self.algorithm.unwrap_or_default(),
            encoding: self.encoding.unwrap_or_default(),
            signed_at: self.timestamp_header.clone().map(|header| (header, format)),
        })
    }

    /// Each key beside the secret: whether it is given, whether its kind needs it, and what it is.
    fn beside_the_secret(&self) -> [(&'static str, bool, bool, &'static str); 5] {
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let exchanged = self.kind == AuthKind::ClientCredentials;
        let named = matches!(self.kind, AuthKind::Header | AuthKind::Query | AuthKind::Hmac);
        [
            ("user", given(&self.user), self.kind == AuthKind::Basic, "the user name"),
            ("name", given(&self.name), named, "the name of the header or parameter"),
            ("token_url", self.token_url.is_some(), exchanged, "the address that gives tokens"),
            ("client_id", given(&self.client_id), exchanged, "the id that the secret belongs to"),
            (
                "sign",
                given(&self.sign),
                self.kind == AuthKind::Hmac,
                "what is signed, such as \"{timestamp}{target}{body}\"",
            ),
        ]
    }
}
