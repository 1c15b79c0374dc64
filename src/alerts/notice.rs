//! News of an alert, as one receiver is told it.

use std::fmt;

use kpi::ServiceId;
use kpi::service::ServiceDescription;
use serde::{Deserialize, Serialize};

use super::{Alert, Subject};

/// What there is to tell of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It is there.
    Raised,
    /// A warning has become critical.
    Worsened,
    /// It is over.
    Resolved,
}

impl News {
    /// All of them, in the order they come in.
    pub const ALL: [Self; 3] = [Self::Raised, Self::Worsened, Self::Resolved];

    /// The word for it in feeds and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Worsened => "worsened",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An alert as it was when there was something to tell, with the names people know things by. What is
/// told again after a failure is told in the same words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What is told.
    pub news: News,
    /// The alert.
    pub alert: Alert,
    /// How often this alert has been raised, from 1: one that a revision ended may come back by another.
    pub occasion: u32,
    /// The services it is about, as they were called.
    pub services: Vec<ServiceDescription>,
}

impl Notice {
    /// A name for this piece of news that stays the same however often it is told, so that a receiver
    /// can know it again.
    pub fn key(&self) -> String {
        format!("{}.{}.{}", self.alert.id, self.occasion, self.news)
    }

    /// The service it is about, where it is about one.
    pub fn service(&self) -> Option<&ServiceDescription> {
        match &self.alert.subject {
            Subject::Service(id) => self.described(id),
            Subject::Source(_) => None,
        }
    }

    /// What a service is called, where that is known.
    pub fn described(&self, id: &ServiceId) -> Option<&ServiceDescription> {
        self.services.iter().find(|service| service.id == *id)
    }
}

impl Alert {
    /// The services it is about: one, or those that fell together.
    pub fn services(&self) -> &[ServiceId] {
        match &self.subject {
            Subject::Service(id) => std::slice::from_ref(id),
            Subject::Source(_) => &self.evidence.services,
        }
    }
}
