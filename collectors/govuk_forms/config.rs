//! Settings as written in configuration, and the spreadsheet settings they stand for.

use toml::Table;

use crate::spreadsheet::known_layout;
use crate::spreadsheet::plan::Plan;
use crate::{SettingProblem, SettingProblems};

/// Changes whenever the same file would be read differently.
const READER_VERSION: &str = "govuk_forms 1";

/// The layout of the metrics file that the admin pages of GOV.UK Forms give. The two columns that follow
/// from the others are not read: one of them holds the words "No starts".
const LAYOUT: &str = r#"
layout = "wide"
format = "csv"

[columns]
period = "Date"
channel = { value = "digital" }

[[figures]]
header = "Started"
measure = "started"

[[figures]]
header = "Completed"
measure = "completed"

[periods]
kind = "day"
formats = ["day_month_year"]
"#;

/// Checks settings; nothing is opened.
pub(super) fn plan(table: &Table) -> Result<Plan, SettingProblems> {
    let settings = known_layout::settings(table)?;
    let service = match (&settings.service, &settings.filename) {
        (Some(service), _) => ("value", service.as_str()),
        (None, Some(filename)) if filename.contains("<form>") => ("filename", "form"),
        (None, Some(_)) => {
            let message = "no group named \"form\"; write one as (?<form>…), or name the `service`";
            return Err(vec![SettingProblem::new("filename", message)]);
        }
        (None, None) => {
            let message = "this key is missing; name the service, or set `filename` where each form has a file of its \
                           own";
            return Err(vec![SettingProblem::new("service", message)]);
        }
    };
    known_layout::plan(table, LAYOUT, Some(service), READER_VERSION)
}
