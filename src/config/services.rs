//! Services: who they are, how their KPIs are computed, what they aim for and what they publish.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kpi::service::{DigitalDefinition, Organisation, ServiceDescription, ServiceRules};
use kpi::{Channel, ServiceId};
use rust_decimal::Decimal;

use super::decode::decode;
use super::document::Document;
use super::interpolate::interpolate;
use super::path::KeyPath;
use super::raw::{RawDigital, RawPublish, RawService, RawServices, RawTargets};
use super::resolve::Checker;
use super::scalar::Number;
use super::settings::{Publish, ServiceSettings, Targets};
use super::{Source, layers};
use crate::alerts::AlertSettings;

/// Reads every service of a folder. `None` when something in it is refused.
pub(super) fn load(
    folder: &Path,
    alerts: &AlertSettings,
    settings: &mut Checker<'_>,
    source: &Source,
) -> Option<Vec<ServiceSettings>> {
    let at = KeyPath::of(&["services_dir"]);
    let files = match layers::toml_files(&source.working_dir, folder) {
        Ok(Some(files)) => files,
        Ok(None) => {
            settings.refuse(
                &at,
                format!("there is no folder {:?}; make it or leave the key out", folder.display()),
            );
            return None;
        }
        Err(problem) => {
            settings.add(problem);
            return None;
        }
    };
    let mut names = Names::default();
    let mut services = Vec::new();
    for file in files {
        let mut document = match layers::read_one(&source.working_dir, &file) {
            Ok(document) => document,
            Err(problem) => {
                settings.add(problem);
                continue;
            }
        };
        let unset = interpolate(&mut document, &source.environment);
        let (raw, refused) = decode::<RawServices>(&document);
        let mut checker = Checker::new(&document);
        unset.into_iter().chain(refused).for_each(|problem| checker.add(problem));
        for (index, raw) in raw.service.into_iter().enumerate() {
            let at = KeyPath::of(&["service"]).index(index);
            names.declare(&raw, &at, &document, &mut checker);
            services.extend(service(raw, alerts, &at, &mut checker));
        }
        checker.into_problems().into_iter().for_each(|problem| settings.add(problem));
    }
    names.refuse_clashing_aliases(settings);
    services.sort_by(|one, other| one.description.id.cmp(&other.description.id));
    Some(services)
}

/// The ids and aliases of every file, and where each was declared.
#[derive(Default)]
struct Names {
    ids: BTreeMap<ServiceId, String>,
    aliases: Vec<Alias>,
}

struct Alias {
    name: String,
    owner: String,
    document: Document,
    path: KeyPath,
}

impl Names {
    fn declare(&mut self, raw: &RawService, at: &KeyPath, document: &Document, checker: &mut Checker<'_>) {
        let (file, line) = document.place(at);
        let place = line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
        if let Some(id) = &raw.id {
            if let Some(first) = self.ids.get(id) {
                checker.refuse(&at.key("id"), format!("service {id:?} is declared already in {first}"));
            } else {
                self.ids.insert(id.clone(), place);
            }
        }
        for (index, alias) in raw.aliases.iter().enumerate() {
            self.aliases.push(Alias {
                name: alias.clone(),
                owner: raw.id.as_ref().map(ToString::to_string).unwrap_or_default(),
                document: document.clone(),
                path: at.key("aliases").index(index),
            });
        }
    }

    /// One name leads to one service, or a figure could land in either.
    fn refuse_clashing_aliases(&self, settings: &mut Checker<'_>) {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for Alias { name: alias, owner, document, path } in &self.aliases {
            let id = self.ids.iter().find(|(id, _)| id.as_str() == alias);
            let message = if let Some((_, place)) = id {
                format!("alias {alias:?} is the id of the service declared in {place}")
            } else if let Some(other) = seen.insert(alias, owner) {
                format!("alias {alias:?} is taken already by service {other:?}")
            } else {
                continue;
            };
            settings.add(document.problem(path, message));
        }
    }
}

