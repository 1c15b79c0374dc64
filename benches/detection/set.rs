//! The labelled services of a seed, as a replay wants them.

use std::io::Cursor;
use std::sync::Arc;

use kpi::calculate::Line;
use kpi::service::{DigitalDefinition, ServiceRules};
use kpi::{Channel, Coverage, Measure, PeriodKind, Point, Quality, Value};
use pp_collector::alerts::AlertSettings;
use pp_collector::alerts::backtest::{Arrival, Label, Service, read_labels};
use pp_collector::alerts::calendar::{Calendar, Holidays};
use pp_collector::store::StoredPoint;
use rust_decimal::Decimal;
use simulator::labelled::{Happening, LabelledService, services};

/// A fall of this many times the service's own noise can be seen at once.
const CLEAR: u32 = 6;

pub(crate) struct LabelledSet {
    pub(crate) services: Vec<Service>,
    pub(crate) labels: Vec<Label>,
    pub(crate) holidays: Holidays,
}

impl LabelledSet {
    pub(crate) fn of(seed: u64, kind: PeriodKind) -> Self {
        let settings = Arc::new(AlertSettings::default());
        let holidays = Calendar::compiled_in().holidays(&settings.nations);
        let all = services(seed, kind);
        let service = |one: &LabelledService| Service {
            id: one.id.clone(),
            // No source in common, so that no fall of one source comes of it.
            source: None,
            rules: rules(one),
            settings: Arc::clone(&settings),
            holidays: holidays.clone(),
            arrivals: arrivals(one),
        };
        Self {
            services: all.iter().map(service).collect(),
            labels: all.iter().flat_map(labels).collect(),
            holidays,
        }
    }
}

/// Its label, and for a step far above its own noise another one that says so.
fn labels(service: &LabelledService) -> Vec<Label> {
    let label = service.label();
    let text = serde_json::to_string(&label).expect("a label is JSON");
    let mut labels = read_labels(Cursor::new(text)).expect("a label as backtest reads it");
    if label.event == "step" && label.points * 100 >= CLEAR * label.noise {
        labels.push(Label { event: "clear_step".to_owned(), points: 0, ..labels[0].clone() });
    }
    labels
}

fn rules(service: &LabelledService) -> ServiceRules {
    let mut rules = ServiceRules::undeclared();
    rules.channels = service.declared_channels().to_vec();
    if service.happening == Happening::Redefined {
        let channels = vec![Channel::Digital, Channel::AssistedDigital];
        let from = Some(service.periods[service.at].start_date());
        rules.digital = vec![
            DigitalDefinition { from: None, channels },
            DigitalDefinition { from, channels: vec![Channel::Digital] },
        ];
    }
    rules
}

fn arrivals(service: &LabelledService) -> Vec<Arrival> {
    let mut arrivals: Vec<Arrival> = Vec::new();
    for told in service.told() {
        for (channel, count) in told.completed {
            let line = Line { measure: Measure::Completed, channel, coverage: Coverage::All };
            let is_earlier = |one: &&Arrival| one.line == line && one.stored.point.period == told.period;
            let revision = if arrivals.iter().rev().take(20).any(|one| is_earlier(&one)) { 2 } else { 1 };
            let point = Point {
                period: told.period,
                value: Value::Known(Decimal::from(count)),
                quality: Quality::default(),
            };
            let stored = StoredPoint { point, revision, collected_at: told.known_at };
            arrivals.push(Arrival { known_at: told.known_at, line, stored });
        }
    }
    arrivals
}
