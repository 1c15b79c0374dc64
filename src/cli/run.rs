//! `run`: the daemon.

use clap::Args;

use super::error::CommandError;
use super::{Environment, logging, stop};
use crate::daemon::Daemon;

/// Run the daemon: collect on schedule, and serve metrics and the API until it is told to stop.
#[derive(Debug, Args)]
pub(super) struct Run {}

pub(super) async fn run(_: &Run, environment: &Environment) -> Result<(), CommandError> {
    // Before anything slow, so that a stop during the start is not lost.
    let shutdown = stop::on_signal()?;
    let settings = environment.settings()?;
    logging::start(&settings.log)?;
    let keeping = environment.keeping(&settings)?;
    let data_dir = settings.data_dir.clone();
    let daemon = Daemon::build(settings, &keeping)
        .await
        .map_err(|error| CommandError::caused("cannot start", error))?;
    tracing::info!(data_dir = %data_dir.display(), "starting");
    let stopped = daemon.run(shutdown).await.map_err(|error| CommandError::caused("cannot run", error))?;
    tracing::info!(late = stopped.late.len(), "stopped");
    Ok(())
}
