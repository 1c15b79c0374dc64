//! The door that lines go in by.
//!
//! Writes go through the line-protocol call of the crate `influxdb2`. That call replaces the path of the
//! server's address (0.5.2, `Client::url`), so a server below a path gets the same request from a client
//! of ours; see ADR 0013.

use std::io::Write;

use async_trait::async_trait;
use collectors::Secret;
use flate2::Compression;
use flate2::write::GzEncoder;
use influxdb2::api::write::TimestampPrecision;
use reqwest_011::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use super::client::{ca_certificates, http_client, unusable_ca};
use super::fault::{Outcome, in_full};
use super::settings::Influxdb2Settings;
use super::verdict::{Verdict, judge, shortened, unanswered};

/// Takes lines to the server once.
#[async_trait]
pub(super) trait Door: Send + Sync {
    /// Writes lines whose times are in seconds. Done means that the server has said 204.
    async fn write(&self, lines: &str) -> Result<(), Verdict>;
}

/// The door for an address.
pub(super) fn open(settings: &Influxdb2Settings, token: Secret) -> Outcome<Box<dyn Door>> {
    if settings.url.has_path() {
        return Ok(Box::new(PathDoor { http: http_client(settings)?, token, settings: settings.clone() }));
    }
    // Read here too, so that a file that cannot be used is known at the start.
    certificates(settings)?;
    Ok(Box::new(CrateDoor { settings: settings.clone(), token, client: Mutex::new(None) }))
}

fn body(lines: &str, gzip: bool) -> Result<Vec<u8>, Verdict> {
    if !gzip {
        return Ok(lines.as_bytes().to_vec());
    }
    // The fastest level: lines repeat themselves, and the network is not what is slow.
    let mut encoder = GzEncoder::new(Vec::with_capacity(lines.len() / 4), Compression::fast());
    encoder
        .write_all(lines.as_bytes())
        .and_then(|()| encoder.finish())
        .map_err(|error| Verdict::Fix(format!("a batch cannot be packed: {error}")))
}

/// Through the crate.
struct CrateDoor {
    settings: Influxdb2Settings,
    token: Secret,
    /// The crate keeps the token in its client, so a token that changed needs another one.
    client: Mutex<Option<(String, influxdb2::Client)>>,
}

impl CrateDoor {
    async fn client(&self, token: &str) -> Result<influxdb2::Client, Verdict> {
        let mut kept = self.client.lock().await;
        if let Some((_, client)) = kept.as_ref().filter(|(of, _)| of == token) {
            return Ok(client.clone());
        }
        let client = crate_client(&self.settings, token)?;
        *kept = Some((token.to_owned(), client.clone()));
        Ok(client)
    }
}

fn crate_client(settings: &Influxdb2Settings, token: &str) -> Result<influxdb2::Client, Verdict> {
    let mut builder = reqwest_011::Client::builder()
        .user_agent(concat!("pp-collector/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.write_timeout)
        .redirect(reqwest_011::redirect::Policy::none())
        .referer(false);
    if settings.gzip {
        // The crate takes no headers for hand-made bodies; this client sends nothing but those.
        builder = builder
            .default_headers(HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]));
    }
    for certificate in certificates(settings).map_err(|fault| Verdict::Fix(format!("{fault:?}")))? {
        builder = builder.add_root_certificate(certificate);
    }
    // The address has been checked: the crate panics on what is none.
    influxdb2::ClientBuilder::with_builder(builder, settings.url.as_str(), &settings.org, token)
        .build()
        .map_err(|error| Verdict::Fix(format!("no client for it can be made: {}", in_full(&error))))
}

fn certificates(settings: &Influxdb2Settings) -> Outcome<Vec<reqwest_011::Certificate>> {
    let Some(pem) = ca_certificates(settings)? else { return Ok(Vec::new()) };
    reqwest_011::Certificate::from_pem_bundle(&pem).map_err(|error| unusable_ca(settings, &in_full(&error)))
}

#[async_trait]
impl Door for CrateDoor {
    async fn write(&self, lines: &str) -> Result<(), Verdict> {
        let settings = &self.settings;
        let token = self.token.current().await.map_err(|error| Verdict::Fix(error.to_string()))?;
        let client = self.client(token.expose_secret()).await?;
        let body = body(lines, settings.gzip)?;
        let sent = client.write_line_protocol_with_precision(
            &settings.org,
            &settings.bucket,
            body,
            TimestampPrecision::Seconds,
        );
        sent.await.map_err(|error| match error {
            influxdb2::RequestError::Http { status, text } => {
                judge(status.as_u16(), shortened(&text, token.expose_secret()))
            }
            influxdb2::RequestError::ReqwestProcessing { source } => {
                unanswered(in_full(&source.without_url()))
            }
            other => Verdict::Wait(in_full(&other)),
        })
    }
}

/// For a server below a path.
struct PathDoor {
    settings: Influxdb2Settings,
    token: Secret,
    http: reqwest::Client,
}

#[async_trait]
impl Door for PathDoor {
    async fn write(&self, lines: &str) -> Result<(), Verdict> {
        let settings = &self.settings;
        let token = self.token.current().await.map_err(|error| Verdict::Fix(error.to_string()))?;
        let mut url = settings.url.endpoint("/api/v2/write");
        url.query_pairs_mut()
            .append_pair("bucket", &settings.bucket)
            .append_pair("org", &settings.org)
            .append_pair("precision", "s");
        let mut request = self
            .http
            .post(url)
            .timeout(settings.write_timeout)
            .header("Authorization", format!("Token {}", token.expose_secret()))
            .body(body(lines, settings.gzip)?);
        if settings.gzip {
            request = request.header("Content-Encoding", "gzip");
        }
        let response = request.send().await.map_err(|error| unanswered(in_full(&error.without_url())))?;
        let status = response.status().as_u16();
        if status == 204 {
            return Ok(());
        }
        let words = response.text().await.unwrap_or_default();
        Err(judge(status, shortened(&words, token.expose_secret())))
    }
}
