//! Every service there is: those configured, and those a source describes.

use std::collections::BTreeMap;

use kpi::service::{ServiceDescription, ServiceRules};
use kpi::{OrganisationId, ServiceId};

use crate::config::settings::{Publish, ServiceSettings, Targets};

/// What is known about a service beside its figures.
#[derive(Debug, Clone)]
pub struct ServiceProfile {
    /// What it is and who runs it.
    pub description: ServiceDescription,
    /// How its KPIs are computed.
    pub rules: ServiceRules,
    /// Levels it wants to reach.
    pub targets: Targets,
    /// What may leave the building.
    pub publish: Publish,
}

impl ServiceProfile {
    /// The profile of a service nobody has configured.
    pub fn described(description: ServiceDescription) -> Self {
        Self {
            description,
            rules: ServiceRules::undeclared(),
            targets: Targets::default(),
            publish: Publish::default(),
        }
    }

    /// A service known only because figures name it.
    pub fn unnamed(id: ServiceId) -> Self {
        let name = id.to_string();
        Self::described(ServiceDescription { id, name, department: None, agency: None })
    }

    /// The slug of the department responsible, where known.
    pub fn department(&self) -> Option<&OrganisationId> {
        self.description.department.as_ref().map(|department| &department.id)
    }
}

/// Profiles by service.
pub type Catalogue = BTreeMap<ServiceId, ServiceProfile>;

/// Joins what sources describe with what is configured; the configuration wins over what a source
/// says, and fills only what it says nothing about from the source.
pub fn join(described: Vec<ServiceDescription>, configured: &[ServiceSettings]) -> Catalogue {
    let mut catalogue: Catalogue = described
        .into_iter()
        .map(|description| (description.id.clone(), ServiceProfile::described(description)))
        .collect();
    for settings in configured {
        let mut description = settings.description.clone();
        if let Some(known) = catalogue.get(&description.id) {
            description.department = description.department.or_else(|| known.description.department.clone());
            description.agency = description.agency.or_else(|| known.description.agency.clone());
        }
        let profile = ServiceProfile {
            description,
            rules: settings.rules.clone(),
            targets: settings.targets,
            publish: settings.publish,
        };
        catalogue.insert(profile.description.id.clone(), profile);
    }
    catalogue
}
