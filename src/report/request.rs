use std::str::FromStr;

use jiff::Timestamp;
use kpi::{Kpi, Period, PeriodKind, ServiceId};

/// Whose KPIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// All services together.
    Government,
    /// The services of each department.
    Department,
    /// Each service.
    Service,
}

/// A text that names none of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be reported by; use government, department or service")]
pub struct UnknownBy(pub String);

impl FromStr for By {
    type Err = UnknownBy;
    fn from_str(text: &str) -> Result<Self, UnknownBy> {
        match text {
            "government" => Ok(Self::Government),
            "department" => Ok(Self::Department),
            "service" => Ok(Self::Service),
            other => Err(UnknownBy(other.to_owned())),
        }
    }
}

/// Which period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The newest of a kind: for a service its own, for a group the newest any of its services has.
    Newest(PeriodKind),
    /// This one.
    One(Period),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose KPIs.
    pub by: By,
    /// This service only.
    pub service: Option<ServiceId>,
    /// Which KPIs, in this order.
    pub kpis: Vec<Kpi>,
    /// Which period.
    pub period: Wanted,
    /// As it was known at this instant; as it is known now where `None`.
    pub known_at: Option<Timestamp>,
}
