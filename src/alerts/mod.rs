//! What is wrong with a KPI, who is told, and once.

mod alert;
pub mod alerting;
pub mod backtest;
mod cadence;
pub mod calendar;
pub mod deliver;
pub mod detect;
mod event;
pub mod message;
mod meter;
mod notice;
mod observation;
mod record;
pub mod sample;
mod settings;
pub mod state;
pub mod watch;
pub mod watcher;

pub use alert::{
    Alert, AlertId, Change, Evidence, Growth, Resolution, Resolved, Rule, Severity, Subject, Unit,
};
pub use cadence::Cadence;
pub use event::Event;
pub use meter::{AlertMeter, NotificationOutcome};
pub use notice::{News, Notice};
pub use observation::{Observation, Reading, Sample};
pub use record::{AlertRecord, csv};
pub use settings::{AlertSettings, CadenceSettings};
