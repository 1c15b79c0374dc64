//! What is wrong with a KPI, who is told, and once.

mod alert;
mod event;
mod meter;

pub use alert::{
    Alert, AlertId, Change, Evidence, Growth, Resolution, Resolved, Rule, Severity, Subject, Unit,
};
pub use event::Event;
pub use meter::{AlertMeter, NotificationOutcome};
