//! Addresses of sources, which can be shown without showing a secret.

use std::fmt;

use reqwest::Url;
use serde::de::{self, Deserialize, Deserializer};

use crate::{CollectError, Reason};

/// The `http` or `https` address of a source, for settings and requests.
///
/// Shown without its query string, which may hold a key, and never holding a user or password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    /// Whether the path lets in whoever knows it, so that it is not shown either.
    secret_path: bool,
}

impl Address {
    /// Reads an address; the problem does not repeat the text, in which a password may be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text)
            .map_err(|error| format!("not a web address ({error}); write one like https://example.org/"))?;
        Self::checked(url)
    }

    /// The same address, shown without its path: for one that lets in whoever knows it.
    #[must_use]
    pub fn with_secret_path(self) -> Self {
        Self { secret_path: true, ..self }
    }

    /// This address with a path below its own: `https://host/base` at `v1/x` is `https://host/base/v1/x`.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/').filter(|segment| !segment.is_empty()));
        }
        Self { url, secret_path: self.secret_path }
    }

    /// The address of a link this source gave, such as that of the next page. A link to another scheme,
    /// host or port is refused: credentials would follow it.
    pub fn follow(&self, link: &str) -> Result<Self, CollectError> {
        let refused = |problem: String| CollectError::new(Reason::Malformed, problem);
        let next = self
            .url
            .join(link)
            .map_err(|error| format!("not a web address ({error})"))
            .and_then(|next| self.led_to(next))
            .map_err(|problem| refused(format!("{self} gave a link that is {problem}")))?;
        if !self.same_origin(&next) {
            let (from, to) = (self.origin(), next.origin());
            return Err(refused(format!("{from} gave a link to {to}; links to elsewhere are not followed")));
        }
        Ok(next)
    }

    /// Whether scheme, host and port are the same.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }

    /// The host, with its port where that is not the usual one.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The last part of its path, or the host where it has none.
    pub fn file_name(&self) -> String {
        let last = self.url.path_segments().and_then(|mut segments| segments.next_back());
        last.filter(|last| !last.is_empty()).map_or_else(|| self.host(), str::to_owned)
    }

    /// Where this address sends on to, with a path as secret as its own.
    pub(super) fn led_to(&self, url: Url) -> Result<Self, String> {
        Self::checked(url).map(|next| Self { secret_path: self.secret_path, ..next })
    }

    pub(super) const fn is_secret(&self) -> bool {
        self.secret_path
    }

    fn checked(url: Url) -> Result<Self, String> {
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("not a web address; write one that starts with https:// or http://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "an address with a user or password in it; take them out and name the credential instead"
                    .to_owned(),
            );
        }
        Ok(Self { url, secret_path: false })
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    pub(super) const fn url_mut(&mut self) -> &mut Url {
        &mut self.url
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.secret_path { "/[hidden]" } else { self.url.path() };
        write!(f, "{}{path}", self.origin())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
