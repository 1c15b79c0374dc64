//! Why a collection failed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// The fixed set of reasons a collection fails for; also the values of the metric label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The configuration asks for something the source does not have.
    Config,
    /// The source does not accept the credentials.
    Auth,
    /// The credentials are good and do not allow this.
    Permission,
    /// An allowance is used up until it is renewed.
    Quota,
    /// The source asks to slow down.
    Throttled,
    /// The source or the way to it failed for now.
    Transient,
    /// The answer cannot be understood.
    Malformed,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Config,
        Self::Auth,
        Self::Permission,
        Self::Quota,
        Self::Throttled,
        Self::Transient,
        Self::Malformed,
    ];

    /// Every reason but [`Quota`](Self::Quota), for kinds whose sources tell of no allowance.
    pub const ALL_BUT_QUOTA: [Self; 6] =
        [Self::Config, Self::Auth, Self::Permission, Self::Throttled, Self::Transient, Self::Malformed];

    /// The word for this reason in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Quota => "quota",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Malformed => "malformed",
        }
    }

    /// Whether the same request may succeed within the same run.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Transient)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A failed collection: why, where, and what to do.
#[derive(Debug)]
pub struct CollectError {
    reason: Reason,
    message: String,
    details: Vec<String>,
    retry_after: Option<Duration>,
    resets_at: Option<Timestamp>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CollectError {
    /// An error with a message that names the thing, the value and the remedy; lower case, no full stop,
    /// and no secret.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
            resets_at: None,
            source: None,
        }
    }

    /// Adds what was wrong in detail, one place a line: every bad cell of a file.
    #[must_use]
    pub fn with_details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    /// Adds how long the source asks to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Adds when a used-up allowance is renewed, so that the run is planned for then and not failed.
    #[must_use]
    pub fn with_resets_at(mut self, instant: Timestamp) -> Self {
        self.resets_at = Some(instant);
        self
    }

    /// Adds the cause. Its text is shown to people: it holds no secret and no query string.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Why it failed.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// What was wrong in detail, one place a line.
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// How long the source asks to wait before the next request.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// When a used-up allowance is renewed, for [`Reason::Quota`].
    pub const fn resets_at(&self) -> Option<Timestamp> {
        self.resets_at
    }

    /// The same error with every text it shows passed through `rewrite`. The cause is kept as text: what
    /// it shows must be rewritten too.
    pub(crate) fn rewritten(mut self, rewrite: impl Fn(&str) -> String) -> Self {
        self.message = rewrite(&self.message);
        for detail in &mut self.details {
            *detail = rewrite(detail);
        }
        self.source = self.source.map(|source| rewrite(&chain(&*source)).into());
        self
    }
}

/// An error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl fmt::Display for CollectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CollectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}
