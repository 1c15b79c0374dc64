//! The store that a configuration asks for, and what is beside it.

use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "influx")]
use super::Influxdb2Store;
use super::{EmbeddedStore, Store, StoreError, StoreName};

/// A server of the `InfluxDB` family.
#[cfg(feature = "influx")]
pub type ServerSettings = super::influxdb2::Influxdb2Settings;

/// A server of the `InfluxDB` family, of which a program built without one can have none.
#[cfg(not(feature = "influx"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerSettings {}

/// Where figures are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSettings {
    /// In a file of the data directory.
    Embedded(Beside),
    /// On a server.
    Influxdb2(Box<ServerSettings>),
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self::Embedded(Beside::Nothing)
    }
}

/// What there is beside the embedded store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// No other store.
    Nothing,
    /// A server that figures can be copied to and from, and that is otherwise left alone.
    Server(Box<ServerSettings>),
    /// A server that is kept like the embedded store.
    Mirror(Box<ServerSettings>),
}

/// What a store is opened for. A server makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read, also while another process writes.
    Read,
    /// To write, as the only process that does.
    Write,
}

impl StoreSettings {
    /// Which store it is.
    pub const fn name(&self) -> StoreName {
        match self {
            Self::Embedded(_) => StoreName::Embedded,
            Self::Influxdb2(_) => StoreName::Influxdb2,
        }
    }

    /// The server, whether or not figures are kept there.
    pub fn server(&self) -> Option<&ServerSettings> {
        match self {
            Self::Embedded(Beside::Nothing) => None,
            Self::Embedded(Beside::Server(server) | Beside::Mirror(server)) | Self::Influxdb2(server) => {
                Some(server)
            }
        }
    }

    /// The server that is kept like the embedded store.
    pub fn mirror(&self) -> Option<&ServerSettings> {
        match self {
            Self::Embedded(Beside::Mirror(server)) => Some(server),
            Self::Embedded(Beside::Nothing | Beside::Server(_)) | Self::Influxdb2(_) => None,
        }
    }

    /// Whether there is anything to open for reading. A server says so itself.
    pub fn is_there(&self, data_dir: &Path) -> bool {
        match self {
            Self::Embedded(_) => data_dir.join(super::embedded::FILE_NAME).exists(),
            Self::Influxdb2(_) => true,
        }
    }

    /// Opens it. A server need not be there yet.
    pub fn open(&self, data_dir: &Path, access: Access) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Embedded(_) => Ok(match access {
                Access::Read => Arc::new(EmbeddedStore::open_read_only(data_dir)?),
                Access::Write => Arc::new(EmbeddedStore::open(data_dir)?),
            }),
            Self::Influxdb2(server) => server.open_store(),
        }
    }
}

#[cfg(feature = "influx")]
impl ServerSettings {
    /// Opens the store there. The server need not be there yet.
    pub fn open_store(&self) -> Result<Arc<dyn Store>, StoreError> {
        let (clock, randomness) =
            (Arc::new(collectors::SystemClock), Arc::new(collectors::MachineRandomness));
        Ok(Arc::new(Influxdb2Store::open(self, clock, randomness)?))
    }

    /// What tells this store from every other.
    pub fn store_name(&self) -> String {
        format!("{} org {} bucket {}", self.url.as_str(), self.org, self.bucket)
    }
}

#[cfg(not(feature = "influx"))]
impl ServerSettings {
    /// Opens the store there.
    pub fn open_store(&self) -> Result<Arc<dyn Store>, StoreError> {
        match *self {}
    }

    /// What tells this store from every other.
    pub fn store_name(&self) -> String {
        match *self {}
    }
}
