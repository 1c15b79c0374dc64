//! JSON Web Tokens signed with a service account's key: RS256 (RFC 7518, 3.3).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::RSA_PKCS1_SHA256;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::SCOPE;
use super::key::ServiceAccount;
use crate::http::Token;
use crate::{CollectError, Reason};

/// Google accepts no longer life.
const LIFE: Duration = Duration::from_hours(1);

/// The API's own name, whatever address it is asked at: a private endpoint expects it too.
const API: &str = "https://analyticsdata.googleapis.com/";

/// A JWT that is the bearer token itself.
pub(super) fn self_signed(account: &ServiceAccount, now: Timestamp) -> Result<Token, CollectError> {
    let claims = json!({"sub": account.client_email, "aud": API});
    Ok(Token { secret: sign(account, claims, now)?, valid_for: LIFE })
}

/// A JWT that asks the token endpoint for a token.
pub(super) fn assertion(account: &ServiceAccount, now: Timestamp) -> Result<SecretString, CollectError> {
    // The endpoint is named as the key file names it; an address shows it the same way.
    let claims = json!({"scope": SCOPE, "aud": account.token_uri.to_string()});
    sign(account, claims, now)
}

fn sign(account: &ServiceAccount, mut claims: Value, now: Timestamp) -> Result<SecretString, CollectError> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let (Some(id), Some(members)) = (&account.key_id, header.as_object_mut()) {
        members.insert("kid".to_owned(), id.as_str().into());
    }
    if let Some(members) = claims.as_object_mut() {
        let seconds = now.as_second();
        let life = i64::try_from(LIFE.as_secs()).unwrap_or_default();
        members.insert("iss".to_owned(), account.client_email.as_str().into());
        members.insert("iat".to_owned(), seconds.into());
        members.insert("exp".to_owned(), seconds.saturating_add(life).into());
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let mut signature = vec![0; account.key.public().modulus_len()];
    account.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(
        |_| {
            let problem = format!("the key of {} cannot sign; make a new JSON key", account.client_email);
            CollectError::new(Reason::Config, problem)
        },
    )?;
    Ok(SecretString::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}
