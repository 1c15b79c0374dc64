//! Falls that many services of one source have in common: the source is to be checked, not each service.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{CollectorName, Kpi, Period, ServiceId};

use super::events::resolved;
use super::finding::{Family, is_news};
use super::{Judged, Watched};
use crate::alerts::alert::{Alert, AlertId, Evidence, Resolution, Rule, Severity, Subject};
use crate::alerts::cadence::Cadence;
use crate::alerts::detect::Episode;
use crate::alerts::event::Event;

/// Fewest services of a source that have something in common.
pub(super) const LEAST_SERVICES: usize = 5;

/// What fell together: a source, a KPI, and the period that told.
type Common = (CollectorName, Kpi, Period);

/// The common falls of sources.
pub(super) struct Sources {
    falls: BTreeMap<Common, BTreeSet<ServiceId>>,
}

impl Sources {
    /// Finds the periods in which at least five services and half of those judged began to fall. A common
    /// fall that is open stays one while half of its services are still down.
    pub(super) fn find(services: &BTreeMap<ServiceId, Watched>, known: &[Alert], now: Timestamp) -> Self {
        let mut fallen: BTreeMap<Common, BTreeSet<ServiceId>> = BTreeMap::new();
        for (service, watched) in services {
            let Some(source) = &watched.source else { continue };
            for judged in &watched.kpis {
                for episode in falls(judged).filter(|one| one.ended.is_none()) {
                    let common = (source.clone(), judged.kpi, episode.told_by);
                    fallen.entry(common).or_default().insert(service.clone());
                }
            }
        }
        fallen.retain(|(source, kpi, period), members| {
            let open = open(known, source, *kpi, *period);
            if let Some(open) = open {
                return members.len() * 2 >= open.evidence.services.len();
            }
            let is_judged = |watched: &&Watched| {
                watched.source.as_ref() == Some(source)
                    && watched.kpis.iter().any(|it| reaches(it, *kpi, *period))
            };
            let judged = services.values().filter(is_judged).count();
            let is_recent = Cadence::of(period.kind()).is_some_and(|cadence| is_news(cadence, *period, now));
            is_recent && members.len() >= LEAST_SERVICES && members.len() * 2 >= judged
        });
        Self { falls: fallen }
    }

    /// Whether the fall of a service is told by an alert about its source.
    pub(super) fn cover(&self, watched: &Watched, service: &ServiceId, found: &Alert) -> bool {
        if Family::of_alert(found) != Family::Fall || found.resolution.is_some() {
            return false;
        }
        let Some(source) = &watched.source else { return false };
        self.falls.iter().any(|((of, kpi, period), members)| {
            of == source
                && *kpi == found.kpi
                && period.kind() == found.period_kind
                && (found.began..=found.latest).contains(period)
                && members.contains(service)
        })
    }

    /// What happened to the alerts about sources.
    pub(super) fn events(&self, known: &[Alert], now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        for ((source, kpi, period), members) in &self.falls {
            let services: Vec<ServiceId> = members.iter().cloned().collect();
            // Members leave an open one and never join it: what was told is what it is about.
            if open(known, source, *kpi, *period).is_none() {
                events.push(Event::Raised(alert(source, *kpi, *period, services, now)));
            }
        }
        let is_over = |alert: &&Alert| match &alert.subject {
            Subject::Source(source) => {
                alert.resolution.is_none()
                    && alert.rule == Rule::CheckSource
                    && !self.falls.contains_key(&(source.clone(), alert.kpi, alert.began))
            }
            Subject::Service(_) => false,
        };
        events.extend(known.iter().filter(is_over).map(|alert| resolved(alert, Resolution::Recovered, now)));
        events
    }
}

fn falls(judged: &Judged) -> impl Iterator<Item = &Episode> {
    judged.judgement.episodes.iter().filter(|episode| Family::of_episode(episode) == Family::Fall)
}

fn reaches(judged: &Judged, kpi: Kpi, period: Period) -> bool {
    judged.kpi == kpi
        && judged.newest.is_some_and(|newest| newest.kind() == period.kind() && newest >= period)
}

fn open<'a>(known: &'a [Alert], source: &CollectorName, kpi: Kpi, period: Period) -> Option<&'a Alert> {
    known.iter().find(|alert| is_open_about(alert, Rule::CheckSource, source, kpi, period))
}

/// Whether an alert is the open one of a rule about a source.
pub(super) fn is_open_about(
    alert: &Alert,
    rule: Rule,
    source: &CollectorName,
    kpi: Kpi,
    period: Period,
) -> bool {
    alert.resolution.is_none()
        && alert.rule == rule
        && matches!(&alert.subject, Subject::Source(of) if of == source)
        && alert.kpi == kpi
        && alert.began == period
}

fn alert(
    source: &CollectorName,
    kpi: Kpi,
    period: Period,
    services: Vec<ServiceId>,
    now: Timestamp,
) -> Alert {
    let subject = Subject::Source(source.clone());
    let remark = format!("{} services of this source fell in the same period.", services.len());
    Alert {
        id: AlertId::new(Rule::CheckSource, &subject, kpi, period),
        rule: Rule::CheckSource,
        subject,
        kpi,
        period_kind: period.kind(),
        severity: Severity::Warning,
        began: period,
        latest: period,
        raised_at: now,
        resolution: None,
        evidence: Evidence {
            services,
            remarks: vec![
                remark,
                "Check that the source still counts everything before looking at each service.".to_owned(),
            ],
            ..Evidence::default()
        },
    }
}
