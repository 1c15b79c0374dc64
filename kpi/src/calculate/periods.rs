//! Which periods of a kind a service has something to say about.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::result::{KpiFigure, KpiState};
use super::{Calculator, Kpi};
use crate::{Measure, Period, PeriodKind};

/// Newest periods tried for a KPI before it counts as not provided: two years of months.
const TRIED: usize = 26;

impl Calculator<'_> {
    /// The newest period of a kind for which the service says something about a KPI: a value, or why a
    /// value is withheld. Periods for which a part is simply missing are passed over, unless there is
    /// no other. `None` where no figure bears on the KPI.
    pub fn latest(&self, kpi: Kpi, kind: PeriodKind, now: Timestamp) -> Option<KpiFigure> {
        let mut newest = None;
        for period in self.recent_periods(kpi, kind, now) {
            let figure = self.compute(kpi, period);
            if !matches!(figure.state, KpiState::NotProvided(_) | KpiState::NotApplicable) {
                return Some(figure);
            }
            newest = newest.or(Some(figure));
        }
        newest
    }

    /// Closed periods of a kind that figures of the KPI's measures bear on, newest first: those given
    /// directly, and those that end where finer figures do.
    pub fn recent_periods(&self, kpi: Kpi, kind: PeriodKind, now: Timestamp) -> Vec<Period> {
        let zone = &self.rules.time_zone;
        let mut periods = BTreeSet::new();
        for (line, series_kind, entries) in self.table.series() {
            if !kpi.rests_on(line.measure) {
                continue;
            }
            if series_kind == kind {
                periods.extend(entries.iter().rev().take(TRIED).map(|entry| entry.point.period));
            } else if is_summed_from(kind, series_kind)
                && let (Some(first), Some(last)) = (entries.first(), entries.last())
            {
                periods.extend(covered(kind, first.point.period, last.point.period, zone));
            }
        }
        let closed = |period: &Period| period.span(zone).end <= now;
        periods.into_iter().rev().filter(closed).take(TRIED).collect()
    }
}

impl Kpi {
    /// Whether figures of a measure bear on this KPI.
    pub fn rests_on(self, measure: Measure) -> bool {
        let measures: &[Measure] = match self {
            Self::Transactions => &[Measure::Completed],
            Self::DigitalTakeup => &[Measure::Completed, Measure::DigitalTakeup],
            Self::CompletionRate => &[Measure::Started, Measure::CompletionRate],
            Self::CostPerTransaction | Self::TotalCost => &[Measure::Cost, Measure::CostPerTransaction],
            Self::UserSatisfaction => {
                return matches!(measure, Measure::Rating(_) | Measure::SatisfactionScore);
            }
        };
        measures.contains(&measure)
    }
}

fn is_summed_from(kind: PeriodKind, finer: PeriodKind) -> bool {
    kind.summed_from().iter().any(|part| *part == finer || is_summed_from(*part, finer))
}

/// Periods of `kind`, newest first, that lie within finer figures from `first` to `last`.
fn covered(kind: PeriodKind, first: Period, last: Period, zone: &TimeZone) -> Vec<Period> {
    let local_date = |instant: Timestamp| instant.to_zoned(zone.clone()).date();
    let (start, end) = (local_date(first.span(zone).start), local_date(last.span(zone).end));
    let Ok(mut period) = Period::containing(kind, local_date(last.span(zone).start)) else {
        return Vec::new();
    };
    if kind == PeriodKind::YearTo {
        // `containing` gives the 12 months that start here; the wanted ones end here.
        for _ in 0..12 {
            period = period.previous();
        }
        while period.next().end_date() <= end {
            period = period.next();
        }
    }
    while period.end_date() > end {
        period = period.previous();
    }
    let mut periods = Vec::new();
    while period.start_date() >= start && periods.len() < TRIED {
        periods.push(period);
        period = period.previous();
    }
    periods
}
