//! What is wrong with a KPI, who is told, and once.

mod alert;
pub mod deliver;
mod event;
pub mod message;
mod meter;
mod notice;
mod record;
pub mod sample;
pub mod state;

pub use alert::{
    Alert, AlertId, Change, Evidence, Growth, Resolution, Resolved, Rule, Severity, Subject, Unit,
};
pub use event::Event;
pub use meter::{AlertMeter, NotificationOutcome};
pub use notice::{News, Notice};
pub use record::{AlertRecord, csv};
