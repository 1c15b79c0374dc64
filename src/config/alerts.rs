//! `[alerts]` and `[service.alerts]`: what is looked for, and how hard; and the calendars of bank holidays.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use kpi::{Kpi, PeriodKind};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Source;
use super::path::KeyPath;
use super::raw::{RawAlerts, RawCadence};
use super::resolve::Checker;
use super::scalar::Number;
use super::suggest::did_you_mean;
use crate::alerts::calendar::{Calendar, Nation};
use crate::alerts::{AlertSettings, Cadence, CadenceSettings};

/// What is given, over what applies where nothing is.
pub(super) fn alerts(
    raw: &RawAlerts,
    over: &AlertSettings,
    at: &KeyPath,
    checker: &mut Checker<'_>,
) -> AlertSettings {
    let mut settings = over.clone();
    let kpis: Vec<&str> = Kpi::ALL.iter().map(|kpi| kpi.as_str()).collect();
    let kinds: Vec<&str> = Cadence::ALL.iter().map(|cadence| cadence.as_str()).collect();
    let nations: Vec<&str> = Nation::ALL.iter().map(|nation| nation.as_str()).collect();
    if let Some(names) = &raw.kpis {
        settings.kpis = words(names, &kpis, "a KPI", &at.key("kpis"), checker);
    }
    if let Some(names) = &raw.period_kinds {
        let kinds: Vec<PeriodKind> =
            words(names, &kinds, "a kind of period KPIs are judged by", &at.key("period_kinds"), checker);
        settings.cadences = kinds.into_iter().filter_map(Cadence::of).collect();
        settings.cadences.sort_unstable();
    }
    if let Some(names) = &raw.nations {
        settings.nations = words(names, &nations, "a nation", &at.key("nations"), checker);
    }
    settings.least_fall = share(raw.least_fall, settings.least_fall, &at.key("least_fall"), checker);
    settings.critical_fall =
        share(raw.critical_fall, settings.critical_fall, &at.key("critical_fall"), checker);
    settings.recovery = share(raw.recovery, settings.recovery, &at.key("recovery"), checker);
    if settings.critical_fall < settings.least_fall {
        checker.refuse(
            &at.key(if raw.critical_fall.is_some() { "critical_fall" } else { "least_fall" }),
            format!(
                "critical_fall ({}) is below least_fall ({}); a fall must be one before it is critical",
                settings.critical_fall, settings.least_fall
            ),
        );
    }
    settings.erosion = raw.erosion.unwrap_or(settings.erosion);
    settings.overdue = raw.overdue.unwrap_or(settings.overdue);
    settings.day = cadence(&raw.day, settings.day, &at.key("day"), checker);
    settings.week = cadence(&raw.week, settings.week, &at.key("week"), checker);
    settings.month = cadence(&raw.month, settings.month, &at.key("month"), checker);
    settings.quarter = cadence(&raw.quarter, settings.quarter, &at.key("quarter"), checker);
    settings
}

/// Words of a list, each once.
fn words<T: FromStr + PartialEq>(
    names: &[String],
    allowed: &[&str],
    what: &str,
    at: &KeyPath,
    checker: &mut Checker<'_>,
) -> Vec<T> {
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let known = allowed.contains(&name.as_str()).then(|| name.parse::<T>().ok()).flatten();
        match known {
            Some(word) if found.contains(&word) => {
                checker.refuse(&at.index(index), format!("{name:?} is there twice"));
            }
            Some(word) => found.push(word),
            None => {
                let hint = did_you_mean(name, allowed);
                checker.refuse(&at.index(index), format!("{name:?} is not {what}{hint}"));
            }
        }
    }
    found
}

fn share(given: Option<Number>, over: f64, at: &KeyPath, checker: &mut Checker<'_>) -> f64 {
    let Some(Number(given)) = given else { return over };
    if given <= Decimal::ZERO || given >= Decimal::ONE {
        checker.refuse(at, format!("{given} is not between 0 and 1; write 2 points as 0.02"));
    }
    given.to_f64().unwrap_or(over)
}

fn cadence(
    raw: &RawCadence,
    over: CadenceSettings,
    at: &KeyPath,
    checker: &mut Checker<'_>,
) -> CadenceSettings {
    let mut settings = over;
    if let Some(Number(given)) = raw.false_alarms_a_year {
        if given <= Decimal::ZERO || given > Decimal::from(MOST_FALSE_ALARMS) {
            refuse_range(
                given,
                "more than 0 and at most 52; the smaller, the fewer falls are found",
                &at.key("false_alarms_a_year"),
                checker,
            );
        }
        settings.false_alarms_a_year = given.to_f64().unwrap_or(over.false_alarms_a_year);
    }
    if let Some(given) = raw.least_transactions {
        settings.least_transactions = given.into();
    }
    if let Some(given) = raw.new_level_after {
        if !(2..=1000).contains(&given) {
            refuse_range(given, "2 or more periods and at most 1000", &at.key("new_level_after"), checker);
        }
        settings.new_level_after = usize::try_from(given).unwrap_or(over.new_level_after);
    }
    if let Some(given) = raw.overdue_after {
        let hours = given.0.as_secs() / 3600;
        if hours == 0 || hours > MOST_OVERDUE_HOURS {
            refuse_range(
                format!("{hours} hours"),
                "from 1 hour to a year",
                &at.key("overdue_after"),
                checker,
            );
        }
        settings.overdue_after_hours = u32::try_from(hours).unwrap_or(over.overdue_after_hours);
    }
    settings
}

/// One a week: more is no budget.
const MOST_FALSE_ALARMS: u8 = 52;
/// A year.
const MOST_OVERDUE_HOURS: u64 = 366 * 24;

fn refuse_range(given: impl Display, allowed: &str, at: &KeyPath, checker: &mut Checker<'_>) {
    checker.refuse(at, format!("{given} is out of range; give {allowed}"));
}

/// The calendars that come with the program, each replaced by a file where one is named.
pub(super) fn calendar(
    files: &BTreeMap<String, String>,
    checker: &mut Checker<'_>,
    source: &Source,
) -> Calendar {
    let mut calendar = Calendar::compiled_in();
    let nations: Vec<&str> = Nation::ALL.iter().map(|nation| nation.as_str()).collect();
    for (name, file) in files {
        let at = KeyPath::of(&["calendars", name]);
        let Ok(nation) = name.parse::<Nation>() else {
            checker.refuse(&at, format!("{name:?} is not a nation{}", did_you_mean(name, &nations)));
            continue;
        };
        match std::fs::read_to_string(source.working_dir.join(file)) {
            Ok(text) => {
                if let Err(error) = calendar.replace(nation, &text) {
                    checker.refuse(&at, format!("{file:?}, {error}"));
                }
            }
            Err(error) => checker
                .refuse(&at, format!("{file:?} cannot be read ({error}); name a file of bank holidays")),
        }
    }
    calendar
}
