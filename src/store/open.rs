//! The store that a configuration asks for.

use std::path::Path;
use std::sync::Arc;

use super::{EmbeddedStore, Store, StoreError, StoreName};
#[cfg(feature = "influx")]
use super::{Influxdb2Store, influxdb2::Influxdb2Settings};

/// Where figures are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StoreSettings {
    /// In a file of the data directory.
    #[default]
    Embedded,
    /// On a server of the `InfluxDB` family.
    #[cfg(feature = "influx")]
    Influxdb2(Box<Influxdb2Settings>),
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
            Self::Embedded => StoreName::Embedded,
            #[cfg(feature = "influx")]
            Self::Influxdb2(_) => StoreName::Influxdb2,
        }
    }

    /// Whether there is anything to open for reading. A server says so itself.
    pub fn is_there(&self, data_dir: &Path) -> bool {
        match self {
            Self::Embedded => data_dir.join(super::embedded::FILE_NAME).exists(),
            #[cfg(feature = "influx")]
            Self::Influxdb2(_) => true,
        }
    }

    /// Opens it. A server need not be there yet.
    pub fn open(&self, data_dir: &Path, access: Access) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Embedded => Ok(match access {
                Access::Read => Arc::new(EmbeddedStore::open_read_only(data_dir)?),
                Access::Write => Arc::new(EmbeddedStore::open(data_dir)?),
            }),
            #[cfg(feature = "influx")]
            Self::Influxdb2(settings) => Ok(Arc::new(Influxdb2Store::open(
                settings,
                Arc::new(collectors::SystemClock),
                Arc::new(collectors::MachineRandomness),
            )?)),
        }
    }
}
