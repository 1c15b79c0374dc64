//! Figures of one service to its place in the snapshot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kpi::calculate::{Calculator, Entry, FigureTable, KpiState, Line};
use kpi::{Channel, Coverage, Kpi, Measure, PeriodKind, ServiceId};

use super::{ChannelVolume, CurrentKpi, ServicePicture};
use crate::catalogue::ServiceProfile;
use crate::store::Series;

/// Kinds of period a snapshot shows. Hours are kept and summed, and too many to show.
pub const SHOWN: [PeriodKind; 7] = [
    PeriodKind::Day,
    PeriodKind::Week,
    PeriodKind::Month,
    PeriodKind::Quarter,
    PeriodKind::Year,
    PeriodKind::FinancialYear,
    PeriodKind::YearTo,
];

/// Arranges stored series by service, for the arithmetic.
pub fn tables(series: Vec<Series>) -> BTreeMap<ServiceId, FigureTable> {
    let mut tables: BTreeMap<ServiceId, FigureTable> = BTreeMap::new();
    for one in series {
        let line = Line { measure: one.key.measure, channel: one.key.channel, coverage: one.key.coverage };
        let entries = one
            .points
            .iter()
            .map(|stored| Entry {
                point: stored.point,
                collected_at: stored.collected_at,
                revision: stored.revision,
            })
            .collect();
        tables.entry(one.key.service).or_default().insert(line, one.key.period_kind, entries);
    }
    tables
}

/// A service's newest KPIs as of `now`.
pub fn picture(profile: ServiceProfile, table: &FigureTable, now: Timestamp) -> ServicePicture {
    let calculator = Calculator::new(table, &profile.rules);
    let mut current = BTreeMap::new();
    for kind in SHOWN {
        for kpi in Kpi::ALL {
            let Some(figure) = calculator.latest(kpi, kind, now) else { continue };
            let before = calculator.compute(kpi, figure.period.previous());
            let previous = (!matches!(before.state, KpiState::NotProvided(_))).then_some(before);
            current.insert((kpi, kind), CurrentKpi { figure, previous });
        }
    }
    let volumes = volumes(&calculator, &current);
    ServicePicture { profile, current, volumes }
}

fn volumes(
    calculator: &Calculator<'_>,
    current: &BTreeMap<(Kpi, PeriodKind), CurrentKpi>,
) -> Vec<ChannelVolume> {
    let mut volumes = Vec::new();
    for kind in SHOWN {
        for (kpi, measure) in
            [(Kpi::Transactions, Measure::Completed), (Kpi::CompletionRate, Measure::Started)]
        {
            let Some(shown) = current.get(&(kpi, kind)) else { continue };
            let period = shown.figure.period;
            for channel in Channel::ALL.into_iter().filter(|channel| *channel != Channel::AllChannels) {
                let line = Line { measure, channel, coverage: Coverage::All };
                if let Some(count) = calculator.amount(line, period) {
                    volumes.push(ChannelVolume { measure, channel, period, count });
                }
            }
        }
    }
    volumes
}
