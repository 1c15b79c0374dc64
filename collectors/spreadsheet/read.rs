//! One file to the figures in it.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use kpi::batch::{Conflict, SeriesHandle};
use kpi::service::ServiceDescription;
use kpi::{Batch, BatchBuilder, Period, Point, ServiceId, Value};

use super::config::OnError;
use super::dates::{DateRules, Format};
use super::header::{self, Field, Header};
use super::long::Long;
use super::organisations::organisation;
use super::plan::{Layout, Plan, Role};
use super::report::{Origin, Place, Problem};
use super::short::Used;
use super::table::{Row, Table};
use super::wide::Wide;
use crate::words::word;

/// Problems listed for one file; the rest are counted. More than a person can read, less than fills
/// the memory when a column of a large file is not what it should be.
const PROBLEMS_LISTED: usize = 10_000;

/// What a file gave.
pub(crate) enum Outcome {
    Figures(Batch),
    /// Nothing is taken of it, and why, one place a line.
    Rejected {
        message: String,
        details: Vec<String>,
    },
}

/// Reads a file.
pub(crate) fn read(plan: &Plan, file: &str, bytes: &[u8]) -> Outcome {
    let whole =
        |message: String| Outcome::Rejected { message: format!("{file}: {message}"), details: Vec::new() };
    let table = match Table::open(plan, file, bytes) {
        Ok(table) => table,
        Err(message) => return whole(message),
    };
    let origin = Origin { file: Arc::from(file), sheet: table.sheet() };
    let header = match header::find(plan, &table, file) {
        Ok(header) => header,
        Err(message) => return whole(message),
    };
    let sheet = Sheet { plan, origin, table, header };
    let mut gathered = Gathered::default();
    if let Err(message) = sheet.gather(&mut gathered) {
        return whole(message);
    }
    let Gathered { builder, mut problems, unlisted, .. } = gathered;
    let (mut batch, conflicts) = builder.finish();
    problems.extend(sheet.name_conflicts(conflicts));
    // In the order a person goes through the sheet.
    problems.sort_by_key(|problem| (problem.place.row, problem.place.column.as_ref().map(|c| c.index)));
    let count = problems.len() + unlisted;
    let more = (unlisted > 0).then(|| format!("{file}: and {unlisted} more"));
    if plan.on_error == OnError::RejectFile && count > 0 {
        let mut details: Vec<String> = problems.iter().map(Problem::to_string).collect();
        details.extend(more);
        let things = if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") };
        let message =
            format!("{file}: {things}, and none of its figures taken; correct the file, or set `on_error`");
        return Outcome::Rejected { message, details };
    }
    batch.notes.extend(problems.into_iter().map(Problem::into_note));
    batch.notes.extend(more.map(|text| kpi::Note { place: file.to_owned(), text }));
    Outcome::Figures(batch)
}

/// A table whose header has been read.
pub(super) struct Sheet<'p, 'b> {
    pub(super) plan: &'p Plan,
    pub(super) origin: Origin,
    pub(super) table: Table<'b>,
    pub(super) header: Header,
}

impl Sheet<'_, '_> {
    fn gather(&self, out: &mut Gathered) -> Result<(), String> {
        match &self.plan.layout {
            Layout::Long => {
                let mut long = Long::new(self);
                self.body(&Used::new(self, std::iter::empty()), out, |row, out| long.row(row, out))
            }
            Layout::Wide(patterns) => {
                let mut wide = Wide::new(self, patterns, out)?;
                self.body(&Used::new(self, wide.columns()), out, |row, out| wide.row(row, out))
            }
        }
    }

