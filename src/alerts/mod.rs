//! What is wrong with a KPI, who is told, and once.

mod alert;
mod event;

pub use alert::{
    Alert, AlertId, Change, Evidence, Growth, Resolution, Resolved, Rule, Severity, Subject, Unit,
};
pub use event::Event;
