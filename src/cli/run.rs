//! `run`: the daemon.

use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::error::CommandError;
use super::{Environment, Opened, logging, open_keeping, own_part, stop};
use crate::config::{self, Settings};
use crate::daemon::{Daemon, Reload};
use crate::shard::Shard;
use crate::store::EmbeddedStore;
use crate::store::mirror::MirrorFeed;

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
    let Opened { keeping, state_is_fresh, embedded } = open_keeping(&settings)?;
    let mirror = mirror(&settings, embedded).await?;
    let data_dir = settings.data_dir.clone();
    let daemon = Daemon::build(settings, keeping)
        .await
        .map_err(|error| CommandError::caused("cannot start", error))?;
    let daemon = if state_is_fresh { daemon.recovering_cursors() } else { daemon };
    let daemon = if let Some(mirror) = mirror { daemon.mirroring(mirror) } else { daemon };
    tracing::info!(data_dir = %data_dir.display(), "starting");
    let stopped =
        daemon.run(shutdown, reloads).await.map_err(|error| CommandError::caused("cannot run", error))?;
    tracing::info!(late = stopped.late.len(), "stopped");
    Ok(())
}

/// The feed of a mirror. Where there is to be none, the store writes down no change for one any more.
async fn mirror(
    settings: &Settings,
    embedded: Option<Arc<EmbeddedStore>>,
) -> Result<Option<MirrorFeed>, CommandError> {
    let Some(source) = embedded else { return Ok(None) };
    let Some(server) = settings.store.mirror() else {
        source.end_mirror().await.map_err(|error| CommandError::caused("cannot end the mirror", error))?;
        return Ok(None);
    };
    let target =
        server.open_store().map_err(|error| CommandError::caused("cannot open the mirror", error))?;
    Ok(Some(MirrorFeed { source, target: own_part(settings, target), name: server.store_name() }))
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
