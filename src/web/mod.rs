//! The web server: metrics, health and the JSON API.

mod alerts;
mod api;
mod error;
mod figures;
mod health;
mod metrics;
mod push;
mod router;

use std::future::Future;
use std::sync::Arc;

use axum::serve::ListenerExt as _;
use collectors::Clock;
use tokio::net::TcpListener;

use crate::alerts::state::AlertBook;
use crate::metrics::Metrics;
use crate::run::PushDoor;
use crate::snapshot::Snapshots;
use crate::store::Store;

pub use health::Readiness;
pub use router::router;

/// What handlers read.
#[derive(Clone)]
pub struct Shared {
    /// The current picture.
    pub snapshots: Arc<Snapshots>,
    /// For history, which the snapshot does not hold.
    pub store: Arc<dyn Store>,
    /// `/metrics`.
    pub metrics: Metrics,
    /// Open and past alerts.
    pub alerts: AlertBook,
    /// Whether `/readyz` says yes.
    pub readiness: Arc<Readiness>,
    /// Takes in what is pushed.
    pub push: Arc<PushDoor>,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

/// Serves until `shutdown` resolves, then finishes the requests under way.
pub async fn serve(
    listener: TcpListener,
    shared: Shared,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // Without this the end of a large answer waits for the client's delayed acknowledgement, 40 ms.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    axum::serve(listener, router(shared)).with_graceful_shutdown(shutdown).await
}
