//! Settings as written in configuration, and the spreadsheet settings they stand for.

use std::collections::{BTreeMap, HashMap};

use kpi::ServiceId;
use serde::Deserialize;
use toml::Table;

use crate::spreadsheet::plan::{self, Plan};
use crate::{SettingProblems, settings};

/// Changes whenever the same file would be read differently.
const READER_VERSION: &str = "feedback_explorer 1";

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
    filename: Option<String>,
    #[expect(dead_code, reason = "handed on")]
    on_error: Option<String>,
    #[serde(default)]
    services: BTreeMap<String, ServiceId>,
}

const HANDED_ON: [&str; 9] =
    ["file", "folder", "pattern", "url", "timeout_secs", "max_bytes", "filename", "on_error", "services"];

/// The columns of the export, put in the roles of the spreadsheet kind.
const LAYOUT: &str = r#"
layout = "long"
format = "csv"

[columns]
service = "path or service name"
period = "creation date"
measure = "type"
value = "feedback"
channel = { value = "digital" }

[periods]
kind = "day"
formats = ["date", "day_month_year"]
"#;

/// Services by slug; empty where every slug is wanted and is a service id.
pub(super) type Services = HashMap<String, ServiceId>;

/// Checks settings; nothing is opened.
pub(super) fn plan(table: &Table) -> Result<(Plan, Services), SettingProblems> {
    let settings: Settings = settings::parse(table)?;
    let mut spreadsheet: Table = LAYOUT.parse().unwrap_or_default();
    for key in HANDED_ON {
        if let Some(value) = table.get(key) {
            spreadsheet.insert(key.to_owned(), value.clone());
        }
    }
    let mut plan = plan::plan(&spreadsheet)?;
    plan.fingerprint = format!("{READER_VERSION}, {}", plan.fingerprint);
    let services = settings
        .services
        .into_iter()
        .map(|(slug, id)| (super::read::slug(&slug).to_lowercase(), id))
        .collect();
    Ok((plan, services))
}
