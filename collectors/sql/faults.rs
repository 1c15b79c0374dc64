//! Rows that cannot be read, told by service and not row by row.

use std::collections::BTreeMap;

use kpi::ServiceId;

/// What was wrong in the rows of each service; `None` is for rows whose service cannot be read.
#[derive(Debug, Default)]
pub(super) struct Faults {
    services: BTreeMap<Option<ServiceId>, Found>,
}

#[derive(Debug, Default)]
struct Found {
    count: usize,
    first: Vec<String>,
}

/// As many as a person reads; the rest are alike.
const NAMED: usize = 5;

impl Faults {
    pub(super) fn add(&mut self, service: Option<&ServiceId>, row: usize, problem: &str) {
        let found = self.services.entry(service.cloned()).or_default();
        found.count += 1;
        if found.first.len() < NAMED {
            found.first.push(format!("row {row}: {problem}"));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// Whether a row that should be there may be among those that cannot be read.
    pub(super) fn may_concern(&self, service: &ServiceId) -> bool {
        self.services.contains_key(&None) || self.services.contains_key(&Some(service.clone()))
    }

    /// One note a service: where, and what.
    pub(super) fn notes(&self) -> impl Iterator<Item = (String, String)> {
        self.services.iter().map(|(service, found)| {
            let place = service.as_ref().map_or_else(|| "query".to_owned(), ToString::to_string);
            let more = match found.count.saturating_sub(found.first.len()) {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            let figures = if found.count == 1 { "figure is" } else { "figures are" };
            (place, format!("{} {figures} left out: {}{more}", found.count, found.first.join("; ")))
        })
    }

    /// What was wrong, one row a line.
    pub(super) fn lines(&self) -> Vec<String> {
        self.services.values().flat_map(|found| found.first.iter().cloned()).collect()
    }
}
