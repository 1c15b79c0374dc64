//! Settings checked and turned into the reports to ask for.

use std::collections::{BTreeMap, BTreeSet};

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};
use serde_json::Value;

use super::building::{self, Building};
use super::config::{Metric, PropertyId, Settings, SignIn};
use super::filter::{all, one_of};
use crate::absence::Absent;
use crate::http::Address;
use crate::settings::counted::some_service;
use crate::windows::Settling;
use crate::{Capabilities, Reading, SecretRef, SettingProblem, SettingProblems, settings};

/// Reports may change for 24 to 48 hours (help page "Data freshness").
const SETTLES_AFTER_HOURS: u32 = 48;

/// What to ask for, and whose figures the answers are.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) key: SecretRef,
    pub(super) sign_in: SignIn,
    pub(super) api: Address,
    pub(super) period_kind: PeriodKind,
    pub(super) coverage: Coverage,
    pub(super) absent: Absent,
    pub(super) look_back: Option<u32>,
    pub(super) settling: Settling,
    pub(super) slots: Vec<Slot>,
    pub(super) properties: Vec<Property>,
}

/// One line of figures to fill.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) service: ServiceId,
    pub(super) measure: Measure,
    pub(super) channel: Channel,
}

/// A property and what it is asked.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) id: PropertyId,
    pub(super) reports: Vec<Report>,
}

/// One question. At most two dimensions, the period and the one the slots are told apart by: rows stay
/// few, and nothing is asked that small counts are withheld for.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) metric: Metric,
    pub(super) split: Option<String>,
    pub(super) conditions: Vec<Value>,
    pub(super) events: BTreeSet<String>,
    /// Which slots a value of `split` counts for; the empty text where there is no split.
    pub(super) targets: BTreeMap<String, BTreeSet<usize>>,
    /// The dimensions that its conditions ask about.
    pub(super) filtered_by: BTreeSet<String>,
}

impl Report {
    /// The `dimensionFilter`, if there is anything to filter by.
    pub(super) fn filter(&self) -> Option<Value> {
        let mut conditions = self.conditions.clone();
        if !self.events.is_empty() {
            conditions.push(one_of("eventName", self.events.iter().map(String::as_str)));
        }
        all(conditions)
    }

    /// Every dimension it needs, but for that of time.
    pub(super) fn dimensions(&self) -> impl Iterator<Item = &str> {
        let event = (!self.events.is_empty()).then_some("eventName");
        self.filtered_by.iter().map(String::as_str).chain(self.split.as_deref()).chain(event)
    }
}

impl Plan {
    pub(super) fn capabilities(&self) -> Capabilities {
        let period_kind = self.period_kind;
        // Sampling grows with the range asked for, so slices are short.
        let (largest, days_each) = match period_kind {
            PeriodKind::Week => (4, 7),
            PeriodKind::Month => (3, 31),
            _ => (7, 1),
        };
        let usual_days: u32 = if self.is_attributed() { 14 } else { 4 };
        let look_back = self.look_back.unwrap_or_else(|| usual_days.div_ceil(days_each));
        let settles_after = self.settling.after;
        Capabilities { reading: Reading::Windows { period_kind, largest, settles_after, look_back } }
    }

    /// Whether a figure depends on what led to the visit, which is worked out anew for up to 12 days.
    fn is_attributed(&self) -> bool {
        let of_session = |name: &str| {
            name.starts_with("session") || name.starts_with("firstUser") || name.contains("hannelGroup")
        };
        self.properties
            .iter()
            .flat_map(|property| &property.reports)
            .any(|report| report.metric == Metric::KeyEvents || report.dimensions().any(of_session))
    }
}

/// Checks settings; every problem is named.
pub(super) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let settings: Settings = settings::parse(table)?;
    let mut building = Building::default();
    let zone = building.check.time_zone("time_zone", settings.time_zone.as_deref());
    some_service(&settings.services, &mut building.check);
    for (id, service) in &settings.services {
        building.service(id, service, settings.property.as_ref());
    }
    let api = settings.api.map_or_else(|| Address::parse("https://analyticsdata.googleapis.com/"), Ok);
    let api = api.map_err(|message| vec![SettingProblem::new("api", message)])?;
    let Building { check, slots, reports } = building;
    check.finish(Plan {
        key: settings.key,
        sign_in: settings.sign_in,
        api,
        period_kind: settings.period.kind(),
        // Cookies for analytics need consent (PECR), so those who refused are not in the counts.
        coverage: settings.coverage.unwrap_or(Coverage::Consented),
        absent: settings.absent,
        look_back: settings.look_back,
        settling: Settling::hours(zone, settings.settles_after_hours.unwrap_or(SETTLES_AFTER_HOURS)),
        slots,
        properties: building::properties(reports),
    })
}
