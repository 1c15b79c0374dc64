//! The service account of the stand-in: its key, and the check of what is signed with it (RFC 7515, RFC 7523).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Value, json};

/// The stand-in's own key, PKCS#8, made for it and known to everybody: see `README.md` beside it.
const KEY: &[u8] = include_bytes!("test-key.der");

/// E-mail of the one service account the stand-in knows.
pub const CLIENT_EMAIL: &str = "collector@simulated-project.iam.gserviceaccount.example";
/// Id of its one key.
pub const KEY_ID: &str = "5f1d0c2ab9e84d7f9c3e6a0b1d2c4e5f60718293";
/// The subject token that the token exchange accepts.
pub const SUBJECT_TOKEN: &str = "simulated-subject-token";

/// The scope that reading needs.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/analytics.readonly";
/// Longest life of an assertion, in seconds.
const LONGEST: i64 = 3600;
/// Allowance for clocks that differ, in seconds.
const SKEW: i64 = 300;

/// A service-account key file whose `token_uri` is the stand-in at `address`.
pub fn service_account_key(address: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "simulated-project",
        "private_key_id": KEY_ID,
        "private_key": pem(KEY),
        "client_email": CLIENT_EMAIL,
        "client_id": "100000000000000000001",
        "token_uri": format!("{address}/token"),
        "universe_domain": "googleapis.com",
    })
}

/// A workload identity federation file whose subject token is read from `token_file`.
pub fn external_account(address: &str, token_file: &str) -> Value {
    json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{address}/v1/token"),
        "service_account_impersonation_url":
            format!("{address}/v1/projects/-/serviceAccounts/{CLIENT_EMAIL}:generateAccessToken"),
        "credential_source": {"file": token_file},
        "universe_domain": "googleapis.com",
    })
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
}

/// What a JWT claims.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    #[serde(default)]
    pub(super) scope: Option<String>,
    #[serde(default)]
    pub(super) aud: Option<String>,
    iat: i64,
    exp: i64,
}

/// Verifies a JWT of the service account. The error is the text Google gives for it.
pub(super) fn verify(token: &str, now: i64) -> Result<Claims, String> {
    let malformed = || "Invalid JWT: Failed to parse.".to_owned();
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let header: Header = decode(header).ok_or_else(malformed)?;
    let claims: Claims = decode(claims).ok_or_else(malformed)?;
    if header.alg != "RS256" || header.typ.is_some_and(|typ| typ != "JWT") {
        return Err("Invalid JWT: Unsupported algorithm or type.".to_owned());
    }
    if claims.iss != CLIENT_EMAIL {
        return Err("Invalid grant: account not found".to_owned());
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
    let known = header.kid.is_none_or(|kid| kid == KEY_ID);
    let public = public_key().filter(|_| known);
    let genuine = public.is_some_and(|public| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(signed.as_bytes(), &signature)
            .is_ok()
    });
    if !genuine {
        return Err("Invalid JWT Signature.".to_owned());
    }
    let in_time = claims.exp <= claims.iat + LONGEST && claims.iat <= now + SKEW && claims.exp > now - SKEW;
    if in_time {
        Ok(claims)
    } else {
        Err("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
             Check your iat and exp values in the JWT claim."
            .to_owned())
    }
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// A private key as key files hold it: Base64 in lines of 64 characters (RFC 7468).
fn pem(key: &[u8]) -> String {
    let label = "PRIVATE KEY";
    let mut text = format!("-----BEGIN {label}-----\n");
    for (position, character) in STANDARD.encode(key).chars().enumerate() {
        if position > 0 && position.is_multiple_of(64) {
            text.push('\n');
        }
        text.push(character);
    }
    text + &format!("\n-----END {label}-----\n")
}

fn public_key() -> Option<Vec<u8>> {
    let pair = RsaKeyPair::from_pkcs8(KEY).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}
