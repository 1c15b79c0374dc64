//! Where figures and every revision of them are kept.

pub mod copy;
mod digest;
pub mod embedded;
mod history;
#[cfg(feature = "influx")]
pub mod influxdb2;
mod inspect;
mod metered;
pub mod mirror;
mod open;
mod order;
mod revise;
mod sharded;

pub use digest::SeriesDigest;
pub use embedded::EmbeddedStore;
pub use history::{Contradiction, DatedDescription, Revision, SeriesHistory, lacking};
#[cfg(feature = "influx")]
pub use influxdb2::Influxdb2Store;
pub use inspect::{Inspection, inspect};
pub use metered::{MeteredStore, StoreMeter, StoreName};
pub use open::{Access, Beside, ServerSettings, StoreSettings};
pub use revise::revised;
pub use sharded::ShardedStore;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use kpi::service::ServiceDescription;
use kpi::{CollectorName, FigureKey, Measure, PeriodKind, Point, SeriesFigures, SeriesKey, ServiceId, Value};

/// Keeps figures. Every implementation passes the same contract tests.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores a submission whole or not at all; what is acknowledged survives a crash. Storing the
    /// same submission again changes nothing.
    async fn append(&self, submission: Arc<Submission>) -> Result<Accepted, StoreError>;

    /// The figures a query selects, in order of series and period.
    async fn series(&self, query: &Query) -> Result<Vec<Series>, StoreError>;

    /// Every revision of one figure, oldest first; empty where the figure is unknown.
    async fn revisions(&self, key: &FigureKey) -> Result<Vec<StoredPoint>, StoreError>;

    /// The newest figure of every series.
    async fn latest(&self) -> Result<Vec<Series>, StoreError>;

    /// Services that at least one figure is stored of.
    async fn services_with_figures(&self) -> Result<BTreeSet<ServiceId>, StoreError> {
        Ok(self.latest().await?.into_iter().map(|series| series.key.service).collect())
    }

    /// Services as sources describe them, each as last known at an instant (now where `None`).
    async fn services(&self, known_at: Option<Timestamp>) -> Result<Vec<ServiceDescription>, StoreError>;

    /// Every revision of the figures a query selects, in order of series, period and revision; where
    /// `known_at` is given, without later ones. As large as the selection: callers ask for a few
    /// services at a time.
    async fn history(&self, query: &Query) -> Result<Vec<SeriesHistory>, StoreError>;

    /// Every description of every service as each collector gave it, in order of service and time.
    async fn descriptions(&self) -> Result<Vec<DatedDescription>, StoreError>;

    /// Puts revisions and descriptions in exactly as they are, each with its number, instant and
    /// collector, and says how many revisions it lacked. Those it has change nothing, so that it may
    /// be repeated. A series belongs from then on to the owner that is given.
    ///
    /// What does not go on from what is there ([`lacking`]) is refused whole, naming the figure.
    async fn restore(
        &self,
        history: &[SeriesHistory],
        descriptions: &[DatedDescription],
    ) -> Result<u64, StoreError>;
}

/// Which collector gathered figures, and when.
///
/// A store never lets time go back: where `collected_at` is before that of the newest submission
/// that changed something, it stores that one's instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The collector.
    pub collector: CollectorName,
    /// Names it had before: series of theirs are its own.
    pub adopts: Vec<CollectorName>,
    /// When it gathered them.
    pub collected_at: Timestamp,
}

impl Provenance {
    /// Whether series of this owner are this collector's own.
    pub fn feeds(&self, owner: &CollectorName) -> bool {
        self.collector == *owner || self.adopts.contains(owner)
    }
}

/// Accepted figures on their way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Where they come from.
    pub provenance: Provenance,
    /// Figures, in order of series and period.
    pub series: Vec<SeriesFigures>,
    /// Services as the source describes them.
    pub services: Vec<ServiceDescription>,
}

/// What a store did with a submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Figures not known before.
    pub new: u64,
    /// Figures that were the same already.
    pub unchanged: u64,
    /// Figures that differ from what was known, each a further revision.
    pub revised: Vec<Revised>,
    /// Series left out because another collector feeds them.
    pub foreign: Vec<ForeignSeries>,
    /// What the store could not take although nothing is wrong with the rest.
    pub quarantined: Vec<Quarantined>,
    /// Services with a new or revised figure or description.
    pub changed_services: BTreeSet<ServiceId>,
}

/// Something that a store's server would not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// What it is.
    pub what: String,
    /// Why, in the server's words.
    pub words: String,
}

/// A figure that was revised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revised {
    /// The figure.
    pub key: FigureKey,
    /// What was known.
    pub from: Value,
    /// What is known now.
    pub to: Value,
}

/// A series that belongs to another collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignSeries {
    /// The series.
    pub key: SeriesKey,
    /// Whose it is.
    pub owner: CollectorName,
}

