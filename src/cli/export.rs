//! `export`: figures out of the store.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use kpi::ServiceId;

use super::Environment;
use super::error::CommandError;
use crate::exchange::{Record, write_csv, write_json_lines};
use crate::report::known_at;
use crate::store::{Access, Query};

/// Write figures to a file or to standard output: each with its current value, or as it was known on a
/// day. Superseded values and descriptions of services stay in the store; `store backup` copies all of it.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The form of the file.
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    format: Form,
    /// Where to; standard output where not given.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// This service only; may be given more than once.
    #[arg(long, value_name = "SERVICE")]
    service: Vec<ServiceId>,
    /// Periods that start on this day or later.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Periods that start before this day.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// As it was known at the end of this day.
    #[arg(long, value_name = "DATE")]
    as_known_on: Option<String>,
}

/// The form of a file of figures.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Form {
    /// One row a figure, with a header.
    Csv,
    /// One JSON object a line.
    Json,
}

pub(super) async fn run(command: Export, environment: &Environment) -> Result<(), CommandError> {
    let known_at = command.as_known_on.as_deref().map(known_at).transpose().map_err(CommandError::Usage)?;
    let settings = environment.settings()?;
    let store = super::open_store(&settings, Access::Read)?;
    let query = Query {
        services: (!command.service.is_empty()).then_some(command.service),
        from: command.from,
        to: command.to,
        known_at,
        ..Query::default()
    };
    let series =
        store.series(&query).await.map_err(|error| CommandError::caused("cannot read the figures", error))?;
    let records: Vec<Record> = series.iter().flat_map(Record::of_series).collect();
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        CommandError::caused("cannot write the figures", error)
    };
    let mut to: Box<dyn Write> = match &command.output {
        None => Box::new(std::io::stdout().lock()),
        Some(path) => Box::new(BufWriter::new(
            File::create(path)
                .map_err(|error| CommandError::caused(format!("cannot create {}", path.display()), error))?,
        )),
    };
    match command.format {
        Form::Csv => write_csv(&records, &mut to).map_err(|error| failed(error.into()))?,
        Form::Json => write_json_lines(&records, &mut to).map_err(|error| failed(error.into()))?,
    }
    to.flush().map_err(|error| failed(error.into()))?;
    if let Some(path) = &command.output {
        eprintln!("{} figures written to {}", records.len(), path.display());
    }
    Ok(())
}