    fn body(
        &self,
        used: &Used,
        out: &mut Gathered,
        mut each: impl FnMut(&Row<'_>, &mut Gathered),
    ) -> Result<(), String> {
        let header = self.header.row;
        let mut last = (0, 0);
        self.table.rows(&mut |row| {
            if row.number > header {
                last = (row.number, row.width());
                if row.width() < used.width {
                    self.short(row, used, out);
                } else {
                    each(row, out);
                }
            }
            ControlFlow::Continue(())
        })?;
        self.note_open_end(last, used, out);
        Ok(())
    }

    /// Says where each figure that was given twice is. Places are not kept while reading, because
    /// nearly no file needs them: the file is read once more.
    fn name_conflicts(&self, conflicts: Vec<Conflict>) -> Vec<Problem> {
        if conflicts.is_empty() {
            return Vec::new();
        }
        let mut again = Gathered::default();
        for conflict in &conflicts {
            let handle = again.builder.series(conflict.key.series.clone());
            again.watched.insert((handle, conflict.key.period), Vec::new());
        }
        // It was read a moment ago.
        let _ = self.gather(&mut again);
        conflicts
            .into_iter()
            .map(|Conflict { key, values: [first, _] }| {
                let handle = again.builder.series(key.series.clone());
                let seen = again.watched.remove(&(handle, key.period)).unwrap_or_default();
                let place = |at: &Seen| Place::cell(&self.origin, at.row, self.header.column(at.column));
                let other = |Seen { row, column, value }: &Seen| {
                    format!("{value} in row {row}, column {}", super::report::letters(*column))
                };
                let others: Vec<String> = seen.iter().skip(1).map(other).collect();
                let text = format!(
                    "{} of {} by {} for {} is {first} here and {}; keep one",
                    key.series.measure,
                    key.series.service,
                    key.series.channel,
                    key.period,
                    others.join(" and ")
                );
                let whole = || Place { origin: self.origin.clone(), row: None, column: None };
                Problem { place: seen.first().map_or_else(whole, place), text }
            })
            .collect()
    }

    /// The text of a part of a figure in a row; `None` where it is not configured.
    pub(super) fn text<'r>(&'r self, row: &Row<'r>, role: Role) -> Option<&'r str> {
        match self.header.fields.get(&role)? {
            Field::Column(index) => Some(row.text(*index)),
            Field::Constant(text) => Some(text),
        }
    }

    /// A problem with the text of a part of a figure.
    pub(super) fn problem(&self, row: &Row<'_>, role: Role, expected: &str) -> Problem {
        let place = match self.header.fields.get(&role) {
            Some(Field::Column(index)) => Place::cell(&self.origin, row.number, self.header.column(*index)),
            _ => Place::row(&self.origin, row.number),
        };
        Problem::cell(place, self.text(row, role).unwrap_or_default(), expected)
    }

    /// Whether a row sums up others: its service, name or period is one of the words for that.
    pub(super) fn is_total(&self, row: &Row<'_>) -> bool {
        [Role::Service, Role::Name, Role::Period].into_iter().any(|role| {
            matches!(self.header.fields.get(&role), Some(Field::Column(index))
                if self.plan.total_rows.contains(&word(row.text(*index))))
        })
    }

    /// Period rules for this table: the date cells of a workbook are dates whatever is configured.
    pub(super) fn dates(&self, rules: &DateRules) -> DateRules {
        let mut rules = rules.clone();
        if matches!(self.table, Table::Sheet(_)) && !rules.formats.contains(&Format::Date) {
            rules.formats.push(Format::Date);
        }
        rules
    }

    /// Describes a service by the row it is first met in, where the table names services.
    pub(super) fn describe(&self, row: &Row<'_>, id: &ServiceId, out: &mut Gathered) {
        let Some(name) = self.text(row, Role::Name) else { return };
        if !out.described.insert(id.clone()) {
            return;
        }
        let organisation = |role| self.text(row, role).and_then(organisation);
        out.builder.describe(ServiceDescription {
            id: id.clone(),
            name: if name.is_empty() { id.to_string() } else { name.to_owned() },
            department: organisation(Role::Department),
            agency: organisation(Role::Agency),
        });
    }
}

/// A figure and where it is.
struct Seen {
    row: u32,
    column: usize,
    value: Value,
}

/// What has been read of a file so far.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) builder: BatchBuilder,
    pub(super) described: HashSet<ServiceId>,
    problems: Vec<Problem>,
    unlisted: usize,
    /// The last row that gave a figure.
    pub(super) last_row: u32,
    /// Figures whose places are wanted: on the second reading only.
    watched: HashMap<(SeriesHandle, Period), Vec<Seen>>,
}

impl Gathered {
    #[inline]
    pub(super) fn figure(&mut self, series: SeriesHandle, point: Point, row: u32, column: usize) {
        self.last_row = row;
        if self.watched.is_empty() {
            self.builder.push_to(series, point);
        } else if let Some(places) = self.watched.get_mut(&(series, point.period)) {
            places.push(Seen { row, column, value: point.value });
        }
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_LISTED {
            self.problems.push(problem);
        } else {
            self.unlisted += 1;
        }
    }

    /// How many problems there have been.
    pub(super) fn problem_count(&self) -> usize {
        self.problems.len() + self.unlisted
    }
}
