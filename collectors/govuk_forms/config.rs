//! Settings as written in configuration, and the spreadsheet settings they stand for.

use std::collections::BTreeMap;

use kpi::ServiceId;
use serde::Deserialize;
use toml::{Table, Value};

use crate::spreadsheet::plan::{self, Plan};
use crate::{SettingProblem, SettingProblems, settings};

/// Changes whenever the same file would be read differently.
const READER_VERSION: &str = "govuk_forms 1";

/// Everything that may be set; where the file is goes on to the spreadsheet kind as it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[expect(dead_code, reason = "handed on")]
    file: Option<String>,
    #[expect(dead_code, reason = "handed on")]
    folder: Option<String>,
    #[expect(dead_code, reason = "handed on")]
    pattern: Option<String>,
    #[expect(dead_code, reason = "handed on")]
    url: Option<String>,
    #[expect(dead_code, reason = "handed on")]
    timeout_secs: Option<u64>,
    #[expect(dead_code, reason = "handed on")]
    max_bytes: Option<u64>,
    #[expect(dead_code, reason = "handed on")]
    on_error: Option<String>,
    service: Option<ServiceId>,
    filename: Option<String>,
    #[expect(dead_code, reason = "handed on")]
    services: Option<BTreeMap<String, ServiceId>>,
}

const HANDED_ON: [&str; 9] =
    ["file", "folder", "pattern", "url", "timeout_secs", "max_bytes", "on_error", "filename", "services"];

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
    let settings: Settings = settings::parse(table)?;
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
    let mut spreadsheet: Table = LAYOUT.parse().unwrap_or_default();
    for key in HANDED_ON {
        if let Some(value) = table.get(key) {
            spreadsheet.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(Value::Table(columns)) = spreadsheet.get_mut("columns") {
        let source = Table::from_iter([(service.0.to_owned(), Value::String(service.1.to_owned()))]);
        columns.insert("service".to_owned(), Value::Table(source));
    }
    let mut plan = plan::plan(&spreadsheet)?;
    plan.fingerprint = format!("{READER_VERSION}, {}", plan.fingerprint);
    Ok(plan)
}
