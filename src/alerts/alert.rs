//! An alert: one cause, from the period it began in until it is gone.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use kpi::{Channel, CollectorName, Kpi, Period, PeriodKind, ServiceId};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Names an alert for life: made of rule, subject, KPI, kind of period and the period the cause began in,
/// so that the same cause found again, after a restart or by a second evaluation, is the same alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(Arc<str>);

impl AlertId {
    /// The id of what `rule` found from `began` on.
    pub fn new(rule: Rule, subject: &Subject, kpi: Kpi, began: Period) -> Self {
        let (rule, kpi, kind) = (rule.as_str(), kpi.as_str(), began.kind().as_str());
        Self(Arc::from(format!("{rule}.{subject}.{kpi}.{kind}.{}", began.start_text())))
    }

    /// The id as text: letters, digits, hyphens, underscores, colons and full stops.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A KPI is well below the service's own level.
    Drop,
    /// A KPI goes down slowly, too slowly for any one period to stand out.
    Erosion,
    /// Figures have not come by when they were due.
    Overdue,
    /// Figures contradict themselves or each other, or fell while nothing rose: lost data rather than news.
    CheckData,
    /// Many services of one source fell together.
    CheckSource,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 5] = [Self::Drop, Self::Erosion, Self::Overdue, Self::CheckData, Self::CheckSource];

    /// The word for this rule in configuration, metrics and feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Erosion => "erosion",
            Self::Overdue => "overdue",
            Self::CheckData => "check_data",
            Self::CheckSource => "check_source",
        }
    }
}

/// How soon somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// In the next days.
    Warning,
    /// Today.
    Critical,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; 2] = [Self::Warning, Self::Critical];

    /// The word for this severity in metrics and feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A service.
    Service(ServiceId),
    /// A source, by the collector that asks it.
    Source(CollectorName),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(id) => write!(f, "{id}"),
            Self::Source(name) => write!(f, "source:{name}"),
        }
    }
}

/// One cause, from the period it began in until it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its name for life.
    pub id: AlertId,
    /// What was looked for.
    pub rule: Rule,
    /// What it is about.
    pub subject: Subject,
    /// Which KPI.
    pub kpi: Kpi,
    /// The kind of period it was seen in.
    pub period_kind: PeriodKind,
    /// How soon somebody should look; may go up while the alert is open, never down.
    pub severity: Severity,
    /// The first period with the cause.
    pub began: Period,
    /// The newest period it was seen in.
    pub latest: Period,
    /// When it was first raised.
    pub raised_at: Timestamp,
    /// How it ended; `None` while it is open.
    pub resolution: Option<Resolved>,
    /// What was seen.
    pub evidence: Evidence,
}

/// When and why an alert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: Resolution,
}

/// Why an alert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The KPI came back, or the figures came.
    Recovered,
    /// A revision removed the cause: there was none.
    Revised,
    /// The level stayed and is the service's own by now.
    NewLevel,
    /// Another alert says it better: of the source, or of the fall that doubtful figures turned out to be.
    Superseded,
    /// The service, its source or the rule is no longer configured.
    Withdrawn,
}

impl Resolution {
    /// The word for this end in feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Revised => "revised",
            Self::NewLevel => "new_level",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }
}

/// What an amount of a [`Change`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share from 0 to 1.
    Ratio,
    /// Pounds.
    Pounds,
    /// Transactions.
    Transactions,
}

impl Unit {
    /// The word for this unit in feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Pounds => "pounds",
            Self::Transactions => "transactions",
        }
    }
}

/// A value before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What both count.
    pub unit: Unit,
    /// The level before: what the service's own history led to expect.
    pub from: Decimal,
    /// The value in the newest period.
    pub to: Decimal,
}

/// A channel that took over what another lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth {
    /// The channel.
    pub channel: Channel,
    /// Transactions before, in an ordinary period.
    pub from: Decimal,
    /// Transactions in the newest period.
    pub to: Decimal,
}

/// What was seen, for people and machines; empty where a rule has nothing to say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What moved, from where to where.
    pub change: Option<Change>,
    /// The first and last period that `change.from` was learnt from.
    pub learnt_from: Option<(Period, Period)>,
    /// Transactions the newest value rests on.
    pub transactions: Option<Decimal>,
    /// The channel that grew most, where one did.
    pub grew: Option<Growth>,
    /// When overdue figures were due.
    pub due_at: Option<Timestamp>,
    /// Services that fell together, for an alert about a source.
    pub services: Vec<ServiceId>,
    /// What to know about the data and what to check, each a plain sentence.
    pub remarks: Vec<String>,
}
