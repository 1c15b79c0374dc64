//! Settings checked and turned into the reports to ask for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use kpi::{Channel, Coverage, Measure, PeriodKind, Rating, ServiceId};
use serde_json::{Value, json};

use super::config::{Absent, Counts, Metric, PropertyId, RatingSettings, ServiceSettings, Settings, SignIn};
use super::filter::{Filter, all, one_of};
use crate::http::Address;
use crate::{Capabilities, Reading, SecretRef, SettingProblem, SettingProblems, settings};

/// Reports may change for 24 to 48 hours (help page "Data freshness").
const SETTLES_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// What to ask for, and whose figures the answers are.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) key: SecretRef,
    pub(super) sign_in: SignIn,
    pub(super) api: Address,
    pub(super) period_kind: PeriodKind,
    pub(super) coverage: Coverage,
    pub(super) absent: Absent,
    pub(super) zone: TimeZone,
    pub(super) zone_name: String,
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
    conditions: Vec<Value>,
    events: BTreeSet<String>,
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
        let look_back_days: u32 = if self.is_attributed() { 14 } else { 4 };
        let look_back = look_back_days.div_ceil(days_each);
        Capabilities {
            reading: Reading::Windows { period_kind, largest, settles_after: SETTLES_AFTER, look_back },
        }
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

    pub(super) const fn settles_after() -> SignedDuration {
        SETTLES_AFTER
    }
}

/// Checks settings; every problem is named.
pub(super) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let settings: Settings = settings::parse(table)?;
    let mut building = Building::default();
    let period_kind = settings.period.unwrap_or(PeriodKind::Day);
    if !matches!(period_kind, PeriodKind::Day | PeriodKind::Week | PeriodKind::Month) {
        building.problem("period", format!("\"{period_kind}\" is not counted here; use day, week or month"));
    }
    let zone_name = settings.time_zone.unwrap_or_else(|| "Europe/London".to_owned());
    let zone = TimeZone::get(&zone_name).unwrap_or_else(|_| {
        let remedy = "give the name of a zone, such as \"Europe/London\"";
        building.problem("time_zone", format!("{zone_name:?} is not a time zone; {remedy}"));
        TimeZone::UTC
    });
    if settings.services.is_empty() {
        building.problem("services", "no service is named; add a table [[services]]".to_owned());
    }
    for (index, service) in settings.services.iter().enumerate() {
        building.service(&format!("services[{index}]"), service, settings.property.as_ref());
    }
    let api = settings.api.map_or_else(|| Address::parse("https://analyticsdata.googleapis.com/"), Ok);
    let api = api.map_err(|message| vec![SettingProblem::new("api", message)])?;
    if !building.problems.is_empty() {
        return Err(building.problems);
    }
    let mut properties: BTreeMap<PropertyId, Vec<Report>> = BTreeMap::new();
    for (key, report) in building.reports {
        properties.entry(key.property).or_default().push(report);
    }
    Ok(Plan {
        key: settings.key,
        sign_in: settings.sign_in,
        api,
        period_kind,
        // Cookies for analytics need consent (PECR), so those who refused are not in the counts.
        coverage: settings.coverage.unwrap_or(Coverage::Consented),
        absent: settings.absent,
        zone,
        zone_name,
        slots: building.slots,
        properties: properties.into_iter().map(|(id, reports)| Property { id, reports }).collect(),
    })
}

/// Counts with the same of these share a report.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ReportKey {
    property: PropertyId,
    metric: Metric,
    split: Option<String>,
    conditions: String,
}

#[derive(Default)]
struct Building {
    slots: Vec<Slot>,
    reports: BTreeMap<ReportKey, Report>,
    problems: SettingProblems,
}

/// Which events of a property a count is about.
struct Scope<'a> {
    property: &'a PropertyId,
    filters: Vec<&'a Filter>,
    /// Events that belong to another channel.
    without: Vec<&'a Filter>,
}

impl Building {
    fn problem(&mut self, path: impl Into<String>, message: String) {
        self.problems.push(SettingProblem::new(path, message));
    }

