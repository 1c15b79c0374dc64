//! The immutable picture of every service's current KPIs that outlets read.
//!
//! It is rebuilt for the services that changed and swapped whole, so that a reader never waits for
//! the store and never sees two pictures mixed.

mod build;
mod holder;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kpi::calculate::KpiFigure;
use kpi::{Channel, Kpi, Measure, Period, PeriodKind, ServiceId};
use rust_decimal::Decimal;

use crate::catalogue::ServiceProfile;

pub use build::{SHOWN, picture, tables};
pub use holder::{DAYS_READ, Snapshots};

/// What every outlet shows.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was built.
    pub built_at: Timestamp,
    /// Services by id.
    pub services: BTreeMap<ServiceId, Arc<ServicePicture>>,
}

impl Snapshot {
    /// The picture before anything has been read.
    pub fn empty(built_at: Timestamp) -> Self {
        Self { built_at, services: BTreeMap::new() }
    }
}

/// One service in the snapshot.
#[derive(Debug, Clone)]
pub struct ServicePicture {
    /// What it is, who runs it, its rules.
    pub profile: ServiceProfile,
    /// Its newest KPI of each kind of period.
    pub current: BTreeMap<(Kpi, PeriodKind), CurrentKpi>,
    /// Started and completed by channel, for the period its transactions are shown for.
    pub volumes: Vec<ChannelVolume>,
}

/// A KPI as it stands.
#[derive(Debug, Clone)]
pub struct CurrentKpi {
    /// The newest period that says something.
    pub figure: KpiFigure,
    /// The same KPI for the period before.
    pub previous: Option<KpiFigure>,
}

/// Transactions of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelVolume {
    /// Started or completed.
    pub measure: Measure,
    /// The channel; never the ready-made total.
    pub channel: Channel,
    /// The period.
    pub period: Period,
    /// How many.
    pub count: Decimal,
}
