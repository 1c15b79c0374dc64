//! Settings as written in configuration, and the spreadsheet settings they stand for.

use std::collections::HashMap;

use kpi::ServiceId;
use toml::Table;

use crate::spreadsheet::known_layout;
use crate::spreadsheet::plan::Plan;
use crate::{SettingProblem, SettingProblems};

/// Changes whenever the same file would be read differently.
const READER_VERSION: &str = "feedback_explorer 1";

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
    let settings = known_layout::settings(table)?;
    if settings.service.is_some() {
        let message =
            "an export holds ratings of many services; take it out, and name the slugs in `services`";
        return Err(vec![SettingProblem::new("service", message)]);
    }
    let plan = known_layout::plan(table, LAYOUT, None, READER_VERSION)?;
    let by_slug = |(slug, id): (String, ServiceId)| (super::read::slug(&slug).to_lowercase(), id);
    Ok((plan, settings.services.into_iter().map(by_slug).collect()))
}
