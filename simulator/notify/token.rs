//! The tokens Notify takes: signed with the secret of an API key, and good for 30 seconds (RFC 7519).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value};

/// The one API key there is: its name, the service's id and the secret. It opens nothing.
pub const API_KEY: &str =
    "simulated-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0";
const SERVICE: &str = "26785a09-ab16-4eb0-8407-a37497a57506";
const SECRET: &str = "3d844edf-8d35-48ac-975b-e847b4f122b0";
const GOOD_FOR_SECS: i64 = 30;

/// Why a token is refused, in Notify's words.
pub(super) fn verify(token: &str, now: i64) -> Result<(), &'static str> {
    const BROKEN: &str = "Invalid token: signature, api token is not valid";
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, signature] = parts.as_slice() else { return Err(BROKEN) };
    let decoded = |part: &str| -> Option<Map<String, Value>> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let (head_fields, claims_fields) = (decoded(head).ok_or(BROKEN)?, decoded(claims).ok_or(BROKEN)?);
    if head_fields.get("alg").and_then(Value::as_str) != Some("HS256") {
        return Err("Invalid token: algorithm used is not HS256");
    }
    if claims_fields.get("iss").and_then(Value::as_str) != Some(SERVICE) {
        return Err("Invalid token: service not found");
    }
    let issued =
        claims_fields.get("iat").and_then(Value::as_i64).ok_or("Invalid token: iat field not provided")?;
    if (now - issued).abs() > GOOD_FOR_SECS {
        return Err("Error: Your system clock must be accurate to within 30 seconds");
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BROKEN)?;
    hmac::verify(&key, format!("{head}.{claims}").as_bytes(), &signature).map_err(|_| BROKEN)
}
