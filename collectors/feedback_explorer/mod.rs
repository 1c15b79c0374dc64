//! Ratings of services from exports of Feedback Explorer.
//!
//! There is no way to ask for them; a person has a file made. Where files are, and which of them
//! changed, is the business of the spreadsheet kind; `read` knows what their rows mean.

mod config;
mod read;

use std::sync::Arc;

use crate::spreadsheet::Spreadsheet;
use crate::{Collector, Kind, Reason, SettingProblems};

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "feedback_explorer",
    summary: "exports of Feedback Explorer: ratings from 1 to 5 given on the pages where services end",
    reasons: &Reason::ALL_BUT_QUOTA,
    purge_guard_days: None,
    build,
};

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    let (plan, services) = config::plan(table)?;
    Ok(Arc::new(Spreadsheet::new(plan, move |plan, file, bytes| read::read(plan, &services, file, bytes))))
}
