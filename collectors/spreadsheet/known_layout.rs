//! Settings of kinds that are files of one known layout: where the files are, and whose figures they hold.

use std::collections::BTreeMap;

use kpi::ServiceId;
use serde::Deserialize;
use toml::{Table, Value};

use super::plan::{self, Plan};
use crate::{SettingProblems, settings};

/// Everything that may be set. Where files are is handed on to the spreadsheet kind, which checks it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
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
    pub(crate) filename: Option<String>,
    /// The service of every file.
    pub(crate) service: Option<ServiceId>,
    /// Services by their names in the files.
    #[serde(default)]
    pub(crate) services: BTreeMap<String, ServiceId>,
}

/// The keys that go on to the spreadsheet kind as they are.
const HANDED_ON: [&str; 9] =
    ["file", "folder", "pattern", "url", "timeout_secs", "max_bytes", "on_error", "filename", "services"];

/// Reads the settings; nothing is opened.
pub(crate) fn settings(table: &Table) -> Result<Settings, SettingProblems> {
    settings::parse(table)
}

/// The plan for files of a layout: settings of the spreadsheet kind, in TOML. `service` replaces the column
/// of services. `reader` changes whenever the same file would be read differently.
pub(crate) fn plan(
    table: &Table,
    layout: &str,
    service: Option<(&str, &str)>,
    reader: &str,
) -> Result<Plan, SettingProblems> {
    let mut spreadsheet: Table = layout.parse().unwrap_or_default();
    for key in HANDED_ON {
        if let Some(value) = table.get(key) {
            spreadsheet.insert(key.to_owned(), value.clone());
        }
    }
    if let (Some((key, value)), Some(Value::Table(columns))) = (service, spreadsheet.get_mut("columns")) {
        let source = Table::from_iter([(key.to_owned(), Value::String(value.to_owned()))]);
        columns.insert("service".to_owned(), Value::Table(source));
    }
    let mut plan = plan::plan(&spreadsheet)?;
    plan.fingerprint = format!("{reader}, {}", plan.fingerprint);
    Ok(plan)
}
