//! `kpi`: the KPIs as a table, JSON lines or CSV.

use std::io::Write;

use clap::Args;
use collectors::{Clock, SystemClock};

use super::error::CommandError;
use super::{Environment, table};
use crate::report::{self, RequestText, Wanted};
use crate::store::Access;

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
    let settings = environment.settings()?;
    let store = super::open_store(&settings, Access::Read)?;
    let rows = report::report(&request, store.as_ref(), &settings.services, SystemClock.now())
        .await
        .map_err(|error| CommandError::caused("cannot read the figures", error))?;
    if rows.is_empty() {
        return Err(CommandError::Failed(nothing(&request)));
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

/// What there is nothing of, and where there may be something.
fn nothing(request: &report::Request) -> String {
    let whose =
        request.service.as_ref().map_or_else(String::new, |service| format!(" for service {service}"));
    let period = match request.period {
        Wanted::Newest(kind) => format!("for any {kind}"),
        Wanted::One(period) => format!("for {period}"),
    };
    let known = request.known_at.map_or_else(String::new, |at| {
        format!(" as known at the end of {}", at.to_zoned(kpi::period::london()).date())
    });
    format!(
        "there are no figures{whose} {period}{known}; `pp-collector store stats` says what there is, \
         `pp-collector collect --all` collects"
    )
}
