//! Goes through time day by day, with what was known at the end of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use kpi::service::ServiceRules;
use kpi::{CollectorName, ServiceId};

use super::course::Course;
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

/// A thread for fewer services takes longer to begin than it saves.
const FEW_SERVICES: usize = 16;

/// Days an alert that ended is kept at hand, so that it is not raised again.
const KEPT_DAYS: i32 = 400;

/// Replays what became known by the end of `to`; alerts before `from` are left out.
pub fn replay(services: &[Service], (from, to): (Option<Date>, Option<Date>)) -> Replayed {
    let zone = kpi::period::london();
    let mut courses: Vec<Course<'_>> = services.iter().map(|service| Course::new(service, &zone)).collect();
    let is_within = |day: &Date| to.is_none_or(|to| *day <= to);
    let days: BTreeSet<Date> =
        courses.iter().flat_map(|course| course.by_day.keys().copied()).filter(is_within).collect();
    let mut watchlist = Watchlist::default();
    let mut alerts: BTreeMap<String, Alert> = BTreeMap::new();
    let mut told = Vec::new();
    for day in days {
        let end = end_of(day, &zone);
        for (service, watched) in live_through(&mut courses, day, end) {
            watchlist.put(service, watched);
        }
        let known: Vec<Alert> = alerts.values().cloned().collect();
        for event in watchlist.evaluate(&known, end) {
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
    Replayed { told, services: courses.into_iter().map(|course| course.history).collect() }
}

fn end_of(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_datetime(time(23, 59, 59, 0)).to_zoned(zone.clone()).map_or(Timestamp::MAX, |end| end.timestamp())
}

/// Takes every service through a day, on as many threads as there are.
fn live_through(courses: &mut [Course<'_>], day: Date, end: Timestamp) -> Vec<(ServiceId, Watched)> {
    let mut busy: Vec<&mut Course<'_>> =
        courses.iter_mut().filter(|course| course.by_day.contains_key(&day)).collect();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = busy.len().div_ceil(threads).max(FEW_SERVICES);
    std::thread::scope(|scope| {
        let live = |part: &mut [&mut Course<'_>]| -> Vec<(ServiceId, Watched)> {
            part.iter_mut().filter_map(|course| course.live_through(day, end)).collect()
        };
        let running: Vec<_> = busy.chunks_mut(share).map(|part| scope.spawn(move || live(part))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}
