//! Makes a request again where that may help.

use std::sync::Arc;

use collectors::{Clock, Randomness, http::Backoff};

use super::fault::Fault;
use super::verdict::Verdict;

/// How often and after which waits, with time and chance given.
///
/// `Retry-After` does not get through the crate that writes, so the wait grows by itself, up to its cap.
#[derive(Clone)]
pub(super) struct Retry {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) randomness: Arc<dyn Randomness>,
    pub(super) backoff: Backoff,
    pub(super) retries: u32,
}

impl Retry {
    /// The attempts at one request.
    pub(super) const fn begin(&self, request: &'static str) -> Attempts<'_> {
        Attempts { retry: self, request, failures: 0 }
    }
}

/// Attempts at one request that have failed so far.
pub(super) struct Attempts<'a> {
    retry: &'a Retry,
    request: &'static str,
    failures: u32,
}

impl Attempts<'_> {
    /// Returns when it is time for another attempt, or with what to do instead.
    pub(super) async fn after(&mut self, verdict: Verdict) -> Result<(), Verdict> {
        let Verdict::Wait(problem) = verdict else { return Err(verdict) };
        let Retry { clock, randomness, backoff, retries } = self.retry;
        self.failures += 1;
        if self.failures > *retries {
            return Err(Verdict::Wait(format!("{problem}; given up after {} attempts", self.failures)));
        }
        let wait = backoff.wait(self.failures, None, randomness.as_ref());
        tracing::warn!(
            request = self.request,
            problem,
            attempt = self.failures,
            wait_seconds = wait.as_secs_f64(),
            "the store's server did not take a request, asking again"
        );
        clock.sleep(wait).await;
        Ok(())
    }
}

/// Where nothing can be made of a bad line or of too large a body.
impl From<Verdict> for Fault {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fix(problem) | Verdict::Wait(problem) => Self::Unavailable(problem),
            Verdict::BadLine(words) => Self::Refused(words),
            Verdict::TooLarge => Self::Refused("the request is too large for it (413)".to_owned()),
        }
    }
}
