//! Connections that read beside the writer, each on a blocking thread for as long as it reads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Transaction};
use tokio::sync::Semaphore;

use super::fault::{Fault, Outcome};
use super::schema::open_for_reading;
use crate::store::StoreError;

/// Readers are the snapshot's rebuild, an export and a person asking: more wait their turn.
const CONNECTIONS: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Arc<Self> {
        Arc::new(Self { file, idle: Mutex::default(), permits: Arc::new(Semaphore::new(CONNECTIONS)) })
    }

    /// Runs a read against one state of the store, whatever is appended meanwhile.
    pub(super) async fn run<T, F>(self: &Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Outcome<T> + Send + 'static,
    {
        let unavailable = |problem: String| Fault::Unavailable(problem).at(&self.file);
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        let readers = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            let outcome = readers.read(work);
            drop(permit);
            outcome
        });
        reading.await.map_err(|error| unavailable(error.to_string()))?.map_err(|fault| fault.at(&self.file))
    }

    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Outcome<T>) -> Outcome<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => open_for_reading(&self.file)?,
        };
        let outcome = work(&connection.transaction()?);
        // A connection that failed is closed rather than trusted again.
        if outcome.is_ok() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        outcome
    }
}
