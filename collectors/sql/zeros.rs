//! Declared zeros for rows that are not there.
//!
//! A `GROUP BY` gives no row where nothing was counted, and no row either where nothing was loaded. So a
//! row that is missing says nothing, unless the settings say that it means zero.

use kpi::{FigureKey, SeriesKey, Value};

use super::faults::Faults;
use super::figures::Gathered;

/// Adds zeros for the expected figures without a row, in periods the source has stopped revising, of
/// services whose rows could all be read.
pub(super) fn fill(gathered: &mut Gathered<'_>, faults: &Faults) {
    let Some(zeros) = &gathered.mapping.zeros else { return };
    let mut doubtful = Vec::new();
    for service in &zeros.services {
        if faults.may_concern(service) {
            doubtful.push(service.as_str());
            continue;
        }
        for figure in &zeros.figures {
            let series = SeriesKey {
                service: service.clone(),
                measure: figure.measure,
                channel: figure.channel,
                coverage: figure.coverage,
                period_kind: gathered.mapping.period_kind,
            };
            let mut period = gathered.span.first;
            while period <= gathered.span.last {
                let key = FigureKey { series: series.clone(), period };
                if !gathered.seen.contains(&key) && gathered.is_settled(period) {
                    gathered.add(key.series, period, Value::Known(0.into()));
                }
                period = period.next();
            }
        }
    }
    if !doubtful.is_empty() {
        let text = format!(
            "absent rows of {} are not taken for zero, because rows that cannot be read may be theirs",
            doubtful.join(", ")
        );
        gathered.builder.note("query", text);
    }
}
