//! What the rest of the program is given: values that have been checked.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use collectors::{Collector, Kind, Secret};
use kpi::service::{ServiceDescription, ServiceRules};
use kpi::{CollectorName, ReceiverName, ServiceId};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::alerts::AlertSettings;
use crate::alerts::calendar::Calendar;
use crate::alerts::deliver::{QuietHours, Receiver, ReceiverKind, Route};
use crate::plan::Schedule;
use crate::run::ServiceBook;
use crate::shard::Shard;
use crate::store::StoreSettings;

/// A configuration without an error in it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one folder everything the program writes lives under.
    pub data_dir: PathBuf,
    /// Which part of the services is this instance's own; all of them where `None`.
    pub shard: Option<Shard>,
    /// Where figures are kept.
    pub store: StoreSettings,
    /// The web server.
    pub web: Web,
    /// What the program says about itself.
    pub log: LogSettings,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// How runs are carried out.
    pub run: Run,
    /// Collectors by name.
    pub collectors: Vec<CollectorSettings>,
    /// Who may push figures, by name.
    pub pushers: Vec<PusherSettings>,
    /// Services by id.
    pub services: Vec<ServiceSettings>,
    /// What is looked for in the KPIs of a service that is not configured.
    pub alerts: Arc<AlertSettings>,
    /// Bank holidays.
    pub calendar: Arc<Calendar>,
    /// Receivers of alerts by name.
    pub receivers: Vec<ReceiverSettings>,
}

impl Settings {
    /// The services that are this instance's own.
    pub fn own_services(&self) -> Vec<ServiceSettings> {
        self.services.iter().filter(|service| self.owns(&service.description.id)).cloned().collect()
    }

    /// The collectors that may give figures of services that are this instance's own.
    pub fn own_collectors(&self) -> Vec<CollectorSettings> {
        let book = ServiceBook::new(&self.services);
        let owns_any = |services: BTreeSet<ServiceId>| {
            services.iter().any(|service| self.owns(book.renamed(service).unwrap_or(service)))
        };
        let is_own = |settings: &&CollectorSettings| settings.collector.services().is_none_or(owns_any);
        self.collectors.iter().filter(is_own).cloned().collect()
    }

    fn owns(&self, service: &ServiceId) -> bool {
        self.shard.is_none_or(|shard| shard.owns(service))
    }
}

/// The web server.
#[derive(Debug, Clone)]
pub struct Web {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Where people reach it, for the links in alerts.
    pub public_url: Option<String>,
}

/// What the program says about itself, on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line is written.
    pub format: LogFormat,
    /// What is said, as `tracing` filters are written: `info`, `info,pp_collector=debug`.
    pub level: String,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// What `/metrics` shows.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// How long a figure is shown after its period when no newer one comes.
    pub keep_periods: KeepPeriods,
}

/// How long the last figure stays in `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepPeriods {
    /// Until it is superseded.
    All,
    /// For this many periods of its own kind after its end.
    Count(NonZeroU32),
}

/// Somebody who may push figures.
#[derive(Debug, Clone)]
pub struct PusherSettings {
    /// The name the figures are kept under, as under a collector's.
    pub name: CollectorName,
    /// What a request must bring.
    pub token: Secret,
    /// The services whose figures may come; all where it is empty.
    pub services: BTreeSet<ServiceId>,
}

/// Whether a source may lower what is stored of old periods.
///
/// A source that deletes old records answers old periods with less than it once did, or with nothing.
/// That is no correction, and must not overwrite what was counted while the records were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeGuard {
    /// Whatever the source says is taken.
    Off,
    /// Of a period that ended longer ago than this, a lower value is held back.
    After(Duration),
}

impl PurgeGuard {
    /// What a kind of source needs where nothing is configured.
    pub fn of_kind(kind: &Kind) -> Self {
        const DAY: Duration = Duration::from_hours(24);
        kind.purge_guard_days.map_or(Self::Off, |days| Self::After(DAY.saturating_mul(days)))
    }
}

/// How runs are carried out.
#[derive(Debug, Clone)]
pub struct Run {
    /// Most collectors running at once.
    pub concurrency: usize,
    /// How long a stop waits for runs to finish before they are cancelled.
    pub stop_grace: Duration,
}

/// One configured collector.
#[derive(Clone)]
pub struct CollectorSettings {
    /// Its name.
    pub name: CollectorName,
    /// Names it had before, whose series it goes on with.
    pub adopts: Vec<CollectorName>,
    /// Its kind.
    pub kind: &'static Kind,
    /// When it runs.
    pub schedule: Schedule,
    /// Longest random delay added to each scheduled start.
    pub jitter: Duration,
    /// How long one run may take.
    pub deadline: Duration,
    /// Attempts after the first, for failures that may pass.
    pub retries: u32,
    /// First day to collect where the cursor is not set, for sources asked by windows.
    pub start: Option<jiff::civil::Date>,
    /// Closed periods before the cursor to ask for again; `None` for the kind's own default.
    pub look_back: Option<u32>,
    /// From which age on a lower value does not replace a higher one.
    pub purge_guard: PurgeGuard,
    /// Ready to be asked.
    pub collector: Arc<dyn Collector>,
}

impl std::fmt::Debug for CollectorSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CollectorSettings")
            .field("name", &self.name)
            .field("kind", &self.kind.name)
            .field("schedule", &self.schedule.text())
            .finish_non_exhaustive()
    }
}

/// One configured receiver of alerts.
#[derive(Clone)]
pub struct ReceiverSettings {
    /// Its name.
    pub name: ReceiverName,
    /// Its kind.
    pub kind: &'static ReceiverKind,
    /// Which alerts it takes.
    pub route: Route,
    /// Whether it is told that an alert is over.
    pub resolved: bool,
    /// Hours in which it is not told.
    pub quiet_hours: Option<QuietHours>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How long a message is tried before it is given up.
    pub give_up_after: Duration,
    /// Ready to be told.
    pub receiver: Arc<dyn Receiver>,
}

impl std::fmt::Debug for ReceiverSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceiverSettings")
            .field("name", &self.name)
            .field("kind", &self.kind.name)
            .finish_non_exhaustive()
    }
}

/// One configured service.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// What it is and who runs it.
    pub description: ServiceDescription,
    /// Other ids sources know it by.
    pub aliases: Vec<ServiceId>,
    /// How its KPIs are computed.
    pub rules: ServiceRules,
    /// Levels it wants to reach.
    pub targets: Targets,
    /// What may leave the building.
    pub publish: Publish,
    /// What is looked for in its KPIs.
    pub alerts: Arc<AlertSettings>,
}

/// Levels a service wants to reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Targets {
    /// Digital take-up, 0 to 1.
    pub digital_takeup: Option<Decimal>,
    /// Completion rate, 0 to 1.
    pub completion_rate: Option<Decimal>,
    /// User satisfaction, 0 to 1.
    pub user_satisfaction: Option<Decimal>,
    /// Pounds per completed transaction.
    pub cost_per_transaction: Option<Decimal>,
}

/// Whether a KPI is put into public feeds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum Publication {
    /// Kept inside.
    #[default]
    Internal,
    /// Put into public feeds.
    Public,
}

/// What may leave the building, by KPI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Publish {
    /// Volumes and digital take-up.
    pub transactions: Publication,
    /// Completion rate.
    pub completion_rate: Publication,
    /// Cost per transaction and total cost.
    pub cost: Publication,
    /// User satisfaction.
    pub user_satisfaction: Publication,
}
