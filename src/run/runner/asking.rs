//! Asking a source: within the run's limit, again where that may help, and behind a wall that a
//! panicking or blocking collector does not get through.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use collectors::{Answer, Bookmark, Context, ProbeReport, Reason, Window};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::{Runner, shown};
use crate::config::settings::CollectorSettings;
use crate::run::Failure;
use crate::run::own_meter::OwnMeter;

impl Runner {
    pub(super) fn after(&self, duration: Duration) -> Timestamp {
        self.now().saturating_add(duration).unwrap_or(Timestamp::MAX)
    }

    /// Becomes the reason why a run must end before it is done: its deadline, or the stop.
    pub(super) fn limit(
        &self,
        settings: &CollectorSettings,
        ends_at: Timestamp,
        stop: &CancellationToken,
    ) -> impl Future<Output = Failure> + Send + 'static {
        let (clock, deadline, stop) = (Arc::clone(&self.context.clock), settings.deadline, stop.clone());
        async move {
            let remaining =
                ends_at.duration_since(clock.now()).max(jiff::SignedDuration::ZERO).unsigned_abs();
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    Failure::new(Reason::Transient, "stopped with the program before it was done; the next run goes on")
                }
                () = clock.time_limit(remaining) => Failure::new(
                    Reason::Transient,
                    format!(
                        "not done within its deadline of {} seconds; what is stored stays stored, and the next run goes on; \
            where this repeats, give the collector a longer deadline",
                        deadline.as_secs()
                    ),
                ),
            }
        }
    }

    /// Asks whether the source answers and accepts the credentials: once, within the collector's
    /// deadline, and behind the same wall as a run.
    pub async fn probe(&self, settings: &CollectorSettings) -> Result<ProbeReport, Failure> {
        let ends_at = self.after(settings.deadline);
        let context = self.context_of(settings, None, ends_at);
        let collector = Arc::clone(&settings.collector);
        let call = tokio::spawn(async move { collector.probe(&context).await });
        tokio::select! {
            biased;
            answer = AbortOnDropHandle::new(call) => match answer {
                Ok(answer) => answer.map_err(Failure::from),
                Err(_) => Err(broke_down(settings, "a probe")),
            },
            failure = self.limit(settings, ends_at, &CancellationToken::new()) => Err(failure),
        }
    }

    fn context_of(
        &self,
        settings: &CollectorSettings,
        bookmark: Option<Bookmark>,
        ends_at: Timestamp,
    ) -> Context {
        let meter = Arc::new(OwnMeter { collector: settings.name.clone(), events: self.events.clone() });
        let http = self.context.http.until(ends_at).metered(Arc::clone(&meter) as _);
        Context { bookmark, http, quota: meter, ..self.context.clone() }
    }

    pub(super) async fn ask_within(
        &self,
        settings: &CollectorSettings,
        window: &Window,
        bookmark: Option<Bookmark>,
        ends_at: Timestamp,
        limit: Pin<&mut (impl Future<Output = Failure> + Send)>,
    ) -> Result<Answer, Failure> {
        tokio::select! {
            biased;
            failure = limit => Err(failure),
            answer = self.ask(settings, window, bookmark, ends_at) => answer,
        }
    }

    /// Asks until there is an answer, a failure that asking again does not help, or no attempt left.
    async fn ask(
        &self,
        settings: &CollectorSettings,
        window: &Window,
        bookmark: Option<Bookmark>,
        ends_at: Timestamp,
    ) -> Result<Answer, Failure> {
        let context = self.context_of(settings, bookmark, ends_at);
        let mut failures = 0;
        loop {
            let failure = match attempt(settings, *window, context.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            failures += 1;
            let wait = self.backoff.wait(failures, failure.retry_after, &*self.randomness);
            // To wait past the deadline would only replace the reason by a lesser one.
            let in_vain = self.after(wait) >= ends_at;
            if !failure.reason.is_retryable() || failures > settings.retries || in_vain {
                return Err(failure);
            }
            self.events.run_retried(&settings.name, &failure, wait);
            self.context.clock.sleep(wait).await;
        }
    }
}

/// One call of the collector, on a task of its own: a panic ends that task alone, and a call that
/// blocks its thread can still be left behind.
async fn attempt(settings: &CollectorSettings, window: Window, context: Context) -> Result<Answer, Failure> {
    let collector = Arc::clone(&settings.collector);
    let span = tracing::info_span!("collect", collector = %settings.name, window = shown(&window));
    let call = tokio::spawn(async move { collector.collect(&window, &context).await }.instrument(span));
    match AbortOnDropHandle::new(call).await {
        Ok(answer) => answer.map_err(Failure::from),
        Err(_) => Err(broke_down(settings, &shown(&window))),
    }
}

fn broke_down(settings: &CollectorSettings, on: &str) -> Failure {
    Failure::new(
        Reason::Malformed,
        format!(
            "the collector {} of kind {} broke down on {on}; this is a fault in the program: report it, with the \
panic message from its error output",
            settings.name, settings.kind.name,
        ),
    )
}
