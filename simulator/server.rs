//! A stand-in as a server on loopback.

use std::net::Ipv4Addr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::StartError;

/// A port that is taken and not served yet: addresses are known before any stand-in is made.
pub(crate) struct Bound {
    listener: TcpListener,
    pub(crate) address: String,
}

impl Bound {
    pub(crate) async fn at(port: u16) -> Result<Self, StartError> {
        let bind = |source| StartError::Bind { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(bind)?;
        let address = format!("http://{}", listener.local_addr().map_err(bind)?);
        Ok(Self { listener, address })
    }

    pub(crate) fn serve(self, router: Router) -> Server {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async {
                // A sender that is gone means the same as one that has spoken.
                let _ = stopped.await;
            };
            axum::serve(self.listener, router).with_graceful_shutdown(stopped).await
        });
        Server { address: self.address, stop, task }
    }
}

/// A stand-in that is being served; dropping it stops it.
pub(crate) struct Server {
    pub(crate) address: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Takes no more connections. One that is in the middle of a slow answer is not waited for.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.task.abort();
        let _ = self.task.await;
    }
}
