//! Goes through time day by day, with what was known at the end of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use kpi::calculate::{Entry, FigureTable, Line};
use kpi::service::ServiceRules;
use kpi::{CollectorName, Period, PeriodKind, ServiceId};

use super::knowledge::Arrival;
use crate::alerts::alert::Alert;
use crate::alerts::calendar::Holidays;
use crate::alerts::event::Event;
use crate::alerts::settings::AlertSettings;
use crate::alerts::watch::{ServiceHistory, Watched, Watchlist};

/// A service with everything that became known of it.
#[derive(Debug, Clone)]
pub struct Service {
    /// Which service.
    pub id: ServiceId,
    /// The collector its figures come from.
    pub source: Option<CollectorName>,
    /// How its KPIs are computed.
    pub rules: ServiceRules,
    /// How it is watched.
    pub settings: Arc<AlertSettings>,
    /// The holidays it keeps.
    pub holidays: Holidays,
    /// What became known, in order.
    pub arrivals: Vec<Arrival>,
}

/// An alert, as it was when it was raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The alert.
    pub alert: Alert,
    /// The day it was raised.
    pub known_on: Date,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// Every alert that was raised, in order of time.
    pub told: Vec<Told>,
    /// Every service as known in the end.
    pub services: Vec<ServiceHistory>,
}

/// Days an alert that ended is kept at hand, so that it is not raised again.
const KEPT_DAYS: i32 = 400;

/// Replays what became known by the end of `to`; alerts before `from` are left out.
pub fn replay(services: &[Service], (from, to): (Option<Date>, Option<Date>)) -> Replayed {
    let zone = kpi::period::london();
    let on_day = |known_at: Timestamp| known_at.to_zoned(zone.clone()).date();
    let days = |service: &Service| -> BTreeSet<Date> {
        service.arrivals.iter().map(|arrival| on_day(arrival.known_at)).collect()
    };
    let last = |date: &Date| to.is_none_or(|to| *date <= to);
    let all_days: BTreeSet<Date> = services.iter().flat_map(&days).filter(last).collect();
    let mut judged = judge_all(services, &zone, to);
    let mut watchlist = Watchlist::default();
    let mut alerts: BTreeMap<String, Alert> = BTreeMap::new();
    let mut told = Vec::new();
    for day in all_days {
        for (service, _, by_day) in &mut judged {
            if let Some(watched) = by_day.remove(&day) {
                watchlist.put(service.clone(), watched);
            }
        }
        let known: Vec<Alert> = alerts.values().cloned().collect();
        for event in watchlist.evaluate(&known, end_of(day, &zone)) {
            let alert = event.alert().clone();
            if let Event::Raised(_) = event {
                told.push(Told { alert: alert.clone(), known_on: day });
            }
            alerts.insert(alert.id.to_string(), alert);
        }
        let old = end_of(day.saturating_sub(KEPT_DAYS.days()), &zone);
        alerts.retain(|_, alert| alert.resolution.is_none_or(|resolved| resolved.at > old));
    }
    told.retain(|told| from.is_none_or(|from| told.known_on >= from));
    Replayed { told, services: judged.into_iter().map(|(_, history, _)| history).collect() }
}

fn end_of(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_datetime(time(23, 59, 59, 0)).to_zoned(zone.clone()).map_or(Timestamp::MAX, |end| end.timestamp())
}

/// A service with what is known of it in the end, and how it was judged on each day something came.
type JudgedByDay = (ServiceId, ServiceHistory, BTreeMap<Date, Watched>);

/// Judges every service on each of its days, on as many threads as there are.
fn judge_all(services: &[Service], zone: &TimeZone, to: Option<Date>) -> Vec<JudgedByDay> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = services.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let running: Vec<_> = services
            .chunks(share)
            .map(|part| {
                scope.spawn(move || part.iter().map(|one| judge_by_day(one, zone, to)).collect::<Vec<_>>())
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn judge_by_day(service: &Service, zone: &TimeZone, to: Option<Date>) -> JudgedByDay {
    let Service { id, source, rules, settings, holidays, arrivals } = service;
    let mut history = ServiceHistory::empty(id.clone(), source.clone(), rules.time_zone.clone());
    let mut figures: BTreeMap<(Line, PeriodKind), Vec<Entry>> = BTreeMap::new();
    let mut by_day = BTreeMap::new();
    let on_day = |arrival: &Arrival| arrival.known_at.to_zoned(zone.clone()).date();
    for part in arrivals.chunk_by(|one, next| on_day(one) == on_day(next)) {
        let Some(day) = part.first().map(on_day).filter(|day| to.is_none_or(|to| *day <= to)) else { break };
        let mut changed: BTreeSet<Period> = BTreeSet::new();
        for Arrival { line, stored, .. } in part {
            let entry =
                Entry { point: stored.point, collected_at: stored.collected_at, revision: stored.revision };
            let entries = figures.entry((*line, stored.point.period.kind())).or_default();
            put(entries, entry);
            changed.insert(stored.point.period);
        }
        let mut table = FigureTable::new();
        for ((line, kind), entries) in &figures {
            table.insert(*line, *kind, entries.clone());
        }
        let is_changed = |period: Period| {
            changed.iter().any(|one| {
                one.start_date() < period.end_date()
                    && period.start_date() < one.end_date().max(one.start_date().saturating_add(1.day()))
            })
        };
        history.refresh(&table, rules, settings, &is_changed, end_of(day, zone));
        by_day.insert(day, Watched::judge(&history, Arc::clone(settings), holidays));
    }
    (id.clone(), history, by_day)
}

/// Puts an entry in its place, over the revision before.
fn put(entries: &mut Vec<Entry>, entry: Entry) {
    let at = entries.partition_point(|one| one.point.period < entry.point.period);
    match entries.get_mut(at) {
        Some(known) if known.point.period == entry.point.period => *known = entry,
        _ => entries.insert(at, entry),
    }
}
