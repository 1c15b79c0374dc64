//! Reports as Matomo's JSON renderer writes them.
//!
//! It writes the same thing in many ways: a report without data is `[]`, one metric alone is the number
//! itself or `{"value":…}`, a count may be a string and an absent one `false`.

use std::collections::HashMap;

use jiff::civil::Date;
use kpi::Period;
use rust_decimal::Decimal;
use serde_json::Value;

use super::plan::Figure;
use super::subject::Subject;

/// What a report says of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A count.
    Count(Decimal),
    /// Matomo answered for the period and has nothing.
    Nothing,
    /// The row is not there, and others were cut off: it may be among them.
    CutOff,
    /// There is no answer for the period.
    Unanswered,
}

/// The cell of each period, in order; an error names what is not as it should be.
pub(super) fn cells(figure: &Figure, answer: &Value, periods: &[Period]) -> Result<Vec<Cell>, String> {
    let entries = entries(answer, periods)?;
    let cell = |(period, entry): (&Period, Option<&Value>)| match entry {
        None => Ok(Cell::Unanswered),
        Some(entry) => cell(figure, entry)
            .map_err(|problem| format!("{} of {} on {period}: {problem}", figure.metric, figure.subject)),
    };
    periods.iter().zip(entries).map(cell).collect()
}

/// The part of the answer for each period.
fn entries<'a>(answer: &'a Value, periods: &[Period]) -> Result<Vec<Option<&'a Value>>, String> {
    if let Value::Object(members) = answer {
        let by_start: HashMap<Date, &Value> =
            members.iter().filter_map(|(key, value)| Some((start_of(key)?, value))).collect();
        if !by_start.is_empty() {
            return Ok(periods.iter().map(|period| by_start.get(&period.start_date()).copied()).collect());
        }
    }
    match (answer, periods) {
        // Of several periods not one is told apart: it is not known whether each was looked at.
        (Value::Array(rows), [_, _, ..]) if rows.is_empty() => Ok(vec![None; periods.len()]),
        (answer, [_]) => Ok(vec![Some(answer)]),
        _ => Err(format!("the report is not given by period but as {}", outline(answer))),
    }
}

/// The first day a key names: `2026-11-16`, `2026-11-16,2026-11-22`, `2026-11`, or as Piwik 2 wrote weeks
/// `From 2026-11-16 to 2026-11-22`.
fn start_of(key: &str) -> Option<Date> {
    let key = key.strip_prefix("From ").unwrap_or(key);
    if let Some(date) = key.get(..10) {
        return date.parse().ok();
    }
    (key.len() == 7).then(|| format!("{key}-01").parse().ok()).flatten()
}

fn cell(figure: &Figure, entry: &Value) -> Result<Cell, String> {
    if is_nothing(entry) {
        return Ok(Cell::Nothing);
    }
    match &figure.subject {
        Subject::Goal(_) | Subject::Funnel(_) | Subject::Visits => lone(&figure.metric, entry),
        Subject::Event { label, .. } => {
            let rows = rows(entry)?;
            match rows.iter().find(|row| label_of(row).is_some_and(|text| text.trim() == label)) {
                Some(row) => metric(&figure.metric, row),
                None if rows.iter().any(|row| is_rest(row)) => Ok(Cell::CutOff),
                None => Ok(Cell::Nothing),
            }
        }
        Subject::Page(_) => match rows(entry)?.as_slice() {
            [] => Ok(Cell::Nothing),
            [row] => metric(&figure.metric, row),
            several => Err(format!("{} rows for one page; write its whole address", several.len())),
        },
        Subject::FunnelStep { step, .. } => {
            let rows = rows(entry)?;
            let numbered = rows.iter().any(|row| row.get("step_position").is_some());
            let row = if numbered {
                let wanted = Decimal::from(*step);
                rows.iter().find(|row| row.get("step_position").map(number) == Some(Ok(Some(wanted))))
            } else {
                usize::try_from(*step).ok().and_then(|step| rows.get(step.checked_sub(1)?))
            };
            match row {
                Some(row) => metric(&figure.metric, row),
                None => Err(format!("the funnel has {} steps now", rows.len())),
            }
        }
    }
}

/// A report of one row, which loses its shape where it has one column.
fn lone(name: &str, entry: &Value) -> Result<Cell, String> {
    match entry {
        Value::Array(rows) => match rows.as_slice() {
            [row] => lone(name, row),
            rows => Err(format!("{} rows, where one is expected", rows.len())),
        },
        Value::Object(members) if members.len() == 1 && members.contains_key("value") => {
            metric("value", entry)
        }
        Value::Object(_) => metric(name, entry),
        other => Ok(number(other)?.map_or(Cell::Nothing, Cell::Count)),
    }
}

fn metric(name: &str, row: &Value) -> Result<Cell, String> {
    match row.get(name) {
        Some(value) => Ok(number(value)?.map_or(Cell::Nothing, Cell::Count)),
        None => Err(format!("there is no {name} any more, but {}", outline(row))),
    }
}

/// Rows as a list, or as an object by number.
fn rows(entry: &Value) -> Result<Vec<&Value>, String> {
    let rows: Vec<&Value> = match entry {
        Value::Array(rows) => rows.iter().collect(),
        Value::Object(rows) => rows.values().collect(),
        other => return Err(format!("{} where rows are expected", outline(other))),
    };
    match rows.iter().find(|row| !row.is_object()) {
        Some(other) => Err(format!("{} where a row is expected", outline(other))),
        None => Ok(rows),
    }
}

fn label_of(row: &Value) -> Option<&str> {
    row.get("label").and_then(Value::as_str)
}

/// The row that stands for those cut off by `datatable_archiving_maximum_rows_…`.
fn is_rest(row: &Value) -> bool {
    let is_minus_one = row.get("label").and_then(Value::as_i64) == Some(-1);
    is_minus_one || matches!(label_of(row), Some("Others" | "-1"))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// A count as a number or as a string of one; `false` and null are none.
fn number(value: &Value) -> Result<Option<Decimal>, String> {
    let text = match value {
        Value::Null | Value::Bool(false) => return Ok(None),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        other => return Err(format!("{} where a count is expected", outline(other))),
    };
    let read = text.parse().or_else(|_| Decimal::from_scientific(&text));
    read.map(Some).map_err(|_| format!("{:?} is not a count", shortened(&text)))
}

/// What a value is, short enough for a message.
fn outline(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let names: Vec<String> = members.keys().take(8).map(|name| shortened(name)).collect();
            format!("an object of {}", names.join(", "))
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::String(text) => format!("the text {:?}", shortened(text)),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
