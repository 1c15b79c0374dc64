//! Gauges under construction, in the shape the table declares.

use std::collections::BTreeMap;

use prometheus::proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::table::Family;

/// Families under construction. Every series of a family has the labels its declaration names, so two
/// series can only be equal if the same subject is added twice.
#[derive(Default)]
pub(super) struct Families(BTreeMap<Family, Vec<Metric>>);

impl Families {
    pub(super) fn add(&mut self, family: Family, values: &[&str], value: f64) {
        let names = family.declared().labels;
        debug_assert_eq!(names.len(), values.len());
        let labels = names.iter().zip(values).map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        let mut metric = Metric::default();
        metric.set_label(labels.collect());
        metric.set_gauge(gauge);
        self.0.entry(family).or_default().push(metric);
    }

    /// The exposition format is binary floating point; this is the only place a figure becomes one.
    pub(super) fn add_decimal(&mut self, family: Family, values: &[&str], value: Decimal) {
        if let Some(value) = value.to_f64() {
            self.add(family, values, value);
        }
    }

    /// How many series there are.
    pub(super) fn series(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    pub(super) fn finish(self) -> Vec<MetricFamily> {
        self.0
            .into_iter()
            .map(|(family, metrics)| {
                let declared = family.declared();
                let mut proto = MetricFamily::default();
                proto.set_name(declared.name.to_owned());
                proto.set_help(declared.help.to_owned());
                proto.set_field_type(MetricType::GAUGE);
                proto.set_metric(metrics);
                proto
            })
            .collect()
    }
}
