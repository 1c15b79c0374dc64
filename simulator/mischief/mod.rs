//! What goes wrong on the way: scripted per call or per date, on any stand-in.

mod bodies;
mod book;
mod layer;

pub use book::{Book, Call, Rule};

pub(crate) use layer::{Dialect, Layer, count, meddle};

use std::time::Duration;

use jiff::Timestamp;

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mischief {
    /// 429 in the source's own words.
    TooManyRequests(RetryAfter),
    /// An error status such as 500 or 503, in the source's own words.
    Status(u16),
    /// 401 as for a credential that has expired.
    ExpiredToken,
    /// 200 with a page for people, as a proxy or a log-in screen answers.
    Html,
    /// The right head and the first half of the body; then the connection is closed.
    HalfBody,
    /// The right answer, `bytes` at a time with a `pause` before each.
    Drip {
        /// Bytes in each piece.
        bytes: usize,
        /// Wait before each piece.
        pause: Duration,
    },
    /// The right answer under another content type.
    ContentType(&'static str),
    /// Every page says that there is one more, and the same rows come again.
    EndlessPages,
    /// A small body that unpacks to this many bytes of white space.
    GzipBomb(u64),
    /// 307 to the stand-in of another host, which records what came along.
    Redirect,
    /// The right answer after a wait.
    Latency(Duration),
}

/// How a 429 says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// It does not say.
    Absent,
    /// After some seconds.
    Seconds(u64),
    /// At an instant, written as an HTTP date (RFC 9110 section 5.6.7).
    At(Timestamp),
}

impl RetryAfter {
    pub(crate) fn header(self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Seconds(seconds) => Some(seconds.to_string()),
            Self::At(instant) => Some(instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        }
    }
}

/// Told to a stand-in by the layer: answer with pages that never end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndlessPages;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_to_come_back_at_is_an_http_date() {
        let at = RetryAfter::At("2026-11-16T09:14:03Z".parse().unwrap());
        assert_eq!(at.header().as_deref(), Some("Mon, 16 Nov 2026 09:14:03 GMT"));
    }
}
