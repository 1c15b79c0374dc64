//! One service on its way through the days of a replay.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use kpi::calculate::{Entry, FigureTable};
use kpi::{Kpi, Period, ServiceId};

use super::knowledge::Arrival;
use super::replay::Service;
use crate::alerts::cadence::Cadence;
use crate::alerts::detect::Judging;
use crate::alerts::watch::{KpiHistory, ServiceHistory, Watched};

/// One service, with what was known of it by the last day gone through.
pub(super) struct Course<'a> {
    service: &'a Service,
    /// The days something came, and what.
    pub(super) by_day: BTreeMap<Date, Range<usize>>,
    figures: FigureTable,
    pub(super) history: ServiceHistory,
    judging: BTreeMap<(Kpi, Cadence), Judging<'a>>,
}

impl<'a> Course<'a> {
    pub(super) fn new(service: &'a Service, zone: &TimeZone) -> Self {
        let mut by_day: BTreeMap<Date, Range<usize>> = BTreeMap::new();
        for (index, arrival) in service.arrivals.iter().enumerate() {
            let day = arrival.known_at.to_zoned(zone.clone()).date();
            by_day.entry(day).or_insert(index..index).end = index + 1;
        }
        let Service { id, source, rules, .. } = service;
        let history = ServiceHistory::empty(id.clone(), source.clone(), rules.time_zone.clone());
        Self { service, by_day, figures: FigureTable::new(), history, judging: BTreeMap::new() }
    }

    /// Takes in what came on a day, and judges; `None` where nothing came.
    pub(super) fn live_through(&mut self, day: Date, end: Timestamp) -> Option<(ServiceId, Watched)> {
        let Service { id, rules, settings, holidays, arrivals, .. } = self.service;
        let mut changed: BTreeSet<Period> = BTreeSet::new();
        for Arrival { line, stored, .. } in arrivals.get(self.by_day.get(&day)?.clone())? {
            let entry =
                Entry { point: stored.point, collected_at: stored.collected_at, revision: stored.revision };
            self.figures.put(*line, entry);
            changed.insert(stored.point.period);
        }
        let is_changed = |period: Period| {
            changed.iter().any(|one| {
                one.start_date() < period.end_date()
                    && period.start_date() < one.end_date().max(one.start_date().saturating_add(1.day()))
            })
        };
        self.history.refresh(&self.figures, rules, settings, &is_changed, end);
        let first_changed = changed.iter().map(|period| period.start_date()).min()?;
        let judging = &mut self.judging;
        let judge = |one: &KpiHistory| {
            let unchanged = one.observations.partition_point(|it| it.period.end_date() <= first_changed);
            judging
                .entry((one.kpi, one.cadence))
                .or_insert_with(|| Judging::new(one.kpi, one.cadence, holidays, settings))
                .judge(&one.observations, unchanged)
        };
        let watched = Watched::judge_by(&self.history, Arc::clone(settings), holidays, judge);
        Some((id.clone(), watched))
    }
}
