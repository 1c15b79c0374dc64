//! From the settings of each service to as few reports as will answer them.

use std::collections::{BTreeMap, BTreeSet};

use kpi::{Channel, Measure, Rating, ServiceId};
use serde_json::{Value, json};

use super::config::{Count, Metric, PropertyId, RatingSettings, ServiceSettings};
use super::filter::{Filter, all, one_of};
use super::plan::{Property, Report, Slot};
use crate::settings::Check;
use crate::settings::counted::OneOrMany;

/// Counts with the same of these share a report.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReportKey {
    property: PropertyId,
    metric: Metric,
    split: Option<String>,
    conditions: String,
}

/// Slots and reports as far as services have been gone through.
#[derive(Default)]
pub(super) struct Building {
    pub(super) slots: Vec<Slot>,
    pub(super) reports: BTreeMap<ReportKey, Report>,
    pub(super) check: Check,
}

/// Which events of a property a count is about.
struct Scope<'a> {
    property: &'a PropertyId,
    filters: Vec<&'a Filter>,
    /// Events that belong to another channel.
    without: Vec<&'a Filter>,
}

/// What each property is asked.
pub(super) fn properties(reports: BTreeMap<ReportKey, Report>) -> Vec<Property> {
    let mut properties: BTreeMap<PropertyId, Vec<Report>> = BTreeMap::new();
    for (key, report) in reports {
        properties.entry(key.property).or_default().push(report);
    }
    properties.into_iter().map(|(id, reports)| Property { id, reports }).collect()
}

impl Building {
    pub(super) fn service(
        &mut self,
        id: &ServiceId,
        settings: &ServiceSettings,
        shared: Option<&PropertyId>,
    ) {
        let path = format!("services.{id}");
        let Some(property) = settings.property.as_ref().or(shared) else {
            let message = "no property is named; set it here, or once above every service";
            return self.check.problem(format!("{path}.property"), message);
        };
        let before = self.slots.len();
        let own = &settings.filter;
        // An event of another channel would otherwise be counted twice.
        let other_channels: Vec<&Filter> = settings
            .channels
            .iter()
            .filter(|(channel, of)| **channel != Channel::Digital && !of.filter.is_empty())
            .map(|(_, of)| &of.filter)
            .collect();
        let mut add =
            |path: String, channel, measure, counts: &Option<OneOrMany<Count>>, scope: Scope<'_>| {
                let Some(counts) = counts else { return };
                let slot = Slot { service: id.clone(), measure, channel };
                if self.slots.contains(&slot) {
                    let message =
                        format!("the {channel} channel is counted at the service itself as well; keep one");
                    return self.check.problem(path, message);
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
            self.ratings(&format!("{path}.ratings"), id, ratings, &scope);
        }
        if self.slots.len() == before && self.check.problems.is_empty() {
            self.check.problem(path, "nothing is counted; set started, completed or ratings".to_owned());
        }
    }

    fn counts(&mut self, path: &str, slot: usize, counts: &OneOrMany<Count>, scope: &Scope<'_>) {
        if counts.0.is_empty() {
            self.check.problem(path, "an empty list; name at least one event".to_owned());
        }
        let sessions = counts.0.iter().filter(|count| count.metric == Metric::Sessions).count();
        if sessions > 0 && counts.0.len() > 1 {
            let message = "sessions of several events cannot be added: one session may have them all; \
                           count events, or one event";
            self.check.problem(path, message.to_owned());
        }
        for count in &counts.0 {
            if count.event.is_none() && matches!(count.metric, Metric::EventCount | Metric::KeyEvents) {
                let message = format!("{} of which event? set event", count.metric.api_name());
                self.check.problem(path, message);
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
            if let Some(rating) = Rating::ALL.into_iter().find(|rating| rating.level() == *level) {
                values.insert(text.clone(), rating);
            } else {
                let message = format!("{level} is not a level of satisfaction; use 1 to 5");
                self.check.problem(format!("{path}.values.{text}"), message);
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
