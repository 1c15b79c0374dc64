//! What the daemon remembers of its own doing, in `state.db` of the data directory: runs, cursors,
//! bookmarks and backfills, alerts and what receivers were told of them.
//!
//! The store is the truth. This file may be lost: then sources are read again, which changes nothing
//! in the store. So a damaged one is moved aside and begun anew rather than refused.

mod file;
mod recover;
pub(crate) mod remember;

pub use file::{Opened, Quarantined};
pub use recover::{RecoverError, recover_cursors};

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::run::StateError;
use crate::shard::Shard;

/// Name of the file in the data directory.
pub const FILE_NAME: &str = "state.db";

/// Why the state cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "the state {place} is in use by another process; stop it first, or give this one a data_dir of its own"
    )]
    InUse {
        /// Which file.
        place: String,
    },
    /// It cannot be read or written for now.
    #[error("the state {place} is unavailable: {problem}")]
    Unavailable {
        /// Which file.
        place: String,
        /// What is wrong.
        problem: String,
    },
}

/// The state of one data directory. Clones share it.
#[derive(Debug, Clone)]
pub struct StateDb {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    // Before the lock, so that it is closed before the next one may open it.
    connection: Mutex<Connection>,
    /// Absent where it was opened for reading, or is in memory.
    _lock: Option<std::fs::File>,
}

impl StateDb {
    /// Opens the state of a data directory, and makes both where they are not there yet. `now` marks
    /// runs that a crash cut off, and names what is moved aside. Blocks while it does.
    pub fn open(data_dir: &Path, now: Timestamp) -> Result<Opened, OpenError> {
        file::open(&data_dir.join(FILE_NAME), now)
    }

    /// The same for one shard, in a file of its own: what another shard has read says nothing of this
    /// one's services, so an instance that becomes another shard begins anew from the store.
    pub fn open_shard(data_dir: &Path, shard: Shard, now: Timestamp) -> Result<Opened, OpenError> {
        file::open(&data_dir.join(file_name(Some(shard))), now)
    }

    /// Opens the state for reading, beside the process that writes it; `None` where there is none yet.
    pub fn open_read_only(data_dir: &Path, shard: Option<Shard>) -> Result<Option<Self>, OpenError> {
        file::open_read_only(&data_dir.join(file_name(shard)))
    }

    /// State that lasts as long as the process: for commands that keep nothing, and for tests.
    pub fn in_memory() -> Result<Self, StateError> {
        file::in_memory().map_err(|error| StateError(error.to_string()))
    }

    fn holding(connection: Connection, lock: Option<std::fs::File>) -> Self {
        Self { held: Arc::new(Held { connection: Mutex::new(connection), _lock: lock }) }
    }

    /// Runs a few statements on a thread where waiting for the disk holds nobody up.
    pub(crate) async fn with<T, F>(&self, work: F) -> Result<T, StateError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let held = Arc::clone(&self.held);
        let working = tokio::task::spawn_blocking(move || {
            work(&mut held.connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        let failed = |problem: &dyn std::fmt::Display| StateError(problem.to_string());
        working.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }
}

/// Each shard has a file of its own.
fn file_name(shard: Option<Shard>) -> String {
    shard.map_or_else(|| FILE_NAME.to_owned(), |shard| format!("state-{}.db", shard.file_name()))
}

fn unavailable(file: &Path, problem: &dyn std::fmt::Display) -> OpenError {
    OpenError::Unavailable { place: file.display().to_string(), problem: problem.to_string() }
}

/// A stored text that is not what this program writes, as the error of the row it is in.
pub(crate) fn malformed<E>(column: usize, error: E) -> rusqlite::Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}
