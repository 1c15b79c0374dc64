//! `kpi`: the KPIs as a table, JSON lines or CSV.

use std::io::Write;

use clap::Args;
use collectors::{Clock, SystemClock};

use super::error::CommandError;
use super::{Environment, table};
use crate::report::{self, By, RequestText};

/// Show the KPIs of services, departments or government.
#[derive(Debug, Args)]
pub(super) struct Kpi {
    #[command(flatten)]
    request: RequestText,
    /// One JSON object a line.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// CSV with a header.
    #[arg(long)]
    csv: bool,
}

pub(super) async fn run(command: Kpi, environment: &Environment) -> Result<(), CommandError> {
    let request = command.request.parse().map_err(|problems| CommandError::Usage(problems.join("\n")))?;
    if request.by != By::Service && request.service.is_some() {
        return Err(CommandError::Usage(
            "a service is reported by service; leave out --by, or the service".to_owned(),
        ));
    }
    let settings = environment.settings()?;
    let store = environment.read_store(&settings)?;
    let rows = report::report(&request, &store, &settings.services, SystemClock.now())
        .await
        .map_err(|error| CommandError::caused("cannot read the figures", error))?;
    if let (Some(service), true) = (&request.service, rows.is_empty()) {
        return Err(CommandError::Failed(format!(
            "there are no figures for service {service}; `pp-collector kpi` lists those there are"
        )));
    }
    let mut out = std::io::stdout().lock();
    let written = if command.json {
        rows.iter().try_for_each(|row| {
            serde_json::to_writer(&mut out, row)?;
            out.write_all(b"\n")
        })
    } else if command.csv {
        let text = report::csv(&rows).map_err(|error| CommandError::caused("cannot write CSV", error))?;
        out.write_all(text.as_bytes())
    } else {
        out.write_all(table::render(&rows).as_bytes())
    };
    written.map_err(|error| CommandError::caused("cannot write to standard output", error))
}
