//! Requests signed with a shared key (HMAC, RFC 2104), in whatever form a source asks for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::{HeaderName, HeaderValue};
use ring::hmac;
use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// What is signed, and where the signature goes.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The header that takes the signature.
    pub header: String,
    /// What stands before it in the header: `sha256=`.
    pub prefix: String,
    /// What is signed.
    pub text: SignedText,
    /// With which hash.
    pub algorithm: Algorithm,
    /// How the signature is written.
    pub encoding: Encoding,
    /// The header that says when it was signed, and how; `None` where there is none.
    pub signed_at: Option<(String, Instant)>,
}

/// With which hash a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// HMAC-SHA256.
    #[default]
    Sha256,
    /// HMAC-SHA512.
    Sha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// In small hexadecimal digits.
    #[default]
    Hex,
    /// In Base64 (RFC 4648, 4).
    Base64,
}

/// How the time of signing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instant {
    /// Seconds since 1970.
    #[default]
    Epoch,
    /// `2026-11-16T09:00:00Z`.
    Instant,
    /// `Mon, 16 Nov 2026 09:00:00 GMT` (RFC 9110, 5.6.7).
    HttpDate,
}

/// A text with places for parts of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Part(Part),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Method,
    Host,
    Path,
    Query,
    Target,
    Timestamp,
    Body,
    BodySha256,
}

const PARTS: [(&str, Part); 8] = [
    ("{method}", Part::Method),
    ("{host}", Part::Host),
    ("{path}", Part::Path),
    ("{query}", Part::Query),
    ("{target}", Part::Target),
    ("{timestamp}", Part::Timestamp),
    ("{body}", Part::Body),
    ("{body_sha256}", Part::BodySha256),
];

impl SignedText {
    /// Reads a text with placeholders; the error says which there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            let Some((name, part)) = PARTS.iter().find(|(name, _)| from.starts_with(name)) else {
                let known = PARTS.map(|(name, _)| name).join(", ");
                return Err(format!("a placeholder is not known in {text:?}; there are {known}"));
            };
            pieces.extend((!before.is_empty()).then(|| Piece::Text(before.to_owned())));
            pieces.push(Piece::Part(*part));
            rest = from.strip_prefix(name).unwrap_or_default();
        }
        pieces.extend((!rest.is_empty()).then(|| Piece::Text(rest.to_owned())));
        Ok(Self(pieces))
    }

    /// Whether the time of signing is part of it.
    pub fn has_timestamp(&self) -> bool {
        self.0.contains(&Piece::Part(Part::Timestamp))
    }

    fn fill(&self, request: &reqwest::Request, timestamp: &str) -> Vec<u8> {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let url = request.url();
        let mut text = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.extend_from_slice(piece.as_bytes()),
                Piece::Part(Part::Method) => text.extend_from_slice(request.method().as_str().as_bytes()),
                Piece::Part(Part::Host) => text.extend_from_slice(url.authority().as_bytes()),
                Piece::Part(Part::Path) => text.extend_from_slice(url.path().as_bytes()),
                Piece::Part(Part::Query) => {
                    text.extend_from_slice(url.query().unwrap_or_default().as_bytes());
                }
                Piece::Part(Part::Target) => {
                    text.extend_from_slice(url.path().as_bytes());
                    if let Some(query) = url.query() {
                        text.push(b'?');
                        text.extend_from_slice(query.as_bytes());
                    }
                }
                Piece::Part(Part::Timestamp) => text.extend_from_slice(timestamp.as_bytes()),
                Piece::Part(Part::Body) => text.extend_from_slice(body),
                Piece::Part(Part::BodySha256) => {
                    text.extend_from_slice(hex(&Sha256::digest(body)).as_bytes());
                }
            }
        }
        text
    }
}

impl Signature {
    /// Signs a request as it goes out; `None` where a header cannot be sent.
    pub(super) fn sign(&self, request: &mut reqwest::Request, key: &str, now: Timestamp) -> Option<()> {
        let (header, format) = match &self.signed_at {
            Some((header, format)) => (Some(header), *format),
            None => (None, Instant::default()),
        };
        let timestamp = format.write(now);
        let algorithm = match self.algorithm {
            Algorithm::Sha256 => hmac::HMAC_SHA256,
            Algorithm::Sha512 => hmac::HMAC_SHA512,
        };
        let key = hmac::Key::new(algorithm, key.as_bytes());
        let tag = hmac::sign(&key, &self.text.fill(request, &timestamp));
        let tag = match self.encoding {
            Encoding::Hex => hex(tag.as_ref()),
            Encoding::Base64 => STANDARD.encode(tag.as_ref()),
        };
        let headers = request.headers_mut();
        if let Some(header) = header {
            headers.insert(
                HeaderName::from_bytes(header.as_bytes()).ok()?,
                HeaderValue::try_from(timestamp).ok()?,
            );
        }
        let mut value = HeaderValue::try_from(format!("{}{tag}", self.prefix)).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(self.header.as_bytes()).ok()?, value);
        Some(())
    }
}

impl Instant {
    fn write(self, now: Timestamp) -> String {
        match self {
            Self::Epoch => now.as_second().to_string(),
            Self::Instant => now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            Self::HttpDate => now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        }
    }
}