fn service(
    raw: RawService,
    alerts: &AlertSettings,
    at: &KeyPath,
    checker: &mut Checker<'_>,
) -> Option<ServiceSettings> {
    if raw.id.is_none() {
        checker.refuse(&at.key("id"), "missing; give a slug that stays the same when the service is renamed");
    }
    let name = raw.name.filter(|name| !name.trim().is_empty());
    if name.is_none() {
        checker.refuse(&at.key("name"), "missing; give the name as people read it");
    }
    let department = organisation(raw.department, raw.department_name, at, "department", checker);
    let agency = organisation(raw.agency, raw.agency_name, at, "agency", checker);
    let channels = channels(&raw.channels, &at.key("channels"), checker);
    let digital = digital(&raw.digital, &channels, &at.key("digital"), checker);
    let time_zone = checker.time_zone(&at.key("time_zone"), &raw.time_zone);
    let targets = targets(&raw.targets, &at.key("targets"), checker);
    let alerts = super::alerts::alerts(&raw.alerts, alerts, &at.key("alerts"), checker);
    let aliases = aliases(&raw.aliases, &at.key("aliases"), checker);
    Some(ServiceSettings {
        description: ServiceDescription { id: raw.id?, name: name?, department, agency },
        aliases,
        rules: ServiceRules {
            channels,
            digital,
            satisfaction: raw.satisfaction,
            incomplete: raw.incomplete,
            time_zone: time_zone?,
        },
        targets,
        publish: publish(&raw.publish),
        alerts: Arc::new(alerts),
    })
}

fn aliases(names: &[String], at: &KeyPath, checker: &mut Checker<'_>) -> Vec<ServiceId> {
    let mut aliases = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.parse::<ServiceId>() {
            Ok(alias) => aliases.push(alias),
            Err(error) => checker.refuse(&at.index(index), error.to_string()),
        }
    }
    aliases
}

/// An organisation is given by slug and name, or not at all.
fn organisation(
    id: Option<String>,
    name: Option<String>,
    at: &KeyPath,
    key: &str,
    checker: &mut Checker<'_>,
) -> Option<Organisation> {
    let name_key = format!("{key}_name");
    let (id, name) = match (id, name) {
        (None, None) => return None,
        (None, Some(name)) => {
            let slug = kpi::id::slugify(&name);
            checker.refuse(
                &at.key(key),
                format!("missing beside {name_key}; give its GOV.UK slug, such as {slug:?}"),
            );
            return None;
        }
        (Some(id), name) => (id, name),
    };
    let slug = kpi::id::slugify(&id);
    if slug != id {
        checker.refuse(&at.key(key), format!("{id:?} is not a GOV.UK slug; did you mean {slug:?}?"));
    }
    let Some(name) = name else {
        checker.refuse(&at.key(&name_key), format!("missing; give the name of {id:?} as people read it"));
        return None;
    };
    Some(Organisation { id: id.parse().ok()?, name })
}

/// Channels that transactions come by. A total over channels is not one of them.
fn channels(names: &[String], at: &KeyPath, checker: &mut Checker<'_>) -> Vec<Channel> {
    let allowed: Vec<&str> = Channel::ALL
        .iter()
        .filter(|channel| **channel != Channel::AllChannels)
        .map(|one| one.as_str())
        .collect();
    let mut channels = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.parse::<Channel>() {
            Ok(Channel::AllChannels) => {
                checker.refuse(&at.index(index), "all_channels is a total, not a channel; leave it out");
            }
            Ok(channel) if channels.contains(&channel) => {
                checker.refuse(&at.index(index), format!("{name:?} is there twice"));
            }
            Ok(channel) => channels.push(channel),
            Err(_) => {
                let hint = super::suggest::did_you_mean(name, &allowed);
                checker.refuse(&at.index(index), format!("{name:?} is not a channel{hint}"));
            }
        }
    }
    channels
}

