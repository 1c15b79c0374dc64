//! `alerts list`: open alerts, and past ones too.

use std::io::Write;

use clap::Args;

use super::super::error::CommandError;
use super::super::{Environment, table};
use crate::alerts::state::{AlertBook, Kept};
use crate::alerts::{AlertRecord, Subject, csv, message};
use crate::state::StateDb;

/// List open alerts; beside a running daemon too.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Past alerts too, the newest first.
    #[arg(long)]
    all: bool,
    /// One JSON object a line.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// CSV with a header.
    #[arg(long)]
    csv: bool,
}

/// Past alerts listed at most.
const MOST: u32 = 10_000;

pub(super) async fn run(command: &List, environment: &Environment) -> Result<(), CommandError> {
    let settings = environment.settings()?;
    let state = StateDb::open_read_only(&settings.data_dir, settings.shard)
        .map_err(|error| CommandError::caused("cannot open the state of alerts", error))?;
    let kept = match state.map(AlertBook::new) {
        None => Vec::new(),
        Some(book) => if command.all { book.newest(MOST).await } else { book.open().await }
            .map_err(|error| CommandError::caused("cannot read the state of alerts", error))?,
    };
    let mut out = std::io::stdout().lock();
    let records = || kept.iter().map(AlertRecord::of);
    let written = if command.json {
        records().try_for_each(|record| {
            serde_json::to_writer(&mut out, &record)?;
            out.write_all(b"\n")
        })
    } else if command.csv {
        let records: Vec<AlertRecord> = records().collect();
        let text = csv(&records).map_err(|error| CommandError::caused("cannot write CSV", error))?;
        out.write_all(text.as_bytes())
    } else if kept.is_empty() {
        let which = if command.all { "there has been no alert" } else { "no alert is open" };
        writeln!(out, "{which}")
    } else {
        out.write_all(shown(&kept).as_bytes())
    };
    written.map_err(|error| CommandError::caused("cannot write to standard output", error))
}

fn shown(kept: &[Kept]) -> String {
    let mut cells =
        vec![["Since", "Severity", "Rule", "About", "Found", "Ended"].map(str::to_owned).to_vec()];
    for one in kept {
        let alert = &one.alert;
        let about = match &alert.subject {
            Subject::Service(id) => id.to_string(),
            Subject::Source(name) => format!("source {name}"),
        };
        let day = |at: jiff::Timestamp| at.to_zoned(kpi::period::london()).date().to_string();
        let ended = alert.resolution.map_or_else(
            || "open".to_owned(),
            |end| format!("{} {}", day(end.at), end.why.as_str().replace('_', " ")),
        );
        cells.push(vec![
            day(alert.raised_at),
            alert.severity.as_str().to_owned(),
            alert.rule.as_str().replace('_', " "),
            about,
            message::headline(alert),
            ended,
        ]);
    }
    table::aligned(&cells, 6)
}
