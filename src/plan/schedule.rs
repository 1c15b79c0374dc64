//! A cron expression in a named time zone.

use jiff::tz::TimeZone;

/// When a collector runs.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    zone: TimeZone,
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a schedule: {problem}")]
pub struct ScheduleError {
    /// The text given.
    pub text: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl Schedule {
    /// Reads a cron expression of 5, 6 or 7 fields.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, ScheduleError> {
        Ok(Self { text: text.to_owned(), zone })
    }

    /// The expression as given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone it runs in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}
