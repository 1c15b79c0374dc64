//! Figures expected of every period and without a row.
//!
//! A `GROUP BY` gives no row where nothing was counted, and no row either where nothing was loaded. So a
//! row that is missing says nothing, unless the settings say what it means.

use kpi::FigureKey;

use super::faults::Faults;
use super::figures::Gathered;
use crate::absence::Absent;

/// Adds the expected figures without a row. They are zeros only in periods the source has stopped revising,
/// and of services whose rows could all be read.
pub(super) fn fill(gathered: &mut Gathered<'_>, faults: &Faults) {
    let mapping = gathered.mapping;
    let mut doubtful = Vec::new();
    for series in mapping.expected.series(mapping.period_kind) {
        if faults.may_concern(&series.service) {
            doubtful.push(series.service.to_string());
            continue;
        }
        for period in gathered.span.periods() {
            let settled = mapping.settling.settled(period, gathered.now);
            let key = FigureKey { series: series.clone(), period };
            if gathered.seen.contains(&key) || (mapping.absent == Absent::Zero && !settled) {
                continue;
            }
            if let Some(value) = mapping.absent.value(settled) {
                gathered.add(key.series, period, value);
            }
        }
    }
    doubtful.dedup();
    if !doubtful.is_empty() {
        let text = format!(
            "absent rows of {} are not taken for zero, because rows that cannot be read may be theirs",
            doubtful.join(", ")
        );
        gathered.builder.note("query", text);
    }
}
