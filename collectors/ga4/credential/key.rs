//! The JSON files Google gives out: a service account's key, or how to get a token by federation.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::RsaKeyPair;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::error::Category;

use crate::http::Address;
use crate::{CollectError, Reason};

pub(super) enum Identity {
    ServiceAccount(ServiceAccount),
    External(ExternalAccount),
}

/// What a service account's key file says.
pub(super) struct ServiceAccount {
    pub(super) client_email: String,
    pub(super) key_id: Option<String>,
    pub(super) key: RsaKeyPair,
    pub(super) token_uri: Address,
}

/// What a credential configuration for federation says (AIP-4117).
pub(super) struct ExternalAccount {
    pub(super) audience: String,
    pub(super) subject_token_type: String,
    pub(super) token_url: Address,
    pub(super) impersonation_url: Option<Address>,
    pub(super) subject_token_file: PathBuf,
    /// The member of the file that is the token; `None` where the file is the token.
    pub(super) subject_token_member: Option<String>,
}

impl ExternalAccount {
    /// The account it acts as, as far as the file says.
    pub(super) fn name(&self) -> String {
        let url = self.impersonation_url.as_ref().map(Address::file_name);
        match url.as_deref().and_then(|name| name.split(':').next()) {
            Some(email) => format!("the service account {email}"),
            None => format!("the workload identity of {}", self.audience),
        }
    }
}

/// The file as it is. Not `Debug`: it holds a private key.
#[derive(Deserialize)]
struct File {
    r#type: Option<String>,
    client_email: Option<String>,
    private_key_id: Option<String>,
    private_key: Option<SecretText>,
    token_uri: Option<String>,
    audience: Option<String>,
    subject_token_type: Option<String>,
    token_url: Option<String>,
    service_account_impersonation_url: Option<String>,
    credential_source: Option<CredentialSource>,
}

#[derive(Deserialize)]
struct CredentialSource {
    file: Option<PathBuf>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    r#type: Option<String>,
    subject_token_field_name: Option<String>,
}

struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

/// Reads a key file. No message repeats any of it but names and addresses.
pub(super) fn read(text: &str, place: &str) -> Result<Identity, CollectError> {
    let wrong = |problem: &str| CollectError::new(Reason::Config, format!("the key in {place} {problem}"));
    // The text of serde's message may quote the key.
    let file: File = serde_json::from_str(text).map_err(|error| {
        let what = match error.classify() {
            Category::Data => "has a member of another type than in the JSON keys of Google",
            Category::Eof => "is cut off",
            Category::Io | Category::Syntax => "is not JSON",
        };
        let at = format!("at line {}, column {}", error.line(), error.column());
        wrong(&format!("{what}, {at}; give the JSON file as Google made it"))
    })?;
    let needed = |member: Option<String>, name: &str| {
        member
            .filter(|text| !text.is_empty())
            .ok_or_else(|| wrong(&format!("has no {name}; give the JSON file as Google made it")))
    };
    let address = |text: String, name: &str| {
        Address::parse(&text).map_err(|problem| wrong(&format!("has a {name} that is {problem}")))
    };
    match file.r#type.as_deref() {
        Some("service_account") => {
            let private_key = file
                .private_key
                .ok_or_else(|| wrong("has no private_key; give the JSON file as Google made it"))?;
            let token_uri =
                file.token_uri.unwrap_or_else(|| "https://oauth2.googleapis.com/token".to_owned());
            Ok(Identity::ServiceAccount(ServiceAccount {
                client_email: needed(file.client_email, "client_email")?,
                key_id: file.private_key_id,
                key: rsa_key(&private_key.0).ok_or_else(|| {
                    wrong("has a private_key that is no RSA key in PKCS#8 PEM; make a new JSON key")
                })?,
                token_uri: address(token_uri, "token_uri")?,
            }))
        }
        Some("external_account") => {
            let source = file.credential_source;
            let (path, format) = source.map_or((None, None), |source| (source.file, source.format));
            let subject_token_file = path.ok_or_else(|| {
                wrong("has no credential_source.file; only a subject token in a file is supported")
            })?;
            let is_json = format.as_ref().is_some_and(|format| format.r#type.as_deref() == Some("json"));
            let member = format.and_then(|format| format.subject_token_field_name);
            let subject_token_member = match (is_json, member) {
                (true, None) => {
                    return Err(wrong("has no credential_source.format.subject_token_field_name"));
                }
                (true, member) => member,
                (false, _) => None,
            };
            let impersonation = file.service_account_impersonation_url;
            Ok(Identity::External(ExternalAccount {
                audience: needed(file.audience, "audience")?,
                subject_token_type: needed(file.subject_token_type, "subject_token_type")?,
                token_url: address(needed(file.token_url, "token_url")?, "token_url")?,
                impersonation_url: impersonation
                    .map(|url| address(url, "service_account_impersonation_url"))
                    .transpose()?,
                subject_token_file,
                subject_token_member,
            }))
        }
        Some("authorized_user") => {
            Err(wrong("is that of a person (authorized_user); make one for a service account"))
        }
        _ => Err(wrong("is of no known type; give a key of type service_account or external_account")),
    }
}

/// PKCS#8 in PEM (RFC 7468): Base64 between two lines.
fn rsa_key(pem: &SecretString) -> Option<RsaKeyPair> {
    use secrecy::ExposeSecret;
    let inside = pem.expose_secret().split_once("-----BEGIN PRIVATE KEY-----")?.1;
    let inside = inside.split_once("-----END PRIVATE KEY-----")?.0;
    let base64: String = inside.split_whitespace().collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).ok()?).ok()
}
