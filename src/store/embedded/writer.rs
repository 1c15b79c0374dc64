//! The one connection that writes, on a thread of its own.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::{Fault, Outcome};
use super::schema::{open_for_writing, with_suffix};
use crate::store::StoreError;

/// Submissions waiting to be written. Each holds up to a batch in memory, and a collector that
/// waits loses nothing.
const WAITING_JOBS: usize = 8;
/// From this size on, the log is written back and cut as soon as the submission is acknowledged.
const LONG_LOG_BYTES: u64 = 32 << 20;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Runs jobs in order. Dropping it waits for those already handed over.
#[derive(Debug)]
pub(super) struct Writer {
    file: PathBuf,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Takes the lock, opens the file and starts the thread.
    pub(super) fn start(file: &Path) -> Result<Self, StoreError> {
        let lock = lock(file)?;
        let mut connection = open_for_writing(file).map_err(|fault| fault.at(file))?;
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_JOBS);
        let log = with_suffix(file, "-wal");
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                while let Some(job) = waiting.blocking_recv() {
                    job(&mut connection);
                    shorten_log(&connection, &log);
                }
                // The lock goes last: whoever takes it next finds a file that nobody has open.
                drop(connection);
                drop(lock);
            })
            .map_err(|error| Fault::Unavailable(error.to_string()).at(file))?;
        Ok(Self { file: file.to_owned(), jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs a job after those before it. Once handed over it runs to its end, also when the caller
    /// stops waiting.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Outcome<T> + Send + 'static,
    {
        let stopped = || Fault::Unavailable("its writer has stopped".to_owned()).at(&self.file);
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Nobody listens where the caller stopped waiting.
            let _ = answer.send(work(connection));
        });
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(job).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?.map_err(|fault| fault.at(&self.file))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An advisory lock on a file beside the store's. The system lets go of it when the process ends,
/// however it ends, so none is ever stale.
fn lock(file: &Path) -> Result<File, StoreError> {
    let path = with_suffix(file, ".lock");
    let unavailable =
        |error: std::io::Error| Fault::Unavailable(format!("{}: {error}", path.display())).at(file);
    let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(unavailable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { place: file.display().to_string() }),
        Err(TryLockError::Error(error)) => Err(unavailable(error)),
    }
}

/// Failing to is harmless: the log is read as it is, and the next submission tries again.
fn shorten_log(connection: &Connection, log: &Path) {
    if std::fs::metadata(log).is_ok_and(|log| log.len() > LONG_LOG_BYTES) {
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}