/// The dated definitions of digital, the first since the beginning, each later one from a later day.
fn digital(
    raw: &[RawDigital],
    declared: &[Channel],
    at: &KeyPath,
    checker: &mut Checker<'_>,
) -> Vec<DigitalDefinition> {
    if raw.is_empty() {
        return ServiceRules::undeclared().digital;
    }
    let words: Vec<String> = raw
        .iter()
        .filter_map(|item| match item {
            RawDigital::Channel(word) => Some(word.clone()),
            RawDigital::Definition(_) => None,
        })
        .collect();
    if !words.is_empty() && words.len() < raw.len() {
        checker.refuse(at, "holds both channels and dated definitions; give either a list of channels or a list of { from, channels }");
        return Vec::new();
    }
    if !words.is_empty() {
        let channels = digital_channels(&words, declared, at, checker);
        return vec![DigitalDefinition { from: None, channels }];
    }
    let mut definitions: Vec<DigitalDefinition> = Vec::new();
    for (index, item) in raw.iter().enumerate() {
        let RawDigital::Definition(item) = item else { continue };
        let at = at.index(index);
        let from = item.from.map(|day| day.0);
        let before = definitions.last().map(|definition| definition.from);
        match (before, from) {
            (None, Some(date)) => checker.refuse(
                &at.key("from"),
                format!("{date} leaves the time before it without a definition; leave from out of the first"),
            ),
            (Some(_), None) => {
                checker.refuse(
                    &at.key("from"),
                    "missing; only the first definition applies since the beginning",
                );
            }
            (Some(Some(earlier)), Some(date)) if date == earlier => {
                checker.refuse(&at.key("from"), format!("there are two definitions from {date}; keep one"));
            }
            (Some(Some(earlier)), Some(date)) if date < earlier => checker.refuse(
                &at.key("from"),
                format!("{date} comes after {earlier}; put the definitions in order of date"),
            ),
            _ => {}
        }
        let channels = digital_channels(&item.channels, declared, &at.key("channels"), checker);
        definitions.push(DigitalDefinition { from, channels });
    }
    definitions
}

fn digital_channels(
    names: &[String],
    declared: &[Channel],
    at: &KeyPath,
    checker: &mut Checker<'_>,
) -> Vec<Channel> {
    let channels = channels(names, at, checker);
    if names.is_empty() {
        checker.refuse(at, "empty; name the channels that count as digital");
    }
    for (index, name) in names.iter().enumerate() {
        let channel = name.parse().ok().filter(|channel| channels.contains(channel));
        if let Some(channel) = channel
            && !declared.is_empty()
            && !declared.contains(&channel)
        {
            let known: Vec<&str> = declared.iter().map(|channel| channel.as_str()).collect();
            checker.refuse(
                &at.index(index),
                format!("the service has no channel {name:?}; add it to channels or leave it out here (channels: {})", known.join(", ")),
            );
        }
    }
    channels
}

fn targets(raw: &RawTargets, at: &KeyPath, checker: &mut Checker<'_>) -> Targets {
    let mut share = |key: &str, number: Option<Number>| {
        let value = number?.0;
        if !(Decimal::ZERO..=Decimal::ONE).contains(&value) {
            checker.refuse(&at.key(key), format!("{value} is not between 0 and 1; write 80 per cent as 0.8"));
        }
        Some(value)
    };
    let digital_takeup = share("digital_takeup", raw.digital_takeup);
    let completion_rate = share("completion_rate", raw.completion_rate);
    let user_satisfaction = share("user_satisfaction", raw.user_satisfaction);
    let cost_per_transaction = raw.cost_per_transaction.map(|number| number.0);
    if let Some(cost) = cost_per_transaction.filter(|cost| *cost < Decimal::ZERO) {
        checker.refuse(
            &at.key("cost_per_transaction"),
            format!("{cost} pounds is less than nothing; give 0 or more"),
        );
    }
    Targets { digital_takeup, completion_rate, user_satisfaction, cost_per_transaction }
}

fn publish(raw: &RawPublish) -> Publish {
    Publish {
        transactions: raw.transactions,
        completion_rate: raw.completion_rate,
        cost: raw.cost,
        user_satisfaction: raw.user_satisfaction,
    }
}