/// What to read. An empty selection (`None`) selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// These services only.
    pub services: Option<Vec<ServiceId>>,
    /// These measures only.
    pub measures: Option<Vec<Measure>>,
    /// These period kinds only.
    pub period_kinds: Option<Vec<PeriodKind>>,
    /// Periods that start on this day or later (for hours, by their day in UTC).
    pub from: Option<Date>,
    /// Periods that start before this day.
    pub to: Option<Date>,
    /// Of each series of hours, days or weeks, only periods that start within this many days of its
    /// newest. Months and longer, of which there are never many, are not limited.
    pub newest_days: Option<u32>,
    /// As it was known at this instant; as it is known now where `None`.
    pub known_at: Option<Timestamp>,
}

impl Query {
    /// Selects some figures, and with them others of their services between the first and the last of
    /// them. `None` where there are no figures to select.
    pub fn of_points<'a>(series: impl Iterator<Item = (&'a SeriesKey, &'a [Point])>) -> Option<Self> {
        let mut services: BTreeSet<ServiceId> = BTreeSet::new();
        let mut days: Option<(Date, Date)> = None;
        for (key, points) in series {
            for date in points.iter().map(|point| point.period.start_date()) {
                days = Some(days.map_or((date, date), |(first, last)| (first.min(date), last.max(date))));
            }
            if !points.is_empty() && !services.contains(&key.service) {
                services.insert(key.service.clone());
            }
        }
        let (first, last) = days?;
        // No period begins after the years that periods may lie in.
        Some(Self {
            services: Some(services.into_iter().collect()),
            from: Some(first),
            to: last.tomorrow().ok(),
            ..Self::default()
        })
    }
}

/// A series as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What the points are values of.
    pub key: SeriesKey,
    /// The collector that feeds it.
    pub collector: CollectorName,
    /// In order of period.
    pub points: Vec<StoredPoint>,
}

/// A figure as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredPoint {
    /// Period, value and quality.
    pub point: Point,
    /// 1 for the first value known, one more for each later, different one.
    pub revision: u32,
    /// When this revision was collected.
    pub collected_at: Timestamp,
}

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process writes to it.
    #[error(
        "the store {place} is in use by another process; stop it first, or give this one a data_dir of its own"
    )]
    InUse {
        /// Which store.
        place: String,
    },
    /// It holds something this program cannot read. Nothing was changed.
    #[error(
        "the store {place} cannot be read: {problem}; it is left as it is: restore a backup, or move it away to start anew"
    )]
    Unreadable {
        /// Which store.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It cannot take or give figures for now.
    #[error("the store {place} is unavailable: {problem}")]
    Unavailable {
        /// Which store.
        place: String,
        /// What is wrong, and the remedy where there is one.
        problem: String,
    },
    /// What was asked cannot be done, now or later. Nothing was changed.
    #[error("the store {place} refused: {problem}")]
    Refused {
        /// Which store.
        place: String,
        /// What is wrong with the request, and the remedy.
        problem: String,
    },
}

impl StoreError {
    /// Every reason there is.
    pub const REASONS: [&str; 4] = ["in_use", "unreadable", "unavailable", "refused"];

    /// The reason in one word; also a label of metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "in_use",
            Self::Unreadable { .. } => "unreadable",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
        }
    }
}

/// A store that is empty and takes nothing, for runs that only show what they would store where there
/// is no store yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStore;

impl NoStore {
    fn refuse<T>() -> Result<T, StoreError> {
        Err(StoreError::Refused { place: "of a dry run".to_owned(), problem: "nothing is kept".to_owned() })
    }
}

#[async_trait]
impl Store for NoStore {
    async fn append(&self, _: Arc<Submission>) -> Result<Accepted, StoreError> {
        Self::refuse()
    }

    async fn series(&self, _: &Query) -> Result<Vec<Series>, StoreError> {
        Ok(Vec::new())
    }

    async fn revisions(&self, _: &FigureKey) -> Result<Vec<StoredPoint>, StoreError> {
        Ok(Vec::new())
    }

    async fn latest(&self) -> Result<Vec<Series>, StoreError> {
        Ok(Vec::new())
    }

    async fn services(&self, _: Option<Timestamp>) -> Result<Vec<ServiceDescription>, StoreError> {
        Ok(Vec::new())
    }

    async fn history(&self, _: &Query) -> Result<Vec<SeriesHistory>, StoreError> {
        Ok(Vec::new())
    }

    async fn descriptions(&self) -> Result<Vec<DatedDescription>, StoreError> {
        Ok(Vec::new())
    }

    async fn restore(&self, _: &[SeriesHistory], _: &[DatedDescription]) -> Result<u64, StoreError> {
        Self::refuse()
    }
}
