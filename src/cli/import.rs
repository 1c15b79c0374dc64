//! `import`: figures from a file that `export` wrote.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use collectors::{Clock, SystemClock};
use kpi::{Batch, SeriesKey};

use super::error::CommandError;
use super::{Environment, progress};
use crate::exchange::{Record, read_csv, read_json_lines, submissions};
use crate::run::{Acceptance, Rules, ServiceBook, accept};
use crate::store::{Access, Query, Store, StoredPoint, Submission};

/// Read figures from a file in the form `export` writes. Nothing is stored unless all of it can be read.
///
/// A figure of the file that is older than what the store knows is left out. Descriptions of services
/// and superseded values are not in such a file; `store backup` keeps those too.
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
    let records: Vec<(u64, Record)> = match path.extension().and_then(|extension| extension.to_str()) {
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
    let store = super::open_store(&settings, Access::Write)?;
    let bar = progress::bar(submissions.len() as u64, "batches");
    let book = ServiceBook::new(&settings.services);
    let rules = Rules { book: &book, days: None, now: SystemClock.now() };
    let (mut new, mut unchanged, mut revised, mut foreign, mut older) = (0, 0, 0, 0, 0);
    for submission in submissions {
        let Submission { provenance, series, services } = submission;
        let batch = Batch { series, services, notes: Vec::new() };
        let Acceptance { mut submission, notes, .. } = accept(batch, provenance, &rules);
        for note in notes {
            eprintln!("note: {}: {}", note.place, note.text);
        }
        older += leave_out_older(&mut submission, store.as_ref()).await?;
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
    if older > 0 {
        println!("{older} figures of the file were left out: the store knows newer values of them");
    }
    if foreign > 0 {
        return Err(CommandError::Failed(format!(
            "{foreign} series were left out because another collector feeds them"
        )));
    }
    Ok(())
}

/// Takes out of a submission the figures of which the store holds a value collected later; gives how
/// many. To let an older file through would put back what has been corrected since.
async fn leave_out_older(submission: &mut Submission, store: &dyn Store) -> Result<usize, CommandError> {
    let all = submission.series.iter().map(|series| (&series.key, series.points.as_slice()));
    let Some(query) = Query::of_points(all) else { return Ok(0) };
    let held =
        store.series(&query).await.map_err(|error| CommandError::caused("cannot read the store", error))?;
    let held: HashMap<SeriesKey, Vec<StoredPoint>> =
        held.into_iter().map(|series| (series.key, series.points)).collect();
    let mut left_out = 0;
    for series in &mut submission.series {
        let Some(points) = held.get(&series.key) else { continue };
        series.points.retain(|point| {
            let found = points.binary_search_by_key(&point.period, |stored| stored.point.period);
            let newer = found.ok().and_then(|position| points.get(position)).is_some_and(|stored| {
                stored.point != *point && stored.collected_at > submission.provenance.collected_at
            });
            left_out += usize::from(newer);
            !newer
        });
    }
    Ok(left_out)
}
