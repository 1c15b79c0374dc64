//! Counting alerts and what became of telling about them.

use super::alert::{Rule, Severity};

/// What became of one attempt to tell a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationOutcome {
    /// The receiver has it.
    Delivered,
    /// It failed in a way that may pass, and is tried again.
    Retried,
    /// The receiver refuses it for good.
    GivenUp,
}

impl NotificationOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Retried, Self::GivenUp];

    /// The word for this outcome in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retried => "retried",
            Self::GivenUp => "given_up",
        }
    }
}

/// Counts what happens to alerts. Every method does nothing unless implemented.
pub trait AlertMeter: Send + Sync {
    /// The alerts that are open now, one entry each.
    fn alerts_open(&self, _open: &[(Rule, Severity)]) {}
    /// A receiver is configured: its counters start at 0 rather than at its first failure.
    fn receiver_known(&self, _receiver: &str) {}
    /// An attempt to tell a receiver ended.
    fn notified(&self, _receiver: &str, _outcome: NotificationOutcome) {}
}
