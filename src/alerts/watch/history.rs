//! The history of a service, as detection wants it.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};
use kpi::calculate::{Calculator, FigureTable};
use kpi::service::ServiceRules;
use kpi::{CollectorName, Kpi, Period, PeriodKind, ServiceId};

use crate::alerts::cadence::Cadence;
use crate::alerts::observation::Observation;
use crate::alerts::settings::AlertSettings;

/// One KPI of a service at one cadence.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiHistory {
    /// Which KPI.
    pub kpi: Kpi,
    /// At which cadence.
    pub cadence: Cadence,
    /// Whether the service's figures come at this cadence; otherwise they come more often.
    pub is_own: bool,
    /// Every period from the first to the newest, without a gap.
    pub observations: Vec<Observation>,
}

/// What is watched of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceHistory {
    /// Which service.
    pub service: ServiceId,
    /// The collector its figures come from.
    pub source: Option<CollectorName>,
    /// The zone of its periods.
    pub time_zone: TimeZone,
    /// Its KPIs.
    pub kpis: Vec<KpiHistory>,
}

/// Fewest values at a cadence to judge it by.
const LEAST_VALUES: usize = 3;

impl ServiceHistory {
    /// A service nothing is known of.
    pub const fn empty(service: ServiceId, source: Option<CollectorName>, time_zone: TimeZone) -> Self {
        Self { service, source, time_zone, kpis: Vec::new() }
    }

    /// Arranges the figures of a service; the table should hold all there are. Only periods that ended by
    /// `now` count.
    pub fn of(
        service: ServiceId,
        source: Option<CollectorName>,
        table: &FigureTable,
        rules: &ServiceRules,
        settings: &AlertSettings,
        now: Timestamp,
    ) -> Self {
        let mut history = Self::empty(service, source, rules.time_zone.clone());
        history.refresh(table, rules, settings, &|_| true, now);
        history
    }

    /// Brings it up to date: only periods that are new or `changed` are computed anew.
    pub fn refresh(
        &mut self,
        table: &FigureTable,
        rules: &ServiceRules,
        settings: &AlertSettings,
        changed: &dyn Fn(Period) -> bool,
        now: Timestamp,
    ) {
        let mut before = std::mem::take(&mut self.kpis);
        let calculator = Calculator::new(table, rules);
        for kpi in &settings.kpis {
            let observe = |cadence: Cadence| -> Vec<Observation> {
                let known = before.iter_mut().find(|one| one.kpi == *kpi && one.cadence == cadence);
                let known = known.map(|one| std::mem::take(&mut one.observations)).unwrap_or_default();
                let mut known = known.into_iter().peekable();
                let mut observe = |period: Period| {
                    while known.next_if(|one| one.period < period).is_some() {}
                    let known = known.next_if(|one| one.period == period).filter(|_| !changed(period));
                    known.unwrap_or_else(|| Observation::of(&calculator, rules, *kpi, period))
                };
                let periods = periods(*kpi, cadence, table, &rules.time_zone, now);
                periods.into_iter().map(&mut observe).collect()
            };
            self.kpis.extend(histories(*kpi, &settings.cadences, observe));
        }
    }
}

/// A KPI at the cadences asked for, or else at the service's own, the shortest there are values for; days
/// also by weeks, where slow and small falls show better.
fn histories(
    kpi: Kpi,
    asked_for: &[Cadence],
    mut observe: impl FnMut(Cadence) -> Vec<Observation>,
) -> Vec<KpiHistory> {
    let mut found: Vec<KpiHistory> = Vec::new();
    for cadence in Cadence::ALL {
        let is_wanted = match found.first().map(|own| own.cadence) {
            _ if !asked_for.is_empty() => asked_for.contains(&cadence),
            None => true,
            Some(Cadence::Day) => cadence == Cadence::Week,
            Some(_) => false,
        };
        if !is_wanted {
            continue;
        }
        let observations = observe(cadence);
        let values = observations.iter().filter(|one| one.collected_at.is_some()).count();
        if values >= LEAST_VALUES {
            found.push(KpiHistory { kpi, cadence, is_own: found.is_empty(), observations });
        }
    }
    found
}

/// The closed periods from the first to the last figure that bears on a KPI at a cadence.
fn periods(kpi: Kpi, cadence: Cadence, table: &FigureTable, zone: &TimeZone, now: Timestamp) -> Vec<Period> {
    let kind = cadence.kind();
    let local = |instant: Timestamp| instant.to_zoned(zone.clone()).date();
    let mut span: Option<(Date, Date)> = None;
    for (line, series_kind, entries) in table.series() {
        if !kpi.rests_on(line.measure) || !(series_kind == kind || is_made_of(kind, series_kind)) {
            continue;
        }
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { continue };
        let (first, last) =
            (local(first.point.period.span(zone).start), local(last.point.period.span(zone).start));
        span = Some(span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
    }
    let Some((first, last)) = span else { return Vec::new() };
    let Ok(first) = Period::containing(kind, first) else { return Vec::new() };
    // A period has ended where the day after its last one has begun.
    let today = local(now);
    std::iter::successors(Some(first), |period| Some(period.next()))
        .take_while(|period| period.start_date() <= last && period.end_date() <= today)
        .collect()
}

fn is_made_of(kind: PeriodKind, finer: PeriodKind) -> bool {
    kind.summed_from().iter().any(|part| *part == finer || is_made_of(*part, finer))
}
