//! What is wrong in a file, told so that a person finds the cell at once.

use std::fmt;
use std::sync::Arc;

use kpi::Note;

/// Longest piece of a cell shown: enough to recognise it, too little to leak a paragraph of notes.
const SHOWN: usize = 40;

/// The file and sheet being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) file: Arc<str>,
    pub(crate) sheet: Option<Arc<str>>,
}

/// A cell, a row or a whole sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) origin: Origin,
    /// As a spreadsheet numbers rows, from 1.
    pub(crate) row: Option<u32>,
    pub(crate) column: Option<ColumnName>,
}

/// A column as people find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnName {
    pub(crate) index: usize,
    pub(crate) header: Option<Arc<str>>,
}

impl Place {
    pub(crate) fn row(origin: &Origin, row: u32) -> Self {
        Self { origin: origin.clone(), row: Some(row), column: None }
    }

    pub(crate) fn cell(origin: &Origin, row: u32, column: ColumnName) -> Self {
        Self { origin: origin.clone(), row: Some(row), column: Some(column) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin.file)?;
        if let Some(sheet) = &self.origin.sheet {
            write!(f, ", sheet {sheet:?}")?;
        }
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {}", letters(column.index))?;
            if let Some(header) = &column.header {
                write!(f, " {:?}", shown(header))?;
            }
        }
        Ok(())
    }
}

/// One thing wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    /// What was found and what was expected.
    pub(crate) text: String,
}

impl Problem {
    /// A cell whose text is not what its column holds.
    pub(crate) fn cell(place: Place, found: &str, expected: &str) -> Self {
        let text = if is_error_cell(found) {
            format!("the cell shows the error {:?}; correct the formula behind it", shown(found))
        } else if found.is_empty() {
            format!("the cell is empty; {expected}")
        } else {
            format!("{:?}: {expected}", shown(found))
        };
        Self { place, text }
    }

    pub(crate) fn into_note(self) -> Note {
        Note { place: self.place.to_string(), text: self.text }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

fn is_error_cell(text: &str) -> bool {
    const ERRORS: [&str; 8] =
        ["#REF!", "#DIV/0!", "#N/A", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA"];
    ERRORS.iter().any(|error| text.trim().eq_ignore_ascii_case(error))
}

/// The text on one line, cut to what is worth showing.
pub(crate) fn shown(text: &str) -> String {
    let mut line: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN + 1).collect();
    if line.chars().count() > SHOWN {
        line = line.chars().take(SHOWN).chain(['…']).collect();
    }
    line
}

/// A column's letters: A to Z, AA and on.
pub(super) fn letters(index: usize) -> String {
    let mut name = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        let letter = u8::try_from(rest % 26).unwrap_or(0);
        name.push(char::from(b'A' + letter));
        rest /= 26;
    }
    name.iter().rev().collect()
}

/// The position of a column named by letters.
pub(super) fn column_index(name: &str) -> Option<usize> {
    if name.is_empty() || name.len() > 3 || !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let number =
        name.bytes().fold(0_usize, |sum, byte| sum * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_named_as_a_spreadsheet_names_it() {
        for (index, name) in [(0, "A"), (25, "Z"), (26, "AA"), (170, "FO"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(letters(index), name);
            assert_eq!(column_index(name), Some(index));
        }
        assert_eq!(column_index("A1"), None);
    }

    #[test]
    fn a_long_cell_is_cut() {
        assert_eq!(shown(&"x".repeat(60)), format!("{}…", "x".repeat(40)));
        assert_eq!(shown("two\nlines"), "two lines");
    }
}
