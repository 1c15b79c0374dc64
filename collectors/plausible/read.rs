//! Pages to cells.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use kpi::Period;
use rust_decimal::Decimal;
use serde_json::Value;

use super::plan::{Figure, Plan};
use super::query::Page;
use crate::Reason;

/// What an answer says of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A count.
    Count(Decimal),
    /// The period was looked at and left out, as empty ones are.
    Nothing,
    /// The period is not among those looked at.
    Unanswered,
}

/// Why an answer is not taken.
pub(super) type Refused = (Reason, String);

/// The cell of each period, in order.
pub(super) fn cells(
    plan: &Plan,
    site: &str,
    figure: &Figure,
    page: &Page,
    periods: &[Period],
) -> Result<Vec<Cell>, Refused> {
    let refused = |problem: String| {
        let message = format!(
            "Plausible's answer on {} for site {site} cannot be read: {problem}; if Plausible was updated, \
             report it",
            figure.subject
        );
        (Reason::Malformed, message)
    };
    time_zone(plan, site, &page.query, periods)?;
    let mut counts: HashMap<Date, Cell> = HashMap::new();
    for row in &page.results {
        let (date, cell) = match (row.dimensions.as_slice(), row.metrics.as_slice()) {
            ([label], [metric]) => (
                start_of(label)
                    .ok_or_else(|| refused(format!("{} is not a bucket of time", short(label))))?,
                count(metric).map_err(refused)?,
            ),
            (dimensions, metrics) => {
                let (buckets, counts) = (dimensions.len(), metrics.len());
                let problem = format!(
                    "a row has {buckets} dimensions and {counts} metrics, where one of each was asked for, the \
                     metric being {}",
                    figure.metric
                );
                return Err(refused(problem));
            }
        };
        if !periods.iter().any(|period| period.start_date() == date) {
            return Err(refused(format!("it has a row for {date}, which was not asked for")));
        }
        if counts.insert(date, cell).is_some() {
            return Err(refused(format!("it has two rows for {date}")));
        }
    }
    let labels = page.meta.time_labels.iter().flatten();
    for date in labels.filter_map(|label| label.get(..10)?.parse::<Date>().ok()) {
        counts.entry(date).or_insert(Cell::Nothing);
    }
    let cell = |period: &Period| counts.get(&period.start_date()).copied().unwrap_or(Cell::Unanswered);
    Ok(periods.iter().map(cell).collect())
}

/// The echo of the query has the range as instants in the site's zone: they are those of our days or the
/// site has other ones.
fn time_zone(plan: &Plan, site: &str, query: &Value, periods: &[Period]) -> Result<(), Refused> {
    let begins = query.pointer("/date_range/0").and_then(Value::as_str);
    let instant = begins.and_then(|text| text.parse::<Timestamp>().ok());
    let (Some(text), Some(instant), Some(first)) = (begins, instant, periods.first()) else { return Ok(()) };
    if instant == first.span(&plan.settling.zone).start {
        return Ok(());
    }
    let message = format!(
        "site {site} begins {} at {text}, which is not midnight in {}; set `time_zone` to the zone in the \
         site's settings in Plausible, or change it there",
        first.start_date(),
        plan.settling.zone_name()
    );
    Err((Reason::Config, message))
}

fn start_of(label: &Value) -> Option<Date> {
    label.as_str()?.get(..10)?.parse().ok()
}

fn count(metric: &Value) -> Result<Cell, String> {
    let text = match metric {
        Value::Null => return Ok(Cell::Nothing),
        Value::Number(number) => number.to_string(),
        other => return Err(format!("{} is not a count", short(other))),
    };
    let read = text.parse().or_else(|_| Decimal::from_scientific(&text));
    read.map(Cell::Count).map_err(|_| format!("{} is not a count", short(metric)))
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
