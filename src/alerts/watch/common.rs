//! What many services of one source have in common is told once, about the source.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kpi::{CollectorName, Kpi, Period};

use super::events::resolved;
use super::finding::warning;
use crate::alerts::alert::{Alert, Evidence, Resolution, Rule, Subject};
use crate::alerts::event::Event;

/// What services have in common: a source, a KPI, and a period.
pub(super) type Common = (CollectorName, Kpi, Period);

/// Fewest services that have something in common.
const LEAST_SERVICES: usize = 5;

/// Whether so many services, of all those it could be, have something in common.
pub(super) const fn are_many(members: usize, of: usize) -> bool {
    members >= LEAST_SERVICES && members * 2 >= of
}

/// The open alert of a rule about something in common.
pub(super) fn open<'a>(known: &'a [Alert], rule: Rule, (source, kpi, period): &Common) -> Option<&'a Alert> {
    known.iter().find(|alert| {
        alert.resolution.is_none()
            && alert.rule == rule
            && matches!(&alert.subject, Subject::Source(of) if of == source)
            && alert.kpi == *kpi
            && alert.began == *period
    })
}

/// Whether it is still in common: half of the services that were told of have it.
pub(super) fn lasts(open: &Alert, members: usize) -> bool {
    members * 2 >= open.evidence.services.len()
}

/// What happened to the alerts of a rule about sources, given what was found.
pub(super) fn events<T>(
    rule: Rule,
    found: &BTreeMap<Common, T>,
    evidence: impl Fn(&T) -> Evidence,
    known: &[Alert],
    now: Timestamp,
) -> Vec<Event> {
    // Members leave an open one and never join it: what was told is what it is about.
    let raised = found.iter().filter(|(common, _)| open(known, rule, common).is_none());
    let mut events: Vec<Event> = raised
        .map(|((source, kpi, period), members)| {
            let subject = Subject::Source(source.clone());
            Event::Raised(warning(rule, subject, *kpi, *period, evidence(members), now))
        })
        .collect();
    let is_over = |alert: &&Alert| match &alert.subject {
        Subject::Source(source) => {
            alert.resolution.is_none()
                && alert.rule == rule
                && !found.contains_key(&(source.clone(), alert.kpi, alert.began))
        }
        Subject::Service(_) => false,
    };
    events.extend(known.iter().filter(is_over).map(|alert| resolved(alert, Resolution::Recovered, now)));
    events
}
