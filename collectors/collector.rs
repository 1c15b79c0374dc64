//! The trait every kind of source implements.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use kpi::{Batch, Period, PeriodKind, ServiceId};

use crate::{Clock, CollectError, Http, QuotaMeter};

/// A configured way of asking one source.
///
/// Stateless between calls and safe to repeat: asking for a window twice gives the same figures
/// unless the source has changed them.
#[async_trait]
pub trait Collector: Send + Sync {
    /// What may be asked of this collector, so that runs can be planned without calling it.
    fn capabilities(&self) -> Capabilities;

    /// Every service it can give figures of, by the ids it calls them; `None` where only the source
    /// knows. An instance that shares the work with others leaves out a collector none of whose
    /// services are its own.
    fn services(&self) -> Option<BTreeSet<ServiceId>> {
        None
    }

    /// The cheapest call that proves address and credentials.
    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError>;

    /// The figures of one window of closed periods.
    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError>;
}

/// What may be asked of a collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether the source is asked for windows of periods or read as a whole.
    pub reading: Reading,
}

/// How a source is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The source is a document: each run reads all of it. There is nothing to catch up.
    Whole,
    /// The source answers for a range of periods.
    Windows {
        /// The kind of period it answers in.
        period_kind: PeriodKind,
        /// The most periods one call may ask for.
        largest: u32,
        /// How long after its end a period is still revised by the source.
        settles_after: SignedDuration,
        /// How many closed periods before the cursor each scheduled run asks for again.
        look_back: u32,
    },
}

/// Periods of one kind from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeriodSpan {
    /// First period.
    pub first: Period,
    /// Last period, of the same kind and not before `first`.
    pub last: Period,
}

/// What one run asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// All the source holds: for [`Reading::Whole`].
    Everything,
    /// Closed periods: for [`Reading::Windows`].
    Span(PeriodSpan),
}

/// What a collector may use while it runs.
#[derive(Clone)]
pub struct Context {
    /// Time and sleep.
    pub clock: Arc<dyn Clock>,
    /// The way to every HTTP source, ending at the run's deadline.
    pub http: Http,
    /// Where a collector reports the allowances a source tells it about.
    pub quota: Arc<dyn QuotaMeter>,
    /// What this collector returned with its last stored answer, if anything.
    pub bookmark: Option<Bookmark>,
}

/// A collector's own memory of what it has read (content hashes, `ETag`s), opaque to everyone else. It
/// is handed back on the next run, and only once the figures it came with are stored. Losing it costs
/// a re-read and nothing more.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Bookmark(pub String);

/// What a source answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The source holds exactly what the bookmark remembers.
    Unchanged,
    /// Figures to store.
    Figures {
        /// What was gathered.
        batch: Batch,
        /// To hand back next time, once the batch is stored.
        bookmark: Option<Bookmark>,
    },
}

/// What a probe learnt, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    /// What answered and what it holds, one fact a line.
    pub lines: Vec<String>,
}
