//! Settings that serde can read and that do not fit together.

use jiff::tz::TimeZone;

use super::{SettingProblem, SettingProblems};

/// Collects what does not fit, so that all of it is told at once.
#[derive(Debug, Default)]
pub(crate) struct Check {
    pub(crate) problems: SettingProblems,
}

impl Check {
    pub(crate) fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(SettingProblem::new(path, message));
    }

    /// The time zone of that name; London where none is named.
    pub(crate) fn time_zone(&mut self, path: &str, name: Option<&str>) -> TimeZone {
        let Some(name) = name else { return kpi::period::london() };
        TimeZone::get(name).unwrap_or_else(|_| {
            self.problem(path, format!("{name:?} is not a time zone; give a name such as \"Europe/London\""));
            TimeZone::UTC
        })
    }

    /// Refuses zero, for what is nothing with it.
    pub(crate) fn at_least_one(&mut self, path: &str, number: Option<impl Into<u64>>) {
        if number.is_some_and(|number| number.into() == 0) {
            self.problem(path, "0 would ask nothing; give 1 or more");
        }
    }

    /// The settings, unless something did not fit.
    pub(crate) fn finish<T>(self, settings: T) -> Result<T, SettingProblems> {
        if self.problems.is_empty() { Ok(settings) } else { Err(self.problems) }
    }
}
