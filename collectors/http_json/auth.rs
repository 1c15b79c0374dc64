//! Credentials as settings name them, for this kind and for others that take the same ones.

use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::http::{Credential, Reply};
use crate::{Secret, SecretRef, SettingProblem, SettingProblems};

/// Who asks. A flat table, so that a wrong key is named by its own path.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthSettings {
    #[serde(default)]
    kind: AuthKind,
    secret: Option<SecretRef>,
    user: Option<String>,
    name: Option<String>,
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
}

/// Takes a secret out of an answer before any of it is read, so that no message about the answer can
/// repeat it: not even half of it, where a text is cut.
#[derive(Debug, Clone, Default)]
pub(crate) struct Censor(Option<Secret>);

impl Censor {
    pub(crate) const fn new(secret: Option<Secret>) -> Self {
        Self(secret)
    }

    pub(crate) async fn clear(&self, mut reply: Reply) -> Reply {
        let Some(secret) = &self.0 else { return reply };
        let Ok(secret) = secret.current().await else { return reply };
        let secret = secret.expose_secret();
        // What is short or a number may be a figure, which must not be changed.
        if secret.len() < 8 || secret.bytes().all(|byte| byte.is_ascii_digit()) {
            return reply;
        }
        let escaped = serde_json::Value::from(secret).to_string();
        let escaped = escaped.trim_matches('"');
        for form in [secret.to_owned(), escaped.to_owned(), escaped.replace('/', "\\/")] {
            let there = reply.bytes.windows(form.len()).any(|window| window == form.as_bytes());
            if there {
                let text = String::from_utf8_lossy(&reply.bytes).replace(&form, "[hidden]");
                reply.bytes = text.into_bytes();
            }
        }
        reply
    }
}

impl AuthSettings {
    /// What keeps the secret out of messages.
    pub(crate) fn censor(&self) -> Censor {
        Censor::new(self.secret.as_ref().map(SecretRef::open))
    }

    /// The credential, kept by the collector; problems are added to `problems`.
    pub(crate) fn credential(&self, problems: &mut SettingProblems) -> Option<Credential> {
        let mut wrong = |key: &str, message: &str| {
            problems.push(SettingProblem::new(format!("auth.{key}"), message));
        };
        if self.kind == AuthKind::None {
            if self.secret.is_some() || self.user.is_some() || self.name.is_some() {
                wrong(
                    "kind",
                    "this key is missing; say where the secret goes: bearer, basic, header or query",
                );
            }
            return None;
        }
        if self.secret.is_none() {
            wrong("secret", "this key is missing; write { env = \"NAME\" } or { file = \"PATH\" }");
        }
        let needs_user = self.kind == AuthKind::Basic;
        let needs_name = matches!(self.kind, AuthKind::Header | AuthKind::Query);
        match (needs_user, &self.user) {
            (true, None) => wrong("user", "this key is missing; give the user name"),
            (false, Some(_)) => wrong("user", "a user belongs to kind basic; take it out"),
            _ => {}
        }
        match (needs_name, self.name.as_deref()) {
            (true, None | Some("")) => {
                wrong("name", "this key is missing; give the name of the header or parameter");
            }
            (false, Some(_)) => wrong("name", "a name belongs to kinds header and query; take it out"),
            _ => {}
        }
        let secret = self.secret.as_ref()?.open();
        let name = self.name.clone().unwrap_or_default();
        match self.kind {
            AuthKind::None => None,
            AuthKind::Bearer => Some(Credential::bearer(secret)),
            AuthKind::Basic => Some(Credential::basic(self.user.clone().unwrap_or_default(), secret)),
            AuthKind::Header => Some(Credential::header(name, secret)),
            AuthKind::Query => Some(Credential::query(name, secret)),
        }
    }
}
