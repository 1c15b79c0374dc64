//! An answer, read whole.

use std::fmt;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;

use super::Address;
use super::hidden::Hidden;
use crate::{CollectError, Reason};

/// How much of an answer a message quotes: enough to recognise a log-in page by.
const EXCERPT_CHARACTERS: usize = 60;
/// How much of serde's message: it quotes the value it did not expect.
const MESSAGE_CHARACTERS: usize = 200;

/// An answer of a source.
#[derive(Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub bytes: Vec<u8>,
    pub(super) address: Address,
    pub(super) hidden: Hidden,
}

impl Reply {
    /// Reads the body as JSON; the error names the place in it: `results[3].amount`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CollectError> {
        let mut reader = serde_json::Deserializer::from_slice(self.without_mark());
        let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            (if path == "." { String::new() } else { format!(" at {path}") }, error.into_inner())
        });
        let end = |value| reader.end().map(|()| value).map_err(|error| (String::new(), error));
        read.and_then(end).map_err(|(place, error)| {
            let message = self.hidden.excerpt(error.to_string().as_bytes(), MESSAGE_CHARACTERS);
            let problem =
                format!("{} answered JSON of another shape than expected{place}: {message}", self.address);
            CollectError::new(Reason::Malformed, problem)
        })
    }

    /// The body as text, without a byte order mark; refused when it is not UTF-8.
    pub fn text(&self) -> Result<&str, CollectError> {
        std::str::from_utf8(self.without_mark()).map_err(|error| {
            let problem = format!("{} answered text that is not UTF-8: {error}", self.address);
            CollectError::new(Reason::Malformed, problem)
        })
    }

    /// The same answer without the credential, before any of it is read: no message about it can then repeat
    /// the credential, not even half of it, where a text is cut.
    #[must_use]
    pub fn without_credential(mut self) -> Self {
        self.bytes = self.hidden.clear(std::mem::take(&mut self.bytes));
        self
    }

    /// A header, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first 60 characters of the body in one line, fit for messages: the credential is not in it.
    pub fn excerpt(&self) -> String {
        self.hidden.excerpt(&self.bytes, EXCERPT_CHARACTERS)
    }

    /// Where it came from, fit for messages: without the query string.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The media type in lower case, without parameters; empty when there is none.
    pub(super) fn media_type(&self) -> String {
        let whole = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    fn without_mark(&self) -> &[u8] {
        self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("address", &self.address)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
