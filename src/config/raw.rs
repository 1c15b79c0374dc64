//! Configuration as it is written. The comments here are the manual; `docs/configuration.md` repeats
//! them with the defaults, and a test holds the two together.
//!
//! No key is required of serde: what must be given is asked for when the rest is resolved, so that one
//! missing key does not hide what else is wrong.

mod alerts;
mod push;

pub(super) use alerts::{RawAlerts, RawCadence};
pub(super) use push::RawPusher;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use collectors::SecretRef;
use kpi::ServiceId;
use kpi::service::{Incomplete, SatisfactionFormula};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

use super::scalar::{Day, Length, Number};
use crate::alerts::Severity;
use crate::alerts::deliver::Critical;

use super::settings::{KeepPeriods, LogFormat, Publication, PurgeGuard};
use crate::store::StoreName;

/// The whole configuration: the file, `conf.d/*.toml` beside it, and `PP_*` variables.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSettings {
    /// The one folder everything the program writes lives under.
    pub(super) data_dir: String,
    /// Folder whose `*.toml` files declare services.
    pub(super) services_dir: Option<String>,
    /// Which part of the services is this instance's own, where several share them: `2/8` is the second of eight.
    pub(super) shard: Option<String>,
    /// Where figures are kept.
    pub(super) store: RawStore,
    /// The web server.
    pub(super) web: RawWeb,
    /// What the program says about itself.
    pub(super) log: RawLog,
    /// What `/metrics` shows.
    pub(super) metrics: RawMetrics,
    /// How runs are carried out.
    pub(super) run: RawRun,
    /// What is looked for in the KPIs of every service.
    pub(super) alerts: RawAlerts,
    /// Files of bank holidays, by nation, in place of those that come with the program.
    pub(super) calendars: BTreeMap<String, String>,
    /// Collectors by name.
    pub(super) collectors: BTreeMap<String, RawCollector>,
    /// Who may push figures, by name.
    pub(super) push: BTreeMap<String, RawPusher>,
    /// Receivers of alerts by name.
    pub(super) receivers: BTreeMap<String, RawReceiver>,
}

impl Default for RawSettings {
    fn default() -> Self {
        Self {
            data_dir: "data".to_owned(),
            services_dir: None,
            shard: None,
            store: RawStore::default(),
            web: RawWeb::default(),
            log: RawLog::default(),
            metrics: RawMetrics::default(),
            run: RawRun::default(),
            alerts: RawAlerts::default(),
            calendars: BTreeMap::new(),
            collectors: BTreeMap::new(),
            push: BTreeMap::new(),
            receivers: BTreeMap::new(),
        }
    }
}

/// `[store]`: where figures are kept.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStore {
    /// `embedded` for a file of the data directory, `influxdb2` for a server.
    pub(super) kind: StoreName,
    /// Whether the server is kept like the embedded store, for others to read.
    pub(super) mirror: bool,
    /// The server, where the store is on one.
    pub(super) influxdb2: RawInfluxdb2,
}

/// `[store.influxdb2]`: a server of the `InfluxDB` family.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(not(feature = "influx"), allow(dead_code, reason = "read, so that its mistakes are still named"))]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawInfluxdb2 {
    /// Address of the server; a path is kept. Required for this store.
    pub(super) url: Option<String>,
    /// Organisation; required, any word where the server has none.
    pub(super) org: Option<String>,
    /// Bucket that figures are written to; required.
    pub(super) bucket: Option<String>,
    /// Token that may read and write the bucket, by reference; required.
    #[cfg_attr(test, serde(serialize_with = "super::tests::nothing"))]
    pub(super) token: Option<SecretRef>,
    /// Database that `/query` knows the bucket by; the bucket's name where it is left out.
    pub(super) database: Option<String>,
    /// Retention policy of that database; its default where it is left out.
    pub(super) retention_policy: Option<String>,
    /// File of PEM certificates to trust beside those of the machine.
    pub(super) ca_file: Option<String>,
    /// Whether what is written is packed with gzip.
    pub(super) gzip: bool,
    /// How long opening a connection may take.
    pub(super) connect_timeout: Length,
    /// How long one write may take.
    pub(super) write_timeout: Length,
    /// How long one query may take.
    pub(super) query_timeout: Length,
    /// Attempts after the first, for requests that may succeed later.
    pub(super) retries: u32,
}

impl Default for RawInfluxdb2 {
    fn default() -> Self {
        Self {
            url: None,
            org: None,
            bucket: None,
            token: None,
            database: None,
            retention_policy: None,
            ca_file: None,
            gzip: true,
            connect_timeout: Length::from_secs(5),
            write_timeout: Length::from_secs(30),
            query_timeout: Length::from_secs(120),
            retries: 4,
        }
    }
}

