//! From what is written to what the program is given: texts become values, what is required is asked
//! for, and collectors are built.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use collectors::http::Address;
use collectors::{Kind, SecretRef, SettingProblems};
use jiff::tz::TimeZone;
use kpi::CollectorName;

use crate::alerts::AlertSettings;
use crate::plan::Schedule;
use crate::shard::{Shard, ShardError};

use super::document::Document;
use super::path::KeyPath;
use super::problem::Problem;
use super::raw::{RawCollector, RawSettings};
use super::settings::{CollectorSettings, LogSettings, Metrics, PurgeGuard, Run, Settings, Web};
use super::suggest::did_you_mean;
use super::{Source, alerts, push, receivers, secret, services, store};

/// Gathers what is wrong with one document.
pub(super) struct Checker<'a> {
    document: &'a Document,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Self { document, problems: Vec::new() }
    }

    /// Records what is wrong with the value at a path, or that it is not there.
    pub(super) fn refuse(&mut self, path: &KeyPath, message: impl Into<String>) {
        self.add(self.document.problem(path, message));
    }

    /// Records a problem, unless its key has one: the first says what is wrong, and a later one would
    /// only say what follows from it (a key refused for its type is then also missing).
    pub(super) fn add(&mut self, problem: Problem) {
        if !self.problems.iter().any(|known| known.file == problem.file && known.path == problem.path) {
            self.problems.push(problem);
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// A zone by its name.
    pub(super) fn time_zone(&mut self, path: &KeyPath, name: &str) -> Option<TimeZone> {
        let zone = TimeZone::get(name).ok();
        if zone.is_none() {
            self.refuse(
                path,
                format!("{name:?} is not a time zone; give a name such as \"Europe/London\" or \"UTC\""),
            );
        }
        zone
    }

    /// Whether every secret that settings of any kind refer to can be had.
    pub(super) fn secrets(&mut self, at: &KeyPath, settings: &toml::Table, source: &Source) -> bool {
        let mut found = true;
        for (keys, reference) in secret::references(settings) {
            if let Err(problem) = reference.check(&|name| source.environment.get(name).cloned()) {
                let path = keys.iter().fold(at.clone(), |path, key| path.key(key));
                self.refuse(&path, problem);
                found = false;
            }
        }
        found
    }

    /// A token that is required, and whether it can be had.
    pub(super) fn token(&mut self, at: &KeyPath, reference: Option<&SecretRef>, source: &Source) {
        let Some(reference) = reference else {
            return self
                .refuse(at, "missing; say where the token is: { env = \"NAME\" } or { file = \"PATH\" }");
        };
        if let Err(problem) = reference.check(&|name| source.environment.get(name).cloned()) {
            self.refuse(at, problem);
        }
    }

    /// Values by their texts; each that is refused is named by its place in the list.
    pub(super) fn each<T, All>(&mut self, texts: &[String], at: &KeyPath) -> All
    where
        T: FromStr,
        T::Err: Display,
        All: FromIterator<T>,
    {
        let parsed = texts.iter().enumerate().filter_map(|(index, text)| {
            text.parse::<T>().map_err(|error| self.refuse(&at.index(index), error.to_string())).ok()
        });
        parsed.collect()
    }

    /// What settings of a kind are refused for.
    pub(super) fn refuse_settings(&mut self, at: &KeyPath, kind: &str, problems: SettingProblems) {
        if problems.is_empty() {
            self.refuse(at, format!("kind {kind:?} refuses these settings and does not say why"));
        }
        for problem in problems {
            self.refuse(&at.dotted(&problem.path), problem.message);
        }
    }
}

/// Checks the whole, services included. `None` when something in it is refused.
pub(super) fn settings(raw: RawSettings, checker: &mut Checker<'_>, source: &Source) -> Option<Settings> {
    let data_dir = PathBuf::from(&raw.data_dir);
    if raw.data_dir.trim().is_empty() {
        checker.refuse(&KeyPath::of(&["data_dir"]), "empty; name the folder to keep figures in");
    }
    let shard = shard(raw.shard.as_deref(), checker);
    let store = store::resolve(&raw.store, &data_dir, shard, checker, source);
    let listen = listen(&raw.web.listen, checker);
    let level = log_level(raw.log.level, checker);
    refuse_double_names(&raw.collectors, checker);
    let collectors: Vec<Option<CollectorSettings>> =
        raw.collectors.iter().map(|(name, raw)| collector(name, raw, checker, source)).collect();
    let pushers = push::pushers(&raw.push, &raw.collectors, checker, source);
    let public_url = public_url(raw.web.public_url.as_deref(), checker);
    let receivers = receivers::receivers(&raw.receivers, checker, source);
    let alerts = alerts::alerts(&raw.alerts, &AlertSettings::default(), &KeyPath::of(&["alerts"]), checker);
    let calendar = alerts::calendar(&raw.calendars, checker, source);
    let services = match raw.services_dir {
        Some(folder) => services::load(&PathBuf::from(folder), &alerts, checker, source),
        None => Some(Vec::new()),
    };
    Some(Settings {
        data_dir,
        shard,
        store: store?,
        web: Web { listen: listen?, public_url },
        log: LogSettings { format: raw.log.format, level: level? },
        metrics: Metrics { keep_periods: raw.metrics.keep_periods },
        run: Run {
            concurrency: usize::try_from(raw.run.concurrency.get()).unwrap_or(usize::MAX),
            stop_grace: raw.run.stop_grace.0,
        },
        collectors: collectors.into_iter().collect::<Option<_>>()?,
        pushers: pushers?,
        services: services?,
        alerts: Arc::new(alerts),
        calendar: Arc::new(calendar),
        receivers: receivers?,
    })
}

/// What is no shard is refused, so that nobody takes all services for this instance's own.
fn shard(text: Option<&str>, checker: &mut Checker<'_>) -> Option<Shard> {
    let shard: Result<Shard, ShardError> = text?.parse();
    shard.inspect_err(|error| checker.refuse(&KeyPath::of(&["shard"]), error.to_string())).ok()
}

fn listen(text: &str, checker: &mut Checker<'_>) -> Option<SocketAddr> {
    let address = text.parse().ok();
    if address.is_none() {
        checker.refuse(
            &KeyPath::of(&["web", "listen"]),
            format!("{text:?} is not an address and port; write it as \"127.0.0.1:9480\", or \"[::]:9480\" for all"),
        );
    }
    address
}

fn public_url(text: Option<&str>, checker: &mut Checker<'_>) -> Option<String> {
    let text = text?;
    if let Err(problem) = Address::parse(text) {
        checker.refuse(&KeyPath::of(&["web", "public_url"]), problem);
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// The words `tracing` knows as levels.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

fn log_level(text: String, checker: &mut Checker<'_>) -> Option<String> {
    let path = KeyPath::of(&["log", "level"]);
    // A filter takes a word it does not know for the name of a target, and then logs next to nothing.
    let strange = text
        .split(',')
        .map(str::trim)
        .find(|part| !part.contains(['=', '[']) && !LEVELS.contains(&part.to_lowercase().as_str()));
    if let Some(word) = strange {
        checker.refuse(&path, format!("{word:?} is not a level{}", did_you_mean(word, &LEVELS)));
        return None;
    }
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&text) {
        checker.refuse(
            &path,
            format!("{text:?} is not a filter ({error}); write it as \"info,pp_collector=debug\""),
        );
        return None;
    }
    Some(text)
}

fn collector(
    name: &str,
    raw: &RawCollector,
    checker: &mut Checker<'_>,
    source: &Source,
) -> Option<CollectorSettings> {
    let at = KeyPath::of(&["collectors", name]);
    let parsed_name =
        name.parse::<CollectorName>().map_err(|error| checker.refuse(&at, error.to_string())).ok();
    let kind = kind(raw.kind.as_deref(), &at.key("kind"), checker, source.kinds);
    let zone = checker.time_zone(&at.key("time_zone"), &raw.time_zone);
    let schedule = schedule(raw.schedule.as_deref(), &at.key("schedule"), zone, checker);
    if raw.deadline.0.is_zero() {
        checker.refuse(&at.key("deadline"), "0 would end every run before it starts; give a longer time");
    }
    if raw.purge_guard == Some(PurgeGuard::After(Duration::ZERO)) {
        checker.refuse(
            &at.key("purge_guard"),
            "0 would hold back every correction; give the age from which the source corrects no more, or \"off\"",
        );
    }
    let adopts = checker.each(&raw.adopts, &at.key("adopts"));
    let built = kind.and_then(|kind| build(kind, &raw.settings, &at.key("settings"), checker, source));
    Some(CollectorSettings {
        name: parsed_name?,
        adopts,
        kind: kind?,
        schedule: schedule?,
        jitter: raw.jitter.0,
        deadline: raw.deadline.0,
        retries: raw.retries,
        start: raw.start.map(|day| day.0),
        look_back: raw.look_back,
        purge_guard: raw.purge_guard.unwrap_or_else(|| kind.map_or(PurgeGuard::Off, PurgeGuard::of_kind)),
        collector: built?,
    })
}

fn kind(
    name: Option<&str>,
    at: &KeyPath,
    checker: &mut Checker<'_>,
    kinds: &'static [Kind],
) -> Option<&'static Kind> {
    let known: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    let Some(name) = name else {
        checker
            .refuse(at, format!("missing; say what kind of source this is (allowed: {})", known.join(", ")));
        return None;
    };
    let kind = kinds.iter().find(|kind| kind.name == name);
    if kind.is_none() {
        checker.refuse(at, format!("there is no kind {name:?}{}", did_you_mean(name, &known)));
    }
    kind
}

fn schedule(
    text: Option<&str>,
    at: &KeyPath,
    zone: Option<TimeZone>,
    checker: &mut Checker<'_>,
) -> Option<Schedule> {
    let Some(text) = text else {
        checker.refuse(at, "missing; say when to run, such as \"0 6 * * *\" for every day at six");
        return None;
    };
    // Checked even in a zone that is refused, so that both errors show.
    let schedule = Schedule::parse(text, zone.unwrap_or(TimeZone::UTC));
    schedule.map_err(|error| checker.refuse(at, error.to_string())).ok()
}

fn build(
    kind: &'static Kind,
    settings: &toml::Table,
    at: &KeyPath,
    checker: &mut Checker<'_>,
    source: &Source,
) -> Option<Arc<dyn collectors::Collector>> {
    let secrets_found = checker.secrets(at, settings, source);
    match (kind.build)(settings) {
        Ok(collector) => Some(collector).filter(|_| secrets_found),
        Err(problems) => {
            checker.refuse_settings(at, kind.name, problems);
            None
        }
    }
}

/// A series goes on under one name: a name adopted may be neither in use nor adopted twice.
fn refuse_double_names(collectors: &BTreeMap<String, RawCollector>, checker: &mut Checker<'_>) {
    let mut adopters: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, raw) in collectors {
        for (index, adopted) in raw.adopts.iter().enumerate() {
            let at = KeyPath::of(&["collectors", name, "adopts"]).index(index);
            if collectors.contains_key(adopted) {
                checker.refuse(
                    &at,
                    format!("{adopted:?} is the name of a collector in use; adopt only former names"),
                );
            } else if let Some(other) = adopters.insert(adopted, name) {
                checker.refuse(&at, format!("{adopted:?} is adopted already by collector {other:?}"));
            }
        }
    }
}
