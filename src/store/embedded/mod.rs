//! The store in one file of this machine, `figures.db` in the data directory.
//!
//! One connection writes, on a thread of its own; a few read beside it. What is acknowledged is on
//! the disk. Analysts read the same file through the views that `docs/store.md` describes.

mod append;
mod backup;
mod codec;
mod describe;
mod fault;
mod identity;
mod outbox;
mod query;
mod readers;
mod restore;
mod row;
mod schema;
mod stats;
mod verify;
mod writer;

pub use outbox::{Backlog, Unsent};
pub use stats::Stats;
pub use verify::Verification;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use kpi::service::ServiceDescription;
use kpi::{FigureKey, ServiceId};
use tokio::sync::Notify;

use self::fault::Fault;
use self::readers::Readers;
use self::writer::Writer;
use super::{
    Accepted, DatedDescription, Query, Series, SeriesHistory, Store, StoreError, StoredPoint, Submission,
};

/// Name of the store's file in the data directory.
pub const FILE_NAME: &str = "figures.db";

/// Figures in an `SQLite` file.
#[derive(Debug)]
pub struct EmbeddedStore {
    file: PathBuf,
    readers: Arc<Readers>,
    /// Absent where the store was opened for reading.
    writer: Option<Writer>,
    /// Told after each submission, for the mirror that waits for something to send.
    changed: Notify,
}

impl EmbeddedStore {
    /// Opens the store of a data directory for reading and writing, and makes both where they are
    /// not there yet. Only one process can have it open so.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let file = data_dir.join(FILE_NAME);
        std::fs::create_dir_all(data_dir).map_err(|error| Fault::Unavailable(error.to_string()).at(&file))?;
        let writer = Writer::start(&file)?;
        Ok(Self { readers: Readers::new(file.clone()), writer: Some(writer), file, changed: Notify::new() })
    }

    /// Opens the store of a data directory for reading, also while another process writes to it.
    pub fn open_read_only(data_dir: &Path) -> Result<Self, StoreError> {
        let file = data_dir.join(FILE_NAME);
        schema::recognise_current(&file).map_err(|fault| fault.at(&file))?;
        Ok(Self { readers: Readers::new(file.clone()), writer: None, file, changed: Notify::new() })
    }

    /// How much it holds.
    pub async fn stats(&self) -> Result<Stats, StoreError> {
        let file = self.file.clone();
        self.readers.run(move |connection| stats::stats(connection, &file)).await
    }

    /// Checks the whole file and every row in it. Slow: it reads everything.
    pub async fn verify(&self) -> Result<Verification, StoreError> {
        self.readers.run(|connection| verify::verify(connection)).await
    }

    /// Copies the store as it is now into a new file that only its owner can read, while figures
    /// keep coming in. Named `figures.db` in a data directory of its own, the copy is a store.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let to = to.to_owned();
        self.readers.run(move |connection| backup::backup(connection, &to)).await
    }

    /// From now on, writes down what changes for a mirror that is named so. One that is new, or named
    /// otherwise than before, is offered everything there is.
    pub async fn begin_mirror(&self, target: &str, now: Timestamp) -> Result<(), StoreError> {
        let target = target.to_owned();
        self.writer()?.run(move |connection| outbox::begin(connection, &target, now)).await
    }

    /// Writes down no change any more.
    pub async fn end_mirror(&self) -> Result<(), StoreError> {
        self.writer()?.run(outbox::end).await
    }

    /// The oldest changes that the mirror has not acknowledged, up to about so many revisions.
    pub async fn unsent(&self, most_revisions: u64) -> Result<Vec<Unsent>, StoreError> {
        self.readers.run(move |connection| outbox::page(connection, most_revisions)).await
    }

    /// Returns once something has been stored since this was last asked.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The mirror has taken these.
    pub async fn acknowledge(&self, positions: Vec<i64>) -> Result<(), StoreError> {
        self.writer()?.run(move |connection| outbox::acknowledge(connection, &positions)).await
    }

    /// The mirror refused these; they wait until the next [`begin_mirror`](Self::begin_mirror).
    pub async fn set_aside(&self, positions: Vec<i64>) -> Result<(), StoreError> {
        self.writer()?.run(move |connection| outbox::set_aside(connection, &positions)).await
    }

    /// How much waits for the mirror.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.readers.run(|connection| outbox::backlog(connection)).await
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        let refused = || Fault::Refused("it was opened for reading only".to_owned()).at(&self.file);
        self.writer.as_ref().ok_or_else(refused)
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn append(&self, submission: Arc<Submission>) -> Result<Accepted, StoreError> {
        let accepted = self.writer()?.run(move |connection| append::append(connection, &submission)).await?;
        self.changed.notify_one();
        Ok(accepted)
    }

    async fn series(&self, query: &Query) -> Result<Vec<Series>, StoreError> {
        let query = query.clone();
        self.readers.run(move |connection| query::series(connection, &query)).await
    }

    async fn revisions(&self, key: &FigureKey) -> Result<Vec<StoredPoint>, StoreError> {
        let key = key.clone();
        self.readers.run(move |connection| query::revisions(connection, &key)).await
    }

    async fn latest(&self) -> Result<Vec<Series>, StoreError> {
        self.readers.run(|connection| query::latest(connection)).await
    }

    async fn services_with_figures(&self) -> Result<BTreeSet<ServiceId>, StoreError> {
        self.readers.run(|connection| query::services_with_figures(connection)).await
    }

    async fn services(&self, known_at: Option<Timestamp>) -> Result<Vec<ServiceDescription>, StoreError> {
        self.readers.run(move |connection| describe::services(connection, known_at)).await
    }

    async fn history(&self, query: &Query) -> Result<Vec<SeriesHistory>, StoreError> {
        let query = query.clone();
        self.readers.run(move |connection| query::history(connection, &query)).await
    }

    async fn descriptions(&self) -> Result<Vec<DatedDescription>, StoreError> {
        self.readers.run(|connection| describe::descriptions(connection, None)).await
    }

    async fn restore(
        &self,
        history: &[SeriesHistory],
        descriptions: &[DatedDescription],
    ) -> Result<u64, StoreError> {
        let (history, descriptions) = (history.to_vec(), descriptions.to_vec());
        let restoring = move |connection: &mut _| restore::restore(connection, &history, &descriptions);
        let restored = self.writer()?.run(restoring).await?;
        self.changed.notify_one();
        Ok(restored)
    }
}
