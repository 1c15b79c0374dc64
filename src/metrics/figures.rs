//! KPIs as gauges, built from one snapshot: a service that is withdrawn is gone with the next one, and an
//! absent value is not exported.

use jiff::Timestamp;
use kpi::calculate::KpiFigure;
use kpi::{Kpi, Measure, PeriodKind};
use prometheus::proto::MetricFamily;

use super::families::Families;
use super::table::Family;
use crate::config::settings::KeepPeriods;
use crate::snapshot::{CurrentKpi, ServicePicture, Snapshot};

/// A snapshot as metric families, as of an instant.
pub(super) struct Figures {
    pub(super) families: Vec<MetricFamily>,
    /// How many series they have.
    pub(super) series: usize,
    /// When the first figure shown has been kept long enough; `None` where none ever will be.
    pub(super) until: Option<Timestamp>,
}

impl Figures {
    /// The figures of a snapshot that are kept at `now`.
    pub(super) fn of(snapshot: &Snapshot, keep: KeepPeriods, now: Timestamp) -> Self {
        let mut families = Families::default();
        let mut until = None;
        for picture in snapshot.services.values() {
            let ends = service(&mut families, picture, keep, now);
            until = [until, ends].into_iter().flatten().min();
        }
        families.add(Family::Services, &[], snapshot.services.len() as f64);
        families.add(Family::SnapshotBuilt, &[], snapshot.built_at.as_second() as f64);
        families.add(Family::BuildInfo, &[VERSION, env!("BUILD_REVISION"), env!("BUILD_RUSTVERSION")], 1.0);
        families.add(Family::TargetInfo, &[env!("CARGO_PKG_NAME"), VERSION], 1.0);
        let series = families.series();
        Self { families: families.finish(), series, until }
    }
}

/// The state of a KPI whose newest value is older than values are kept. Its period stays, so that a rule
/// about figures that are late does not fall silent just then.
const EXPIRED: &str = "expired";

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Adds a service, and says when the first of its figures has been kept long enough.
fn service(
    families: &mut Families,
    picture: &ServicePicture,
    keep: KeepPeriods,
    now: Timestamp,
) -> Option<Timestamp> {
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
    let mut first_end = None;
    for ((kpi, kind), current) in &picture.current {
        let end = kept_until(&current.figure, keep, picture);
        if end.is_some_and(|end| end <= now) {
            period(families, [id, kpi.as_str(), kind.as_str()], EXPIRED, current, picture);
            continue;
        }
        first_end = [first_end, end].into_iter().flatten().min();
        one_kpi(families, id, *kpi, *kind, current, picture);
    }
    for volume in &picture.volumes {
        let kind = volume.period.kind();
        let kpi = if volume.measure == Measure::Started { Kpi::CompletionRate } else { Kpi::Transactions };
        let Some(current) = picture.current.get(&(kpi, kind)) else { continue };
        if kept_until(&current.figure, keep, picture).is_some_and(|end| end <= now) {
            continue;
        }
        let family = if volume.measure == Measure::Started { Family::Started } else { Family::Transactions };
        families.add_decimal(family, &[id, volume.channel.as_str(), kind.as_str()], volume.count);
    }
    first_end
}

/// When the kept number of periods after the figure's own has passed; `None` where it is kept for good.
fn kept_until(figure: &KpiFigure, keep: KeepPeriods, picture: &ServicePicture) -> Option<Timestamp> {
    let KeepPeriods::Count(count) = keep else { return None };
    let last_shown = (0..count.get()).fold(figure.period, |period, _| period.next());
    Some(last_shown.next().span(&picture.profile.rules.time_zone).end)
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
    period(families, labels, figure.state.as_str(), current, picture);
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

/// In which state a KPI is, and of which period it is.
fn period(
    families: &mut Families,
    labels: [&str; 3],
    state: &str,
    current: &CurrentKpi,
    picture: &ServicePicture,
) {
    let [id, kpi, kind] = labels;
    families.add(Family::State, &[id, kpi, kind, state], 1.0);
    let span = current.figure.period.span(&picture.profile.rules.time_zone);
    families.add(Family::PeriodStart, &labels, span.start.as_second() as f64);
    families.add(Family::PeriodEnd, &labels, span.end.as_second() as f64);
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
