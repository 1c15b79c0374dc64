//! The format of a calendar file: `date,name`, a line each, in order; lines that begin with `#` are remarks.

use std::collections::BTreeMap;

use jiff::civil::Date;

/// A text that is not a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// A line is not a holiday.
    #[error("line {line}: {text:?} is not a holiday; write it as 2026-12-25,Christmas Day")]
    Malformed {
        /// Line in the file, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// A date is not after the one before it.
    #[error("line {line}: {date} does not come after the date before it; put each date once, in order")]
    OutOfOrder {
        /// Line in the file, from 1.
        line: usize,
        /// The date.
        date: Date,
    },
    /// There is no holiday in it.
    #[error("there is no holiday in it; give at least one line such as 2026-12-25,Christmas Day")]
    Empty,
}

pub(super) fn holidays(text: &str) -> Result<BTreeMap<Date, String>, CalendarError> {
    let mut days = BTreeMap::new();
    for (index, text) in text.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') || text == "date,name" {
            continue;
        }
        let line = index + 1;
        let malformed = || CalendarError::Malformed { line, text: text.to_owned() };
        let (date, name) = text.split_once(',').ok_or_else(malformed)?;
        let date: Date = date.trim().parse().map_err(|_| malformed())?;
        let name = name.trim();
        if name.is_empty() {
            return Err(malformed());
        }
        if days.last_key_value().is_some_and(|(before, _)| *before >= date) {
            return Err(CalendarError::OutOfOrder { line, date });
        }
        days.insert(date, name.to_owned());
    }
    if days.is_empty() { Err(CalendarError::Empty) } else { Ok(days) }
}
