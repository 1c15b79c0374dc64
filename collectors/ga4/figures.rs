//! From gathered rows to figures.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{BatchBuilder, Period, Point, Quality, SampledShare, SeriesKey, Value};
use rust_decimal::Decimal;

use super::gather::Gathered;
use super::plan::{Plan, Property, Report};
use crate::PeriodSpan;

/// What is known of one figure from the reports it is added up from.
#[derive(Debug, Default)]
struct Tally {
    sum: Option<Decimal>,
    incomplete: bool,
    sampled: Option<SampledShare>,
    truncated: bool,
}

/// Adds the figures of one property to a batch.
pub(super) fn add(
    batch: &mut BatchBuilder,
    plan: &Plan,
    property: &Property,
    gathered: &[(usize, Gathered)],
    span: PeriodSpan,
    now: Timestamp,
) {
    let mut tallies: BTreeMap<(usize, Period), Tally> = BTreeMap::new();
    let place = format!("property {}", property.id);
    let mut notes: BTreeSet<&str> = BTreeSet::new();
    for (index, gathered) in gathered {
        let Some(report) = property.reports.get(*index) else { continue };
        notes.extend(gathered.notes.iter().map(String::as_str));
        tally(&mut tallies, report, gathered);
        if let Some(text) = strangers(report, gathered) {
            batch.note(place.as_str(), text);
        }
    }
    for note in notes {
        batch.note(place.as_str(), note);
    }
    let slots: BTreeSet<usize> =
        property.reports.iter().flat_map(|report| report.targets.values().flatten().copied()).collect();
    for (index, slot) in slots.iter().filter_map(|index| Some((*index, plan.slots.get(*index)?))) {
        let series = batch.series(SeriesKey {
            service: slot.service.clone(),
            measure: slot.measure,
            channel: slot.channel,
            coverage: plan.coverage,
            period_kind: plan.period_kind,
        });
        for period in span.periods() {
            let tally = tallies.remove(&(index, period)).unwrap_or_default();
            if let Some(point) = point(plan, &tally, period, now) {
                batch.push_to(series, point);
            }
        }
    }
}

fn tally(tallies: &mut BTreeMap<(usize, Period), Tally>, report: &Report, gathered: &Gathered) {
    let slots: BTreeSet<usize> = report.targets.values().flatten().copied().collect();
    for period in gathered.span.periods() {
        for slot in &slots {
            let tally = tallies.entry((*slot, period)).or_default();
            tally.incomplete |= gathered.incomplete;
            tally.truncated |= gathered.truncated.contains(&period);
            tally.sampled = match (tally.sampled, gathered.sampled) {
                (Some(one), Some(other)) if one.parts_per_million() < other.parts_per_million() => Some(one),
                (one, other) => other.or(one),
            };
        }
    }
    for (period, value, number) in gathered.rows() {
        for slot in report.targets.get(value).into_iter().flatten() {
            let tally = tallies.entry((*slot, period)).or_default();
            tally.sum = tally.sum.unwrap_or_default().checked_add(number);
        }
    }
}

fn point(plan: &Plan, tally: &Tally, period: Period, now: Timestamp) -> Option<Point> {
    if tally.truncated {
        return None;
    }
    let settled = plan.settling.settled(period, now);
    let complete = !tally.incomplete && tally.sampled.is_none();
    let value = match tally.sum {
        Some(sum) => Value::Known(sum),
        // Rows of young periods are still to come: their absence says nothing yet.
        None if !settled => return None,
        None => plan.absent.value(complete)?,
    };
    let quality = Quality { provisional: !settled, thresholded: tally.incomplete, sampled: tally.sampled };
    Some(Point { period, value, quality })
}

/// Values that came and count for nothing: levels of satisfaction that are none.
fn strangers(report: &Report, gathered: &Gathered) -> Option<String> {
    let split = report.split.as_deref()?;
    let mut values: BTreeMap<&str, Decimal> = BTreeMap::new();
    for (_, value, number) in gathered.rows().filter(|(_, value, _)| !report.targets.contains_key(*value)) {
        let sum = values.entry(value).or_default();
        *sum = sum.saturating_add(number);
    }
    let total = values.values().fold(Decimal::ZERO, |total, number| total.saturating_add(*number));
    let shown: Vec<String> = values.keys().take(5).map(|value| format!("{value:?}")).collect();
    let more = if values.len() > shown.len() { " and others" } else { "" };
    (!values.is_empty()).then(|| {
        format!(
            "{total} events with {split} {}{more} count for nothing; add what is a level to values",
            shown.join(", ")
        )
    })
}
