//! `import`: figures from a file that `export` wrote.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::error::CommandError;
use super::{Environment, progress};
use crate::exchange::{read_csv, read_json_lines, submissions};
use crate::store::Store;

/// Read figures from a file in the form `export` writes. Nothing is stored unless all of it can be read.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// A file whose name ends in .csv, .json or .jsonl.
    file: PathBuf,
}

pub(super) async fn run(command: Import, environment: &Environment) -> Result<(), CommandError> {
    let path = &command.file;
    let failed = |error: crate::exchange::RecordError| {
        CommandError::caused(format!("cannot import {}", path.display()), error)
    };
    let file = File::open(path)
        .map_err(|error| CommandError::caused(format!("cannot open {}", path.display()), error))?;
    let records = match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => read_csv(BufReader::new(file)).map_err(failed)?,
        Some("json" | "jsonl") => read_json_lines(BufReader::new(file)).map_err(failed)?,
        _ => {
            return Err(CommandError::Usage(format!(
                "{}: only files whose names end in .csv, .json or .jsonl can be imported",
                path.display()
            )));
        }
    };
    let submissions = submissions(records).map_err(failed)?;
    let settings = environment.settings()?;
    let store = environment.write_store(&settings)?;
    let bar = progress::bar(submissions.len() as u64, "batches");
    let (mut new, mut unchanged, mut revised, mut foreign) = (0, 0, 0, 0);
    for submission in submissions {
        let accepted = store
            .append(Arc::new(submission))
            .await
            .map_err(|error| CommandError::caused("cannot store the figures", error))?;
        new += accepted.new;
        unchanged += accepted.unchanged;
        revised += accepted.revised.len();
        foreign += accepted.foreign.len();
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!("imported: {new} new, {unchanged} unchanged, {revised} revised");
    if foreign > 0 {
        return Err(CommandError::Failed(format!(
            "{foreign} series were left out because another collector feeds them"
        )));
    }
    Ok(())
}
