//! Rows of KPIs as a table people read in a terminal.

use std::collections::BTreeMap;
use std::fmt::Write;

use kpi::calculate::KpiState;
use kpi::{CollectorName, Kpi, Period, Value};
use rust_decimal::Decimal;

use crate::report::{Row, Subject};
use crate::run::{Preview, Previewed, Standing};
use crate::wording::number;

const HEADINGS: [(Kpi, &str); 6] = [
    (Kpi::Transactions, "Transactions"),
    (Kpi::DigitalTakeup, "Take-up"),
    (Kpi::CompletionRate, "Completion"),
    (Kpi::CostPerTransaction, "Each costs"),
    (Kpi::TotalCost, "Total cost"),
    (Kpi::UserSatisfaction, "Satisfaction"),
];

const PROVISIONAL: &str = "p: provisional, the source may still revise it.\n";

/// Widest subject shown whole.
const SUBJECT_WIDTH: usize = 60;

/// The table, with what was left out and why below it.
pub(super) fn render(rows: &[Row]) -> String {
    let asked: Vec<_> =
        HEADINGS.iter().filter(|(kpi, _)| rows.iter().any(|row| row.figure.kpi == *kpi)).collect();
    let mut lines: BTreeMap<(&Subject, std::cmp::Reverse<Period>), BTreeMap<Kpi, &Row>> = BTreeMap::new();
    for row in rows {
        let line = lines.entry((&row.subject, std::cmp::Reverse(row.figure.period))).or_default();
        line.insert(row.figure.kpi, row);
    }
    let mut cells = vec![heading(&asked)];
    for ((subject, period), line) in &lines {
        if line
            .values()
            .all(|row| matches!(row.figure.state, KpiState::NotProvided(_) | KpiState::NotApplicable))
            && lines.len() > 1
        {
            continue;
        }
        let mut cell = vec![shortened(subject.id()), period.0.to_string()];
        cell.extend(asked.iter().map(|(kpi, _)| line.get(kpi).map_or_else(String::new, |row| shown(row))));
        cells.push(cell);
    }
    let mut text = aligned(&cells, 2);
    let absent = lines.len() + 1 - cells.len();
    if absent > 0 {
        let _ = writeln!(text, "\n{absent} more have no figure for this period.");
    }
    notes(&mut text, rows);
    text
}

/// Most figures of a preview that are listed; the rest is counted.
const LISTED: usize = 200;

/// The figures a run would store, a line each.
pub(super) fn preview(collector: &CollectorName, preview: &Preview) -> String {
    let headings = ["Service", "Measure", "Channel", "Period", "Value", "In the store"];
    let mut cells = vec![headings.map(str::to_owned).to_vec()];
    cells.extend(preview.figures.iter().take(LISTED).map(|Previewed { series, point, standing }| {
        let mut value = absent_in_words(point.value);
        if point.quality.provisional {
            value.push_str(" p");
        }
        vec![
            shortened(series.service.as_str()),
            series.measure.to_string(),
            series.channel.to_string(),
            point.period.to_string(),
            value,
            standing_in_words(point.value, standing),
        ]
    }));
    let mut text = aligned(&cells, 2);
    let count = preview.figures.len();
    if count > LISTED {
        let _ = writeln!(text, "and {} more", count - LISTED);
    }
    if preview.figures.iter().any(|figure| figure.point.quality.provisional) {
        text.push_str(PROVISIONAL);
    }
    let _ = writeln!(text, "{collector}: {count} figures; nothing was stored");
    for note in &preview.notes {
        let _ = writeln!(text, "{collector}: note: {}: {}", note.place, note.text);
    }
    text
}

fn absent_in_words(value: Value) -> String {
    value.to_string().replace('_', " ")
}

/// What a figure would be to the store.
fn standing_in_words(value: Value, standing: &Standing) -> String {
    match standing {
        Standing::New => "new".to_owned(),
        Standing::Unchanged => "same".to_owned(),
        Standing::Revises(stored) if *stored == value => "same, of other quality".to_owned(),
        Standing::Revises(stored) => format!("was {}", absent_in_words(*stored)),
        Standing::HeldBack(stored) => format!("{} stays, held back", absent_in_words(*stored)),
        Standing::Foreign(owner) => format!("of {owner}, left out"),
    }
}

fn heading(asked: &[&(Kpi, &str)]) -> Vec<String> {
    let mut heading = vec!["Subject".to_owned(), "Period".to_owned()];
    heading.extend(asked.iter().map(|(_, name)| (*name).to_owned()));
    heading
}

fn shortened(id: &str) -> String {
    if id.chars().count() <= SUBJECT_WIDTH {
        return id.to_owned();
    }
    let mut short: String = id.chars().take(SUBJECT_WIDTH - 1).collect();
    short.push('…');
    short
}

/// A value as people write it, or the state in words. Absent is never shown as a number.
fn shown(row: &Row) -> String {
    let mut text = match &row.figure.state {
        KpiState::Known(known) => human(row.figure.kpi, known.value),
        state => state.as_str().replace('_', " "),
    };
    if row.figure.evidence.provisional {
        text.push_str(" p");
    }
    text
}

fn human(kpi: Kpi, value: Decimal) -> String {
    match kpi {
        Kpi::Transactions => number(value, 0),
        Kpi::DigitalTakeup | Kpi::CompletionRate | Kpi::UserSatisfaction => {
            format!("{}%", number(value * Decimal::ONE_HUNDRED, 1))
        }
        Kpi::CostPerTransaction | Kpi::TotalCost => format!("£{}", number(value, 2)),
    }
}

/// Cells in columns: the first `names` to the left, the others to the right, so that digits stand under each
/// other.
pub(super) fn aligned(cells: &[Vec<String>], names: usize) -> String {
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in cells {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = if column < names {
                write!(line, "{cell:<width$}  ")
            } else {
                write!(line, "{cell:>width$}  ")
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn notes(text: &mut String, rows: &[Row]) {
    for row in rows {
        let figure = &row.figure;
        let place = || format!("{} {} {}", row.subject.id(), figure.kpi, figure.period);
        if let KpiState::HeldBack(why) = &figure.state {
            let _ = writeln!(text, "Held back: {}: {why}.", place());
        }
        for (service, why) in &row.held_back {
            let _ = writeln!(text, "Held back from {} {}: {service}: {why}.", row.subject.id(), figure.kpi);
        }
        if let Some(warning) = &figure.evidence.warning {
            let _ = writeln!(text, "Check: {}: {warning}.", place());
        }
        if let Some(changed_on) = figure.evidence.definition_changed_on {
            let _ = writeln!(text, "Break: {}: the definition of digital changed on {changed_on}.", place());
        }
        if !matches!(row.subject, Subject::Service(_)) && row.services.counted > 0 {
            let share = row.volume_share.map_or_else(String::new, |share| {
                format!(", {}% of known volume", number(share * Decimal::ONE_HUNDRED, 1))
            });
            let _ = writeln!(
                text,
                "{} {}: from {} of {} services{share}.",
                row.subject.id(),
                figure.kpi,
                row.services.counted,
                row.services.of
            );
        }
    }
    if rows.iter().any(|row| row.figure.evidence.provisional) {
        text.push_str(PROVISIONAL);
    }
}
