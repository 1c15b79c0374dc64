//! Figures that many services of one source lack: the source is silent, which is told once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{CollectorName, Kpi, Period, ServiceId};

use super::due::Due;
use super::events::resolved;
use super::finding::is_absence_news;
use super::source::{LEAST_SERVICES, is_open_about};
use super::{Judged, Watched};
use crate::alerts::alert::{Alert, AlertId, Evidence, Resolution, Rule, Severity, Subject};
use crate::alerts::event::Event;

/// What has not come: of a source, a KPI for a period.
type Missing = (CollectorName, Kpi, Period);

/// The silent sources.
pub(super) struct Silences(BTreeMap<Missing, Silence>);

#[derive(Default)]
struct Silence {
    services: BTreeSet<ServiceId>,
    /// When the last of them was due.
    due_at: Timestamp,
}

/// Whether the figures after the newest are overdue, and that is news.
pub(super) fn overdue(watched: &Watched, judged: &Judged, now: Timestamp) -> Option<Due> {
    let due = judged.due.filter(|due| watched.settings.overdue && now >= due.at)?;
    is_absence_news(judged.cadence, due.period, now).then_some(due)
}

impl Silences {
    /// Finds the periods that at least five services of a source lack, and half of those it feeds. A silence that
    /// is told stays one while half of its services lack the period.
    pub(super) fn find(services: &BTreeMap<ServiceId, Watched>, known: &[Alert], now: Timestamp) -> Self {
        let mut silences: BTreeMap<Missing, Silence> = BTreeMap::new();
        let mut fed: BTreeMap<(&CollectorName, Kpi), usize> = BTreeMap::new();
        for (service, watched) in services {
            let Some(source) = &watched.source else { continue };
            for judged in watched.kpis.iter().filter(|judged| judged.due.is_some()) {
                *fed.entry((source, judged.kpi)).or_default() += 1;
                let Some(due) = overdue(watched, judged, now) else { continue };
                let silence = silences.entry((source.clone(), judged.kpi, due.period)).or_default();
                silence.services.insert(service.clone());
                silence.due_at = silence.due_at.max(due.at);
            }
        }
        silences.retain(|(source, kpi, period), silence| {
            let count = silence.services.len();
            if let Some(open) = open(known, source, *kpi, *period) {
                return count * 2 >= open.evidence.services.len();
            }
            let fed = fed.get(&(source, *kpi)).copied().unwrap_or_default();
            count >= LEAST_SERVICES && count * 2 >= fed
        });
        Self(silences)
    }

    /// Whether it is told by an alert about its source that a service lacks a period.
    pub(super) fn cover(&self, watched: &Watched, service: &ServiceId, kpi: Kpi, period: Period) -> bool {
        let Some(source) = &watched.source else { return false };
        let silence = self.0.get(&(source.clone(), kpi, period));
        silence.is_some_and(|silence| silence.services.contains(service))
    }

    /// What happened to the alerts about silent sources.
    pub(super) fn events(&self, known: &[Alert], now: Timestamp) -> Vec<Event> {
        let is_new = |(source, kpi, period): &Missing| open(known, source, *kpi, *period).is_none();
        let raised = self.0.iter().filter(|(missing, _)| is_new(missing));
        let mut events: Vec<Event> =
            raised.map(|(missing, silence)| Event::Raised(alert(missing, silence, now))).collect();
        let is_over = |alert: &&Alert| match &alert.subject {
            Subject::Source(source) => {
                alert.resolution.is_none()
                    && alert.rule == Rule::Overdue
                    && !self.0.contains_key(&(source.clone(), alert.kpi, alert.began))
            }
            Subject::Service(_) => false,
        };
        events.extend(known.iter().filter(is_over).map(|alert| resolved(alert, Resolution::Recovered, now)));
        events
    }
}

fn open<'a>(known: &'a [Alert], source: &CollectorName, kpi: Kpi, period: Period) -> Option<&'a Alert> {
    known.iter().find(|alert| is_open_about(alert, Rule::Overdue, source, kpi, period))
}

fn alert((source, kpi, period): &Missing, silence: &Silence, now: Timestamp) -> Alert {
    let subject = Subject::Source(source.clone());
    let services: Vec<ServiceId> = silence.services.iter().cloned().collect();
    Alert {
        id: AlertId::new(Rule::Overdue, &subject, *kpi, *period),
        rule: Rule::Overdue,
        subject,
        kpi: *kpi,
        period_kind: period.kind(),
        severity: Severity::Warning,
        began: *period,
        latest: *period,
        raised_at: now,
        resolution: None,
        evidence: Evidence {
            due_at: Some(silence.due_at),
            remarks: vec![format!("{} services of this source have no figures for it.", services.len())],
            services,
            ..Evidence::default()
        },
    }
}
