//! When each revision of a figure became known.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kpi::PeriodKind;
use kpi::calculate::Line;

use crate::store::{SeriesHistory, StoredPoint};

/// A revision of a figure, when it became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub known_at: Timestamp,
    /// Of which line.
    pub line: Line,
    /// The figure.
    pub stored: StoredPoint,
}

/// Every revision of some series of a service, as it became known.
///
/// A collection that brings more first values of a series than could have come late filled history in. What
/// was known when is lost for those, so each counts as known a day after its period, or when it was collected if
/// that was sooner.
pub fn arrivals(series: &[SeriesHistory], zone: &TimeZone) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for history in series {
        let key = &history.key;
        let line = Line { measure: key.measure, channel: key.channel, coverage: key.coverage };
        let mut firsts: BTreeMap<Timestamp, usize> = BTreeMap::new();
        for revision in history.revisions.iter().filter(|revision| revision.stored.revision == 1) {
            *firsts.entry(revision.stored.collected_at).or_default() += 1;
        }
        for revision in &history.revisions {
            let mut stored = revision.stored;
            let brought = firsts.get(&stored.collected_at).copied().unwrap_or(0);
            if stored.revision == 1 && brought > late_at_most(key.period_kind) {
                let usual = stored.point.period.span(zone).end + SignedDuration::from_hours(24);
                stored.collected_at = stored.collected_at.min(usual);
            }
            arrivals.push(Arrival { known_at: stored.collected_at, line, stored });
        }
    }
    arrivals.sort_by_key(|arrival| (arrival.known_at, arrival.stored.point.period, arrival.stored.revision));
    arrivals
}

/// Periods of a kind that may come together because a source was late.
const fn late_at_most(kind: PeriodKind) -> usize {
    match kind {
        PeriodKind::Hour => 14 * 24,
        PeriodKind::Day => 14,
        PeriodKind::Week => 8,
        PeriodKind::Month => 6,
        PeriodKind::Quarter | PeriodKind::Year | PeriodKind::FinancialYear | PeriodKind::YearTo => 4,
    }
}
