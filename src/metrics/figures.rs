//! KPIs as gauges, built from the snapshot at each scrape: a service that is withdrawn is gone from the
//! next one, and an absent value is not exported.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use kpi::calculate::KpiFigure;
use kpi::{Kpi, Measure, PeriodKind};
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::table::Family;
use crate::config::settings::KeepPeriods;
use crate::snapshot::{CurrentKpi, ServicePicture, Snapshot, Snapshots};

/// Exposes the current snapshot.
pub struct FigureCollector {
    snapshots: Arc<Snapshots>,
    keep: Arc<ArcSwap<KeepPeriods>>,
}

impl FigureCollector {
    /// A collector over the current snapshot.
    pub const fn new(snapshots: Arc<Snapshots>, keep: Arc<ArcSwap<KeepPeriods>>) -> Self {
        Self { snapshots, keep }
    }
}

impl Collector for FigureCollector {
    /// None: families come and go with the snapshot, and `Families` alone decides their shape.
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        families(&self.snapshots.current(), **self.keep.load(), self.snapshots.now())
    }
}

/// The snapshot as metric families.
pub(super) fn families(snapshot: &Snapshot, keep: KeepPeriods, now: Timestamp) -> Vec<MetricFamily> {
    let mut families = Families::default();
    for picture in snapshot.services.values() {
        service(&mut families, picture, keep, now);
    }
    families.add(Family::Services, &[], snapshot.services.len() as f64);
    families.add(Family::SnapshotBuilt, &[], snapshot.built_at.as_second() as f64);
    families.add(Family::BuildInfo, &[env!("CARGO_PKG_VERSION")], 1.0);
    families.finish()
}

fn service(families: &mut Families, picture: &ServicePicture, keep: KeepPeriods, now: Timestamp) {
    let description = &picture.profile.description;
    let id = description.id.as_str();
    let organisation = |organisation: &Option<kpi::service::Organisation>| {
        organisation.as_ref().map(|found| found.id.to_string()).unwrap_or_default()
    };
    let (department, agency) = (organisation(&description.department), organisation(&description.agency));
    families.add(Family::ServiceInfo, &[id, &description.name, &department, &agency], 1.0);
    if let Some(target) = picture.profile.targets.digital_takeup {
        families.add_decimal(Family::TakeupTarget, &[id], target);
    }
    for ((kpi, kind), current) in &picture.current {
        if is_superseded(&current.figure, keep, picture, now) {
            continue;
        }
        one_kpi(families, id, *kpi, *kind, current, picture);
    }
    for volume in &picture.volumes {
        let kind = volume.period.kind();
        let kpi = if volume.measure == Measure::Started { Kpi::CompletionRate } else { Kpi::Transactions };
        let Some(current) = picture.current.get(&(kpi, kind)) else { continue };
        if is_superseded(&current.figure, keep, picture, now) {
            continue;
        }
        let family = if volume.measure == Measure::Started { Family::Started } else { Family::Transactions };
        families.add_decimal(family, &[id, volume.channel.as_str(), kind.as_str()], volume.count);
    }
}

/// Whether more than the kept number of periods has passed since the figure's own.
fn is_superseded(figure: &KpiFigure, keep: KeepPeriods, picture: &ServicePicture, now: Timestamp) -> bool {
    let KeepPeriods::Count(count) = keep else { return false };
    let mut last_shown = figure.period;
    for _ in 0..count.get() {
        last_shown = last_shown.next();
    }
    last_shown.next().span(&picture.profile.rules.time_zone).end <= now
}

fn one_kpi(
    families: &mut Families,
    id: &str,
    kpi: Kpi,
    kind: PeriodKind,
    current: &CurrentKpi,
    picture: &ServicePicture,
) {
    let figure = &current.figure;
    let labels = [id, kpi.as_str(), kind.as_str()];
    families.add(Family::State, &[id, kpi.as_str(), kind.as_str(), figure.state.as_str()], 1.0);
    let span = figure.period.span(&picture.profile.rules.time_zone);
    families.add(Family::PeriodStart, &labels, span.start.as_second() as f64);
    families.add(Family::PeriodEnd, &labels, span.end.as_second() as f64);
    let Some(known) = figure.state.known() else { return };
    families.add_decimal(value_family(kpi), &[id, kind.as_str()], known.value);
    if let (Kpi::DigitalTakeup, Some(previous)) =
        (kpi, current.previous.as_ref().and_then(|previous| previous.state.known()))
    {
        families.add_decimal(Family::TakeupPrevious, &[id, kind.as_str()], previous.value);
    }
    if let Some(collected_at) = figure.evidence.collected_at {
        families.add(Family::Collected, &labels, collected_at.as_second() as f64);
    }
    families.add(Family::Provisional, &labels, if figure.evidence.provisional { 1.0 } else { 0.0 });
    families.add(Family::Revisions, &labels, f64::from(figure.evidence.revisions));
}

const fn value_family(kpi: Kpi) -> Family {
    match kpi {
        Kpi::Transactions => Family::AllTransactions,
        Kpi::DigitalTakeup => Family::Takeup,
        Kpi::CompletionRate => Family::Completion,
        Kpi::CostPerTransaction => Family::CostEach,
        Kpi::TotalCost => Family::Cost,
        Kpi::UserSatisfaction => Family::Satisfaction,
    }
}

/// Families under construction. Every series of a family has the labels its declaration names, so two
/// series can only be equal if the same subject is added twice.
#[derive(Default)]
struct Families(BTreeMap<Family, Vec<Metric>>);

impl Families {
    fn add(&mut self, family: Family, values: &[&str], value: f64) {
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
    fn add_decimal(&mut self, family: Family, values: &[&str], value: Decimal) {
        if let Some(value) = value.to_f64() {
            self.add(family, values, value);
        }
    }

    fn finish(self) -> Vec<MetricFamily> {
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
