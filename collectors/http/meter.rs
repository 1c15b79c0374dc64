//! Counting requests.

use std::time::Duration;

/// How an attempt to get an answer ended; the values of the metric label `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// 2xx.
    Success,
    /// 3xx: a redirect that was refused, or "not modified".
    Redirection,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
    /// No answer: no connection, or none in time.
    Error,
}

impl Answered {
    /// Every way.
    pub const ALL: [Self; 5] =
        [Self::Success, Self::Redirection, Self::ClientError, Self::ServerError, Self::Error];

    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
            Self::Error => "error",
        }
    }

    /// The class of a status; one that HTTP does not know is as good as no answer.
    pub(super) const fn of(status: Option<u16>) -> Self {
        match status {
            Some(200..=299) => Self::Success,
            Some(300..=399) => Self::Redirection,
            Some(400..=499) => Self::ClientError,
            Some(500..=599) => Self::ServerError,
            _ => Self::Error,
        }
    }
}

/// Where attempts are counted. One meter belongs to one collector.
pub trait RequestMeter: Send + Sync {
    /// An attempt ended, its redirects followed. `took` is without the wait for a place at the host.
    fn request(&self, answered: Answered, took: Duration);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRequestMeter;

impl RequestMeter for NoRequestMeter {
    fn request(&self, _: Answered, _: Duration) {}
}
