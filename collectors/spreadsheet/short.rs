//! Rows of text files that lack cells at their end, and lines of text that only look like such rows.
//!
//! A cell that is empty says that there is no figure; a cell that is missing says nothing, and is how a
//! file that was cut short shows. To take the one for the other would withdraw figures. Rows of
//! workbooks all have the same number of cells.

use std::collections::BTreeSet;

use super::header::Field;
use super::plan::Role;
use super::read::{Gathered, Sheet};
use super::report::{Place, Problem, letters, shown};
use super::table::Row;

/// The columns that are read.
pub(super) struct Used {
    columns: BTreeSet<usize>,
    /// Cells a row needs for all of them to be there. Spreadsheet programs leave out empty cells at the
    /// end, which does no harm after the last column that is read.
    pub(super) width: usize,
}

impl Used {
    pub(super) fn new(sheet: &Sheet<'_, '_>, figures: impl Iterator<Item = usize>) -> Self {
        if sheet.table.delimiter().is_none() {
            return Self { columns: BTreeSet::new(), width: 0 };
        }
        // A column named by its letter may be to the right of all headers.
        let headers = if sheet.header.row == 0 { usize::MAX } else { sheet.header.names.len() };
        let columns: BTreeSet<usize> =
            sheet.header.part_columns().chain(figures).filter(|column| *column < headers).collect();
        let width = columns.last().map_or(0, |last| last + 1);
        Self { columns, width }
    }
}

impl Sheet<'_, '_> {
    /// A row that ends before the last column that is read.
    pub(super) fn short(&self, row: &Row<'_>, used: &Used, out: &mut Gathered) {
        let filled: Vec<usize> = (0..row.width()).filter(|column| !row.text(*column).is_empty()).collect();
        match filled.as_slice() {
            [] => return,
            _ if self.is_total(row) => return,
            [column] if !self.is_part(row, *column) && !self.holds_row(row.text(*column)) => {
                self.note_text(row, row.text(*column), out);
                return;
            }
            _ => {}
        }
        let cells = if row.width() == 1 { "1 cell".to_owned() } else { format!("{} cells", row.width()) };
        let needed = match self.header.names.len() {
            0 => format!("column {} is read", letters(used.width.saturating_sub(1))),
            headers => format!("the header has {headers}"),
        };
        let text = format!("{cells} where {needed}; the file may be cut short");
        out.problem(Problem { place: Place::row(&self.origin, row.number), text });
    }

    /// Notes where the last figure of a text may be cut short: 12 of 1234 is a number too. `last` is the
    /// number and the width of the last row.
    pub(super) fn note_open_end(&self, last: (u32, usize), used: &Used, out: &mut Gathered) {
        let (number, width) = last;
        let Some(column) = width.checked_sub(1).filter(|column| used.columns.contains(column)) else {
            return;
        };
        if out.last_row == number && self.table.ends_within_a_line() {
            let place = Place::cell(&self.origin, number, self.header.column(column));
            let text = "the file does not end with a line end; its last figure may be cut short";
            out.builder.note(place.to_string(), text);
        }
    }

    /// Whether a cell is what begins a row of figures: a service or a period that can be read.
    fn is_part(&self, row: &Row<'_>, column: usize) -> bool {
        let is_column = |role| self.header.fields.get(&role) == Some(&Field::Column(column));
        let (plan, text) = (self.plan, row.text(column));
        (is_column(Role::Service) && plan.words.service(text).is_ok())
            || (is_column(Role::Period) && plan.dates.period(text, plan.period_kind).is_ok())
    }

    /// Whether a cell of a text file holds what was a row or several, put in quotes, and not a line of
    /// text: line ends, or the delimiters of a row. Prose has a space after most of its commas.
    pub(super) fn holds_row(&self, text: &str) -> bool {
        let Some(delimiter) = self.table.delimiter() else { return false };
        let is_cut = |pair: &&[u8]| matches!(pair, [cut, after] if *cut == delimiter && *after != b' ');
        let cuts = self.header.part_columns().max().unwrap_or_default().max(1);
        text.contains(['\n', '\r']) || text.as_bytes().windows(2).filter(is_cut).count() >= cuts
    }

    /// Notes a line of text, which is left out.
    pub(super) fn note_text(&self, row: &Row<'_>, text: &str, out: &mut Gathered) {
        let place = Place::row(&self.origin, row.number);
        out.builder.note(place.to_string(), format!("left out, a line of text: {:?}", shown(text)));
    }
}
