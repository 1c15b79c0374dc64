//! The header row, and where each part of a figure is in the table.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::config::{Presence, Source};
use super::dates::squeezed;
use super::plan::{Layout, Plan, Role};
use super::report::{ColumnName, shown};
use super::table::{Row, Table};

/// Titles and notes above a table are a handful of rows; a header further down is set by hand.
const ROWS_LOOKED_AT: u32 = 100;
/// Headers listed in a message.
const HEADERS_SHOWN: usize = 30;

/// Where the text of a part of a figure is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field {
    Column(usize),
    Constant(Arc<str>),
}

/// The header row of a table and what was found in it.
#[derive(Debug)]
pub(crate) struct Header {
    /// Rows up to this one are not figures.
    pub(crate) row: u32,
    /// Headers by position, with single spaces.
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) fields: BTreeMap<Role, Field>,
}

impl Header {
    pub(crate) fn column(&self, index: usize) -> ColumnName {
        ColumnName { index, header: self.names.get(index).filter(|name| !name.is_empty()).cloned() }
    }

    /// The columns of the parts of figures, those of figures themselves in the wide layout left out.
    pub(super) fn part_columns(&self) -> impl Iterator<Item = usize> {
        self.fields.values().filter_map(|field| match field {
            Field::Column(index) => Some(*index),
            Field::Constant(_) => None,
        })
    }
}

/// Finds the header row: the one configured, else the first that holds every column needed. The
/// error names the columns looked for and the headers found.
pub(crate) fn find(plan: &Plan, table: &Table<'_>, file: &str) -> Result<Header, String> {
    let wanted = Wanted::new(plan);
    if plan.header_row == Some(0) {
        return Ok(Header {
            row: 0,
            names: Vec::new(),
            fields: Wanted::fields(&HashMap::new(), plan, file)?,
        });
    }
    // The row that comes nearest, to show what was found where something is missing.
    let mut nearest: Option<(usize, u32, Vec<Arc<str>>)> = None;
    table.rows(&mut |row| {
        if row.number > plan.header_row.unwrap_or(ROWS_LOOKED_AT) {
            return ControlFlow::Break(());
        }
        if plan.header_row.is_some_and(|number| row.number != number) {
            return ControlFlow::Continue(());
        }
        let names: Vec<Arc<str>> =
            (0..row.width()).map(|column| Arc::from(single_spaced(row, column))).collect();
        let score = wanted.score(&names);
        if nearest.as_ref().is_none_or(|(best, _, _)| score > *best) {
            nearest = Some((score, row.number, names));
        }
        if score == wanted.full_score() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let Some((_, row, names)) = nearest else {
        return Err(match plan.header_row {
            Some(number) => format!("no header in row {number}; set `header_row` to the row of the headers"),
            None => "an empty table; there is not one row in it".to_owned(),
        });
    };
    let positions = positions(&names);
    let fields = Wanted::fields(&positions, plan, file).map_err(|missing| {
        let found: Vec<String> = names
            .iter()
            .filter(|name| !name.is_empty())
            .take(HEADERS_SHOWN)
            .map(|name| format!("{:?}", shown(name)))
            .collect();
        format!("{missing}; row {row} has {}", found.join(", "))
    })?;
    Ok(Header { row, names, fields })
}

/// Headers by position; of a repeated header the first counts.
fn positions(names: &[Arc<str>]) -> HashMap<String, usize> {
    let mut positions = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        let name = squeezed(name);
        if !name.is_empty() {
            positions.entry(name).or_insert(index);
        }
    }
    positions
}

fn single_spaced(row: &Row<'_>, column: usize) -> String {
    let words: Vec<&str> = row.text(column).split(|c: char| c.is_whitespace() || c == '\u{feff}').collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

struct Wanted<'p> {
    needed: Vec<String>,
    layout: &'p Layout,
}

impl<'p> Wanted<'p> {
    fn new(plan: &'p Plan) -> Self {
        let needed = plan
            .columns
            .values()
            .filter_map(|source| match source {
                Source::Header { name, presence: Presence::Needed } => Some(squeezed(name)),
                _ => None,
            })
            .collect();
        Self { needed, layout: &plan.layout }
    }

    /// How many of the things looked for a row has: needed columns, and a column of figures.
    fn score(&self, names: &[Arc<str>]) -> usize {
        let positions = positions(names);
        let columns = self.needed.iter().filter(|name| positions.contains_key(*name)).count();
        let figures = match self.layout {
            Layout::Long => false,
            Layout::Wide(patterns) => {
                names.iter().any(|name| patterns.iter().any(|pattern| pattern.header.is_match(name)))
            }
        };
        columns + usize::from(figures)
    }

    fn full_score(&self) -> usize {
        self.needed.len() + usize::from(matches!(self.layout, Layout::Wide(_)))
    }

    fn fields(
        positions: &HashMap<String, usize>,
        plan: &Plan,
        file: &str,
    ) -> Result<BTreeMap<Role, Field>, String> {
        let mut fields = BTreeMap::new();
        let mut missing = Vec::new();
        for (role, source) in &plan.columns {
            let field = match source {
                Source::Header { name, presence } => match (positions.get(&squeezed(name)), presence) {
                    (Some(index), _) => Field::Column(*index),
                    (None, Presence::Optional) => continue,
                    (None, Presence::Needed) => {
                        missing.push(format!("{name:?}"));
                        continue;
                    }
                },
                Source::Letter(index) => Field::Column(*index),
                Source::Constant(text) => Field::Constant(Arc::from(text.as_str())),
                Source::Filename(group) => Field::Constant(Arc::from(captured(plan, file, group)?)),
            };
            fields.insert(*role, field);
        }
        if missing.is_empty() { Ok(fields) } else { Err(format!("no column {}", missing.join(", "))) }
    }
}

/// What a group of the pattern `filename` captures of a file's name.
pub(super) fn captured<'f>(plan: &Plan, file: &'f str, group: &str) -> Result<&'f str, String> {
    plan.filename
        .as_ref()
        .and_then(|regex| regex.captures(file))
        .and_then(|captures| captures.name(group))
        .map(|found| found.as_str())
        .ok_or_else(|| format!("the file's name holds no {group:?} by the pattern `filename`; rename it"))
}