/// `[web]`: the web server.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWeb {
    /// Address and port to listen on.
    pub(super) listen: String,
    /// Where people reach it, for the links in alerts.
    pub(super) public_url: Option<String>,
}

impl Default for RawWeb {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9480".to_owned(), public_url: None }
    }
}

/// `[log]`: what the program says about itself, on standard error.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLog {
    /// `text` for people, `json` for machines.
    pub(super) format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`, also by target: `info,pp_collector=debug`.
    pub(super) level: String,
}

impl Default for RawLog {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// `[metrics]`: what `/metrics` shows.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMetrics {
    /// For how many periods of its own kind the last figure of a series is shown, or `all`.
    pub(super) keep_periods: KeepPeriods,
}

impl Default for RawMetrics {
    fn default() -> Self {
        Self { keep_periods: KeepPeriods::Count(NonZeroU32::MIN.saturating_add(2)) }
    }
}

/// `[run]`: how runs are carried out.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRun {
    /// Most collectors running at once.
    pub(super) concurrency: NonZeroU32,
    /// How long a stop waits for runs to finish before they are cancelled.
    pub(super) stop_grace: Length,
}

impl Default for RawRun {
    fn default() -> Self {
        Self { concurrency: NonZeroU32::MIN.saturating_add(3), stop_grace: Length::from_secs(30) }
    }
}

/// `[collectors.NAME]`: one way of asking one source.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCollector {
    /// Kind of source; required.
    pub(super) kind: Option<String>,
    /// When it runs: a cron expression of 5, 6 or 7 fields; required.
    pub(super) schedule: Option<String>,
    /// Zone the schedule is in.
    pub(super) time_zone: String,
    /// Longest random delay added to each scheduled start.
    pub(super) jitter: Length,
    /// How long one run may take.
    pub(super) deadline: Length,
    /// Attempts after the first, for failures that may pass.
    pub(super) retries: u32,
    /// First day to collect, for sources asked by windows.
    pub(super) start: Option<Day>,
    /// Closed periods before the newest to ask for again; the kind's own where it is left out.
    pub(super) look_back: Option<u32>,
    /// From which age of a period on a lower value than the stored one is held back, or `off`; the
    /// kind's own where it is left out.
    pub(super) purge_guard: Option<PurgeGuard>,
    /// Names it had before, whose series it goes on with.
    pub(super) adopts: Vec<String>,
    /// What the kind itself wants to know; see the page of the kind.
    pub(super) settings: toml::Table,
}

impl Default for RawCollector {
    fn default() -> Self {
        Self {
            kind: None,
            schedule: None,
            time_zone: LONDON.to_owned(),
            jitter: Length::from_secs(0),
            deadline: Length::from_secs(600),
            retries: 3,
            start: None,
            look_back: None,
            purge_guard: None,
            adopts: Vec::new(),
            settings: toml::Table::new(),
        }
    }
}

/// `[receivers.NAME]`: one way of telling people, or a program, of alerts.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawReceiver {
    /// Kind of receiver; required.
    pub(super) kind: Option<String>,
    /// The least severity it takes: `warning` or `critical`.
    pub(super) severity: Severity,
    /// Takes only alerts of these rules; all where it is empty.
    pub(super) rules: Vec<String>,
    /// Takes only alerts about these services; all where it is empty.
    pub(super) services: Vec<String>,
    /// Takes only alerts about services of these departments, by slug; all where it is empty.
    pub(super) departments: Vec<String>,
    /// Whether it is told that an alert is over.
    pub(super) resolved: bool,
    /// Hours in which it is not told.
    pub(super) quiet_hours: Option<RawQuietHours>,
    /// How long one attempt may take.
    pub(super) timeout: Length,
    /// How long a message is tried before it is given up.
    pub(super) give_up_after: Length,
    /// What the kind itself wants to know; see the page of alert delivery.
    pub(super) settings: toml::Table,
}

impl Default for RawReceiver {
    fn default() -> Self {
        Self {
            kind: None,
            severity: Severity::Warning,
            rules: Vec::new(),
            services: Vec::new(),
            departments: Vec::new(),
            resolved: true,
            quiet_hours: None,
            timeout: Length::from_secs(30),
            give_up_after: Length::from_secs(7 * 24 * 3600),
            settings: toml::Table::new(),
        }
    }
}

/// `quiet_hours`: when a receiver is not told; what is decided then waits for the end.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawQuietHours {
    /// Quiet from this time of day on.
    pub(super) from: String,
    /// Until this time of day, of the next day where it is not after `from`.
    pub(super) to: String,
    /// Whether Saturday and Sunday are quiet all day.
    pub(super) weekends: bool,
    /// Zone the hours are in.
    pub(super) time_zone: String,
    /// Whether a critical alert `waits` too, or `passes`.
    pub(super) critical: Critical,
}

impl Default for RawQuietHours {
    fn default() -> Self {
        Self {
            from: "18:00".to_owned(),
            to: "09:00".to_owned(),
            weekends: true,
            time_zone: LONDON.to_owned(),
            critical: Critical::Waits,
        }
    }
}

const LONDON: &str = "Europe/London";

/// A file of services.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawServices {
    /// Each `[[service]]` of the file.
    pub(super) service: Vec<RawService>,
}

/// `[[service]]`: a public service with users.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawService {
    /// Stable id, a slug; required.
    pub(super) id: Option<ServiceId>,
    /// Name as shown to people; required.
    pub(super) name: Option<String>,
    /// Department responsible, by its GOV.UK slug.
    pub(super) department: Option<String>,
    /// Name of the department; required with `department`.
    pub(super) department_name: Option<String>,
    /// Agency or other body that runs it, by its GOV.UK slug.
    pub(super) agency: Option<String>,
    /// Name of the agency; required with `agency`.
    pub(super) agency_name: Option<String>,
    /// The channels users can come by; empty where nobody has declared them.
    pub(super) channels: Vec<String>,
    /// Which channels count as digital: a list of channels, or of `{ from, channels }` in order of date.
    pub(super) digital: Vec<RawDigital>,
    /// How ratings become one figure: `satisfied_share` or `mean_scaled`.
    pub(super) satisfaction: SatisfactionFormula,
    /// What becomes of a period with a missing part: `undefined` or `sum_of_known`.
    pub(super) incomplete: Incomplete,
    /// The zone whose days and months its periods are.
    pub(super) time_zone: String,
    /// Levels it wants to reach.
    pub(super) targets: RawTargets,
    /// What may be put into public feeds.
    pub(super) publish: RawPublish,
    /// What is looked for in its KPIs, where it differs from `[alerts]`.
    pub(super) alerts: RawAlerts,
    /// Other ids that sources know it by.
    pub(super) aliases: Vec<String>,
}

impl Default for RawService {
    fn default() -> Self {
        Self {
            id: None,
            name: None,
            department: None,
            department_name: None,
            agency: None,
            agency_name: None,
            channels: Vec::new(),
            digital: Vec::new(),
            satisfaction: SatisfactionFormula::default(),
            incomplete: Incomplete::default(),
            time_zone: LONDON.to_owned(),
            targets: RawTargets::default(),
            publish: RawPublish::default(),
            alerts: RawAlerts::default(),
            aliases: Vec::new(),
        }
    }
}

/// An element of `digital`.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) enum RawDigital {
    /// A channel: the list as a whole is one definition that always applied.
    Channel(String),
    /// A definition that applies from a date on.
    Definition(RawDefinition),
}

/// `{ from, channels }`: which channels count as digital from a date on.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDefinition {
    /// First day it applies to; left out of the first definition, which applies since the beginning.
    pub(super) from: Option<Day>,
    /// The channels that count as digital.
    pub(super) channels: Vec<String>,
}

impl<'de> Deserialize<'de> for RawDigital {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = RawDigital;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a channel or { from = DATE, channels = [...] }")
            }
            fn visit_str<E: de::Error>(self, channel: &str) -> Result<RawDigital, E> {
                Ok(RawDigital::Channel(channel.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawDigital, A::Error> {
                RawDefinition::deserialize(MapAccessDeserializer::new(map)).map(RawDigital::Definition)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// `targets`: levels the service wants to reach.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawTargets {
    /// Digital take-up, 0 to 1.
    pub(super) digital_takeup: Option<Number>,
    /// Completion rate, 0 to 1.
    pub(super) completion_rate: Option<Number>,
    /// User satisfaction, 0 to 1.
    pub(super) user_satisfaction: Option<Number>,
    /// Pounds per completed transaction.
    pub(super) cost_per_transaction: Option<Number>,
}

/// `publish`: what may be put into public feeds, each `public` or `internal`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPublish {
    /// Volumes and digital take-up.
    pub(super) transactions: Publication,
    /// Completion rate.
    pub(super) completion_rate: Publication,
    /// Cost per transaction and total cost.
    pub(super) cost: Publication,
    /// User satisfaction.
    pub(super) user_satisfaction: Publication,
}
