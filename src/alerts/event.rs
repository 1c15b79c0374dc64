//! What happens to an alert.

use serde::{Deserialize, Serialize};

use super::alert::Alert;

/// What an evaluation found to have happened to an alert, with the alert as it is now.
///
/// An evaluation of the same figures against the alerts it left yields no event, so whoever keeps the
/// alerts and acts on the events does so once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", content = "alert", rename_all = "snake_case")]
pub enum Event {
    /// It is new.
    Raised(Alert),
    /// It is open still, and its newest period or its evidence is another. Kept and shown, told to nobody.
    Continued(Alert),
    /// Its severity went up.
    Worsened(Alert),
    /// It ended; the alert says when and why.
    Resolved(Alert),
}

impl Event {
    /// The alert as it is now.
    pub const fn alert(&self) -> &Alert {
        match self {
            Self::Raised(alert) | Self::Continued(alert) | Self::Worsened(alert) | Self::Resolved(alert) => {
                alert
            }
        }
    }

    /// Whether people are told.
    pub const fn is_news(&self) -> bool {
        !matches!(self, Self::Continued(_))
    }
}