    fn service(&mut self, path: &str, settings: &ServiceSettings, shared: Option<&PropertyId>) {
        let Some(property) = settings.property.as_ref().or(shared) else {
            let message = "no property is named; set it here, or once above every [[services]]";
            return self.problem(format!("{path}.property"), message.to_owned());
        };
        if self.slots.iter().any(|slot| slot.service == settings.service) {
            let message = format!("{:?} is there twice; put its counts in one table", settings.service);
            return self.problem(format!("{path}.service"), message);
        }
        let before = self.slots.len();
        let own = &settings.filter;
        // An event of another channel would otherwise be counted twice.
        let other_channels: Vec<&Filter> = settings
            .channels
            .iter()
            .filter(|(channel, of)| **channel != Channel::Digital && !of.filter.is_empty())
            .map(|(_, of)| &of.filter)
            .collect();
        let mut add = |path: String, channel, measure, counts: &Option<Counts>, scope: Scope<'_>| {
            let Some(counts) = counts else { return };
            let slot = Slot { service: settings.service.clone(), measure, channel };
            if self.slots.contains(&slot) {
                let message =
                    format!("the {channel} channel is counted at the service itself as well; keep one");
                return self.problem(path, message);
            }
            self.slots.push(slot);
            self.counts(&path, self.slots.len() - 1, counts, &scope);
        };
        for (measure, counts) in
            [(Measure::Started, &settings.started), (Measure::Completed, &settings.completed)]
        {
            let scope = Scope { property, filters: vec![own], without: other_channels.clone() };
            add(format!("{path}.{measure}"), Channel::Digital, measure, counts, scope);
        }
        for (channel, of) in &settings.channels {
            for (measure, counts) in [(Measure::Started, &of.started), (Measure::Completed, &of.completed)] {
                let scope = Scope { property, filters: vec![own, &of.filter], without: Vec::new() };
                add(format!("{path}.channels.{channel}.{measure}"), *channel, measure, counts, scope);
            }
        }
        if let Some(ratings) = &settings.ratings {
            let scope = Scope { property, filters: vec![own, &ratings.filter], without: Vec::new() };
            self.ratings(&format!("{path}.ratings"), &settings.service, ratings, &scope);
        }
        if self.slots.len() == before && self.problems.is_empty() {
            self.problem(path, "nothing is counted; set started, completed or ratings".to_owned());
        }
    }

    fn counts(&mut self, path: &str, slot: usize, counts: &Counts, scope: &Scope<'_>) {
        if counts.0.is_empty() {
            self.problem(path, "an empty list; name at least one event".to_owned());
        }
        let sessions = counts.0.iter().filter(|count| count.metric == Metric::Sessions).count();
        if sessions > 0 && counts.0.len() > 1 {
            let message = "sessions of several events cannot be added: one session may have them all; \
                           count events, or one event";
            self.problem(path, message.to_owned());
        }
        for count in &counts.0 {
            if count.event.is_none() && matches!(count.metric, Metric::EventCount | Metric::KeyEvents) {
                let message = format!("{} of which event? set event", count.metric.api_name());
                self.problem(path, message);
            }
            let mut filters = scope.filters.clone();
            filters.push(&count.filter);
            let split = count.event.as_ref().map(|_| "eventName".to_owned());
            let report = self.report(scope, &filters, count.metric, split, Vec::new());
            report.events.extend(count.event.clone());
            report.targets.entry(count.event.clone().unwrap_or_default()).or_default().insert(slot);
        }
    }

    fn ratings(&mut self, path: &str, service: &ServiceId, settings: &RatingSettings, scope: &Scope<'_>) {
        let mut values: BTreeMap<String, Rating> = BTreeMap::new();
        for (text, level) in &settings.values {
            match Rating::ALL.into_iter().find(|rating| rating.level() == *level) {
                Some(rating) => {
                    values.insert(text.clone(), rating);
                }
                None => {
                    let message = format!("{level} is not a level of satisfaction; use 1 to 5");
                    self.problem(format!("{path}.values.{text}"), message);
                }
            }
        }
        if settings.values.is_empty() {
            values = Rating::ALL.into_iter().map(|rating| (rating.level().to_string(), rating)).collect();
        }
        let channel = settings.channel.unwrap_or(Channel::Digital);
        let event = one_of("eventName", std::iter::once(settings.event.as_str()));
        let filters = scope.filters.clone();
        let mut slots: BTreeMap<Rating, usize> = BTreeMap::new();
        for rating in values.values() {
            let slot = Slot { service: service.clone(), measure: Measure::Rating(*rating), channel };
            slots.entry(*rating).or_insert_with(|| {
                self.slots.push(slot);
                self.slots.len() - 1
            });
        }
        let split = Some(settings.dimension.clone());
        let report = self.report(scope, &filters, Metric::EventCount, split, vec![event]);
        report.filtered_by.insert("eventName".to_owned());
        for (text, rating) in values {
            if let Some(slot) = slots.get(&rating) {
                report.targets.entry(text).or_default().insert(*slot);
            }
        }
    }

    fn report(
        &mut self,
        scope: &Scope<'_>,
        filters: &[&Filter],
        metric: Metric,
        split: Option<String>,
        more: Vec<Value>,
    ) -> &mut Report {
        let mut conditions: Vec<Value> = filters.iter().flat_map(|filter| filter.expressions()).collect();
        let without = scope.without.iter().filter_map(|filter| all(filter.expressions()));
        conditions.extend(without.map(|expression| json!({"notExpression": expression})));
        conditions.extend(more);
        let text = Value::Array(conditions.clone()).to_string();
        let filtered_by = filters.iter().chain(&scope.without).flat_map(|filter| filter.dimensions());
        let filtered_by = filtered_by.map(str::to_owned).collect();
        let key =
            ReportKey { property: scope.property.clone(), metric, split: split.clone(), conditions: text };
        self.reports.entry(key).or_insert_with(|| Report {
            metric,
            split,
            conditions,
            events: BTreeSet::new(),
            targets: BTreeMap::new(),
            filtered_by,
        })
    }
}
