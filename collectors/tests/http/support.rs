use std::sync::{Arc, Mutex};
use std::time::Duration;

use collectors::clock::ManualClock;
use collectors::http::{Address, Http, client};
use collectors::{Randomness, SecretRef};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::MockServer;

/// Looked for in every message: it is the value of every credential here.
pub(crate) const CANARY: &str = "sesame+open/42=";

/// A time-out that only a hand on the clock brings about.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(30);

/// Always the longest wait, so that its length can be told.
pub(crate) struct Highest;

impl Randomness for Highest {
    fn up_to(&self, longest: Duration) -> Duration {
        longest
    }
}

/// The layer on a clock that skips the waits between attempts.
pub(crate) fn layer() -> (Http, ManualClock) {
    let clock = ManualClock::new("2026-11-16T09:00:00Z".parse().unwrap()).skipping_sleeps();
    (Http::new(client().unwrap(), Arc::new(clock.clone()), Arc::new(Highest)), clock)
}

pub(crate) fn address(server: &MockServer) -> Address {
    Address::parse(&server.uri()).unwrap()
}

/// A file that holds a secret, gone with the folder.
pub(crate) struct SecretFile {
    folder: tempfile::TempDir,
}

impl SecretFile {
    pub(crate) fn holding(secret: &str) -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap() };
        file.write(secret);
        file
    }

    pub(crate) fn write(&self, secret: &str) {
        std::fs::write(self.path(), secret).unwrap();
    }

    pub(crate) fn open(&self) -> collectors::Secret {
        SecretRef::File(self.path()).open()
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("secret")
    }
}

/// Every text of an error that somebody might see.
pub(crate) fn shown(error: &collectors::CollectError) -> String {
    format!("{error} {error:?} {:?} {:?}", error.details(), std::error::Error::source(error))
}

/// What a raw server does once it has read a request.
#[derive(Clone)]
pub(crate) enum Then {
    /// Writes these bytes and closes the connection.
    Close(Vec<u8>),
    /// Writes these bytes and then nothing for ever.
    Hang(Vec<u8>),
    /// Writes the first bytes, then the second ones again and again.
    Repeat(Vec<u8>, Vec<u8>),
}

/// A server below HTTP. The last step is repeated for every further connection.
pub(crate) struct RawServer {
    pub(crate) address: Address,
    pub(crate) connections: Arc<Mutex<usize>>,
}

impl RawServer {
    pub(crate) async fn start(steps: Vec<Then>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let connections = Arc::new(Mutex::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = {
                    let mut count = counter.lock().unwrap();
                    *count += 1;
                    *count
                };
                let step = steps[(count - 1).min(steps.len() - 1)].clone();
                tokio::spawn(answer(stream, step));
            }
        });
        Self { address, connections }
    }
}

async fn answer(mut stream: TcpStream, step: Then) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    match step {
        Then::Close(bytes) => {
            let _ = stream.write_all(&bytes).await;
        }
        Then::Hang(bytes) => {
            let _ = stream.write_all(&bytes).await;
            std::future::pending::<()>().await;
        }
        Then::Repeat(first, again) => {
            let _ = stream.write_all(&first).await;
            while stream.write_all(&again).await.is_ok() {}
        }
    }
}
