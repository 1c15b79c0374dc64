//! The one HTTP client of the program.

use std::time::Duration;

use reqwest::redirect::Policy;

use crate::{CollectError, Reason};

/// How long a connection may take to open; a host that is not there is then known soon, whatever the
/// deadline of the request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes ring the cryptography of TLS for the whole process. Every client needs that before it is built.
pub fn use_ring() {
    // Another part of the program may have done so first: it is the same one, since no other is built in.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Builds the client: TLS by rustls with ring and the machine's certificates, no cookies, no redirects
/// of its own.
pub fn client() -> Result<reqwest::Client, CollectError> {
    builder().build().map_err(|error| {
        CollectError::new(
            Reason::Config,
            "the HTTP client cannot be set up; check that the machine has certificates (package ca-certificates)",
        )
        .with_source(error.without_url())
    })
}

/// The same, before a source's own certificates are added.
pub(super) fn builder() -> reqwest::ClientBuilder {
    use_ring();
    reqwest::Client::builder()
        .user_agent(concat!("pp-collector/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .referer(false)
}
