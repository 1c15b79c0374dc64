//! Which alerts a receiver takes.

use std::collections::BTreeSet;

use kpi::service::ServiceDescription;
use kpi::{OrganisationId, ServiceId};

use crate::alerts::{Alert, Rule, Severity};

/// What a receiver takes: every condition must hold. An empty set is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The least severity.
    pub least_severity: Severity,
    /// What was looked for.
    pub rules: BTreeSet<Rule>,
    /// Services; an alert about a source is taken where one of its services is here.
    pub services: BTreeSet<ServiceId>,
    /// Departments responsible, likewise.
    pub departments: BTreeSet<OrganisationId>,
}

impl Route {
    /// Whether the receiver takes this alert, about services described like this.
    pub fn takes(&self, alert: &Alert, described: &[ServiceDescription]) -> bool {
        let department = |service: &ServiceDescription| {
            service.department.as_ref().is_some_and(|department| self.departments.contains(&department.id))
        };
        alert.severity >= self.least_severity
            && (self.rules.is_empty() || self.rules.contains(&alert.rule))
            && (self.services.is_empty() || alert.services().iter().any(|id| self.services.contains(id)))
            && (self.departments.is_empty() || described.iter().any(department))
    }
}
