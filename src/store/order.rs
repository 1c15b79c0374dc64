//! The order that every store relies on.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kpi::{Point, SeriesKey};

/// The points of a series, strictly in order of period. Batches come so; for one that does not, the last
/// of two points for one period counts. Gives the problem where a point is in the wrong series: its
/// period index would mean another day there.
pub(super) fn in_order<'a>(key: &SeriesKey, points: &'a [Point]) -> Result<Cow<'a, [Point]>, String> {
    let kind = key.period_kind;
    if let Some(stray) = points.iter().find(|point| point.period.kind() != kind) {
        return Err(format!(
            "the figure of {} for {} is in a series of kind {kind}; put it into a series of its own kind",
            key.service, stray.period
        ));
    }
    if points.is_sorted_by(|a, b| a.period < b.period) {
        return Ok(Cow::Borrowed(points));
    }
    let last_of_each: BTreeMap<_, _> = points.iter().map(|point| (point.period, *point)).collect();
    Ok(Cow::Owned(last_of_each.into_values().collect()))
}
