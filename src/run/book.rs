//! What runs need to know of the configured services: the ids sources know them by, and their zones.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use kpi::ServiceId;
use kpi::period::london;

use crate::config::settings::ServiceSettings;

/// Services by the names sources use.
#[derive(Debug, Clone)]
pub struct ServiceBook {
    aliases: HashMap<ServiceId, ServiceId>,
    zones: HashMap<ServiceId, TimeZone>,
    /// The zone of services nobody has configured.
    london: TimeZone,
}

impl ServiceBook {
    /// The book of the configured services.
    pub fn new(services: &[ServiceSettings]) -> Self {
        let mut book = Self { aliases: HashMap::new(), zones: HashMap::new(), london: london() };
        for service in services {
            let id = &service.description.id;
            book.zones.insert(id.clone(), service.rules.time_zone.clone());
            for alias in service.aliases.iter().filter(|alias| *alias != id) {
                book.aliases.insert(alias.clone(), id.clone());
            }
        }
        book
    }

    /// The id of the service that a source calls `id`, where that is another.
    pub fn renamed(&self, id: &ServiceId) -> Option<&ServiceId> {
        self.aliases.get(id)
    }

    /// The zone whose days and months a service's periods are.
    pub fn zone(&self, id: &ServiceId) -> &TimeZone {
        self.zones.get(id).unwrap_or(&self.london)
    }
}
