//! Made-up alerts, and the receivers of one test.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use collectors::clock::ManualClock;
use collectors::{Http, Randomness};
use jiff::Timestamp;
use kpi::service::{Organisation, ServiceDescription};
use kpi::{Channel, Kpi, Period, PeriodKind, ReceiverName};
use pp_collector::alerts::deliver::{Context, Courier, DeliveryEvents, Route, receiver_kinds};
use pp_collector::alerts::state::{AlertBook, Audience, Decision};
use pp_collector::alerts::{
    Alert, AlertId, AlertMeter, Change, Event, Evidence, Growth, Resolution, Resolved, Rule, Severity,
    Subject, Unit,
};
use pp_collector::config::settings::ReceiverSettings;
use pp_collector::state::StateDb;
use rust_decimal::Decimal;
use tokio::sync::Notify;

pub(crate) const NOW: &str = "2026-11-23T10:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn week(start: &str) -> Period {
    Period::starting(PeriodKind::Week, start.parse().unwrap()).unwrap()
}

pub(crate) fn described(id: &str, name: &str) -> ServiceDescription {
    let organisation = |id: &str, name: &str| Organisation { id: id.parse().unwrap(), name: name.to_owned() };
    ServiceDescription {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        department: Some(organisation("department-for-transport", "Department for Transport")),
        agency: Some(organisation("dvla", "Driver & Vehicle Licensing Agency")),
    }
}

/// What the services of these tests are called; one name is full of markup.
pub(crate) fn services() -> Vec<ServiceDescription> {
    vec![
        described("renew-a-licence", "Renew a driving licence"),
        described("tax-a-vehicle", "Tax a vehicle <b>& more</b> [here](https://example.org)"),
    ]
}

/// Digital take-up of a service fell from 81 to 62 per cent.
pub(crate) fn fall(service: &str) -> Alert {
    let week = week("2026-11-09");
    let subject = Subject::Service(service.parse().unwrap());
    Alert {
        id: AlertId::new(Rule::Drop, &subject, Kpi::DigitalTakeup, week),
        rule: Rule::Drop,
        subject,
        kpi: Kpi::DigitalTakeup,
        period_kind: PeriodKind::Week,
        severity: Severity::Warning,
        began: week,
        latest: week,
        raised_at: at(NOW),
        resolution: None,
        evidence: Evidence {
            change: Some(Change {
                unit: Unit::Ratio,
                from: Decimal::new(8104, 4),
                to: Decimal::new(6196, 4),
            }),
            learnt_from: Some((self::week("2026-08-10"), self::week("2026-11-02"))),
            transactions: Some(Decimal::from(12_345)),
            grew: Some(Growth {
                channel: Channel::Phone,
                from: Decimal::from(1_200),
                to: Decimal::from(3_450),
            }),
            remarks: vec!["The figures are complete.".to_owned()],
            ..Evidence::default()
        },
    }
}

pub(crate) fn worse(alert: &Alert) -> Alert {
    let mut worse = Alert { severity: Severity::Critical, latest: alert.latest.next(), ..alert.clone() };
    if let Some(change) = &mut worse.evidence.change {
        change.to = Decimal::new(41, 2);
    }
    worse
}

pub(crate) fn ended(alert: &Alert, why: Resolution) -> Alert {
    let mut ended = Alert { latest: alert.latest.next(), ..alert.clone() };
    if let Some(change) = &mut ended.evidence.change {
        change.to = Decimal::new(80, 2);
    }
    ended.resolution = Some(Resolved { at: at("2026-11-30T10:00:00Z"), why });
    ended
}

pub(crate) fn names(names: &[&str]) -> BTreeSet<ReceiverName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

pub(crate) fn decision(event: Event, receivers: &[&str]) -> Decision {
    Decision { event, services: services(), audience: Audience::Receivers(names(receivers)) }
}

pub(crate) fn book() -> AlertBook {
    AlertBook::new(StateDb::in_memory().unwrap())
}

/// A receiver of a kind with these settings, that takes everything.
pub(crate) fn receiver(name: &str, kind: &str, settings: &str) -> ReceiverSettings {
    let kind = receiver_kinds().iter().find(|one| one.name == kind).unwrap();
    ReceiverSettings {
        name: name.parse().unwrap(),
        kind,
        route: everything(),
        resolved: true,
        quiet_hours: None,
        timeout: Duration::from_secs(30),
        give_up_after: Duration::from_hours(7 * 24),
        receiver: (kind.build)(&settings.parse().unwrap()).unwrap(),
    }
}

pub(crate) fn everything() -> Route {
    Route {
        least_severity: Severity::Warning,
        rules: BTreeSet::new(),
        services: BTreeSet::new(),
        departments: BTreeSet::new(),
    }
}

/// A secret in a file, as settings refer to it.
pub(crate) fn secret(folder: &tempfile::TempDir, name: &str, secret: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, secret).unwrap();
    format!("{{ file = {:?} }}", path.display().to_string())
}

/// The longest wait, always.
pub(crate) struct Longest;

impl Randomness for Longest {
    fn up_to(&self, longest: Duration) -> Duration {
        longest
    }
}

pub(crate) struct Uncounted;

impl AlertMeter for Uncounted {}

/// A clock that starts at [`NOW`] and on which sleeps pass at once; time limits do not.
pub(crate) fn clock() -> ManualClock {
    ManualClock::new(at(NOW)).skipping_sleeps()
}

pub(crate) fn context(clock: &ManualClock) -> Context {
    let clock = Arc::new(clock.clone());
    let http = Http::new(collectors::http::client().unwrap(), clock.clone(), Arc::new(Longest));
    Context { http, clock }
}

pub(crate) fn courier(settings: ReceiverSettings, book: &AlertBook, clock: &ManualClock) -> Courier {
    Courier {
        settings,
        book: book.clone(),
        context: context(clock),
        events: DeliveryEvents::new(Arc::new(Uncounted)),
        randomness: Arc::new(Longest),
        public_url: Some("https://performance.example.gov.uk".to_owned()),
        wake: Arc::new(Notify::new()),
    }
}
