//! Receivers of alerts: who takes what, when, and by which way.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Time;
use kpi::ReceiverName;

use super::Source;
use super::path::KeyPath;
use super::raw::{RawQuietHours, RawReceiver};
use super::resolve::Checker;
use super::settings::ReceiverSettings;
use super::suggest::did_you_mean;
use crate::alerts::Rule;
use crate::alerts::deliver::{QuietHours, ReceiverKind, Route, receiver_kinds};

/// Every receiver; `None` when something in one is refused.
pub(super) fn receivers(
    raw: &BTreeMap<String, RawReceiver>,
    checker: &mut Checker<'_>,
    source: &Source,
) -> Option<Vec<ReceiverSettings>> {
    let built: Vec<_> = raw.iter().map(|(name, raw)| receiver(name, raw, checker, source)).collect();
    built.into_iter().collect()
}

fn receiver(
    name: &str,
    raw: &RawReceiver,
    checker: &mut Checker<'_>,
    source: &Source,
) -> Option<ReceiverSettings> {
    let at = KeyPath::of(&["receivers", name]);
    let parsed_name =
        name.parse::<ReceiverName>().map_err(|error| checker.refuse(&at, error.to_string())).ok();
    let kind = kind(raw.kind.as_deref(), &at.key("kind"), checker);
    let route = Route {
        least_severity: raw.severity,
        rules: rules(&raw.rules, &at.key("rules"), checker),
        services: checker.each(&raw.services, &at.key("services")),
        departments: checker.each(&raw.departments, &at.key("departments")),
    };
    let quiet_hours = raw.quiet_hours.as_ref().map(|raw| quiet_hours(raw, &at.key("quiet_hours"), checker));
    for (key, length) in [("timeout", raw.timeout), ("give_up_after", raw.give_up_after)] {
        if length.0.is_zero() {
            checker.refuse(&at.key(key), "0 would end every attempt before it starts; give a longer time");
        }
    }
    let settings = at.key("settings");
    let secrets_found = checker.secrets(&settings, &raw.settings, source);
    let built = kind.and_then(|kind| match (kind.build)(&raw.settings) {
        Ok(receiver) => Some(receiver).filter(|_| secrets_found),
        Err(problems) => {
            checker.refuse_settings(&settings, kind.name, problems);
            None
        }
    });
    if raw.quiet_hours.is_some() && built.as_ref().is_some_and(|built| built.refreshed_every().is_some()) {
        let problem =
            "this kind is told what is open all the time; set quiet hours where it sends on to people";
        checker.refuse(&at.key("quiet_hours"), problem);
    }
    Some(ReceiverSettings {
        name: parsed_name?,
        kind: kind?,
        route,
        resolved: raw.resolved,
        quiet_hours: quiet_hours.flatten(),
        timeout: raw.timeout.0,
        give_up_after: raw.give_up_after.0,
        receiver: built?,
    })
}

fn kind(name: Option<&str>, at: &KeyPath, checker: &mut Checker<'_>) -> Option<&'static ReceiverKind> {
    let known: Vec<&str> = receiver_kinds().iter().map(|kind| kind.name).collect();
    let Some(name) = name else {
        checker.refuse(at, format!("missing; say what is told (allowed: {})", known.join(", ")));
        return None;
    };
    let kind = receiver_kinds().iter().find(|kind| kind.name == name);
    if kind.is_none() {
        checker.refuse(at, format!("there is no kind {name:?}{}", did_you_mean(name, &known)));
    }
    kind
}

fn rules(names: &[String], at: &KeyPath, checker: &mut Checker<'_>) -> BTreeSet<Rule> {
    let known = Rule::ALL.map(Rule::as_str);
    let mut rules = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        match Rule::ALL.into_iter().find(|rule| rule.as_str() == name) {
            Some(rule) => drop(rules.insert(rule)),
            None => checker
                .refuse(&at.index(index), format!("{name:?} is not a rule{}", did_you_mean(name, &known))),
        }
    }
    rules
}

fn quiet_hours(raw: &RawQuietHours, at: &KeyPath, checker: &mut Checker<'_>) -> Option<QuietHours> {
    let mut time = |key: &str, text: &str| {
        let refused = format!("{text:?} is not a time of day; write it as \"18:00\"");
        text.parse::<Time>().map_err(|_| checker.refuse(&at.key(key), refused)).ok()
    };
    let (from, to) = (time("from", &raw.from), time("to", &raw.to));
    if from.is_some() && from == to {
        checker.refuse(&at.key("to"), "the same as from, which would be quiet for ever; give another time");
    }
    let zone = checker.time_zone(&at.key("time_zone"), &raw.time_zone);
    Some(QuietHours { from: from?, to: to?, weekends: raw.weekends, zone: zone?, critical: raw.critical })
}
