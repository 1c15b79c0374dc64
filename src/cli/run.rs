//! `run`: the daemon.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::error::CommandError;
use super::{Environment, Opened, logging, open_keeping, stop};
use crate::config;
use crate::daemon::{Daemon, Reload};
use crate::shard::Shard;

/// Run the daemon: collect on schedule, and serve metrics and the API until it is told to stop.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Which part of the services is this instance's own, where several share them: 2/8 is the second of
    /// eight. The same as shard in the configuration.
    #[arg(long, value_name = "NUMBER/COUNT")]
    pub(super) shard: Option<Shard>,
}

pub(super) async fn run(environment: &Environment) -> Result<(), CommandError> {
    // Before anything slow, so that a stop during the start is not lost.
    let shutdown = stop::on_signal()?;
    let reloads = reload_on_signal(environment)?;
    let settings = environment.settings()?;
    logging::start(&settings.log)?;
    let Opened { keeping, state_is_fresh } = open_keeping(&settings)?;
    let data_dir = settings.data_dir.clone();
    let daemon = Daemon::build(settings, keeping)
        .await
        .map_err(|error| CommandError::caused("cannot start", error))?;
    let daemon = if state_is_fresh { daemon.recovering_cursors() } else { daemon };
    tracing::info!(data_dir = %data_dir.display(), "starting");
    let stopped =
        daemon.run(shutdown, reloads).await.map_err(|error| CommandError::caused("cannot run", error))?;
    tracing::info!(late = stopped.late.len(), "stopped");
    Ok(())
}

/// Configurations read anew, one each time the usual signal for it comes.
fn reload_on_signal(environment: &Environment) -> Result<mpsc::Receiver<Reload>, CommandError> {
    let mut hangup = signal(SignalKind::hangup())
        .map_err(|error| CommandError::caused("cannot listen for signals", error))?;
    let (send, reloads) = mpsc::channel(1);
    let source = environment.source.clone();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let source = source.clone();
            let read = tokio::task::spawn_blocking(move || config::load(&source)).await;
            if let Ok(reload) = read
                && send.send(reload).await.is_err()
            {
                break;
            }
        }
    });
    Ok(reloads)
}
