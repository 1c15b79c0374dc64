//! Metrics of a form made with GOV.UK Forms: how often it was started and completed.
//!
//! There is no way to ask GOV.UK Forms for them; a person downloads the file. It is a table like any
//! other, so that the spreadsheet kind reads it; what is known about it beforehand is in `config`.

mod config;

use std::sync::Arc;

use crate::spreadsheet::Spreadsheet;
use crate::spreadsheet::header;
use crate::spreadsheet::plan::Plan;
use crate::spreadsheet::read::{self, Outcome};
use crate::spreadsheet::table::Table;
use crate::{Collector, Kind, Reason, SettingProblems};

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "govuk_forms",
    summary: "metrics files of GOV.UK Forms: started and completed, by day",
    reasons: &Reason::ALL_BUT_QUOTA,
    purge_guard_days: None,
    build,
};

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(Spreadsheet::new(config::plan(table)?, read)))
}

/// Reads a file. Its newest day is provisional: it was counted within hours of its end, and the next
/// file has it again.
fn read(plan: &Plan, file: &str, bytes: &[u8]) -> Outcome {
    let mut outcome = read::read(plan, file, bytes);
    if let Outcome::Figures(batch) = &mut outcome {
        if let Some(missing) = missing_column(plan, file, bytes) {
            let message = format!(
                "{file}: no column {missing:?}; download the metrics again, and leave the file as it is"
            );
            return Outcome::Rejected { message, details: Vec::new() };
        }
        let newest = batch.figures().map(|(_, point)| point.period).max();
        for point in batch.series.iter_mut().filter_map(|series| series.points.last_mut()) {
            point.quality.provisional |= Some(point.period) == newest;
        }
    }
    outcome
}

/// A column of figures that is not there. To the spreadsheet kind that is another edition; here it is
/// another file.
fn missing_column(plan: &Plan, file: &str, bytes: &[u8]) -> Option<&'static str> {
    let table = Table::open(plan, file, bytes).ok()?;
    let header = header::find(plan, &table, file).ok()?;
    let there = |column: &&str| header.names.iter().any(|name| name.eq_ignore_ascii_case(column));
    ["Started", "Completed"].into_iter().find(|column| !there(column))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_file_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300), body in "[0-9/,\"\nA-z ]{0,200}") {
            let plan = super::config::plan(&"file = \"x.csv\"\nservice = \"a\"".parse().unwrap()).unwrap();
            let _ = super::read(&plan, "x.csv", &bytes);
            let _ = super::read(&plan, "x.csv", format!("Date,Started,Completed\n{body}").as_bytes());
        }
    }
}
