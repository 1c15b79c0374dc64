//! What was found beside what is known: the difference is what happened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{Kpi, ServiceId};

use super::finding::{self, Family, is_news};
use super::silence::{Silences, overdue};
use super::source::Sources;
use super::{Judged, Watched};
use crate::alerts::alert::{Alert, Evidence, Resolution, Resolved, Rule, Subject};
use crate::alerts::detect::Episode;
use crate::alerts::event::Event;

/// The alerts known of one subject.
type Known<'a> = BTreeMap<&'a Subject, Vec<&'a Alert>>;

pub(super) fn evaluate(
    services: &BTreeMap<ServiceId, Watched>,
    known: &[Alert],
    now: Timestamp,
) -> Vec<Event> {
    let mut by_subject = Known::new();
    for alert in known {
        by_subject.entry(&alert.subject).or_default().push(alert);
    }
    let sources = Sources::find(services, known, now);
    let silences = Silences::find(services, known, now);
    let mut events = sources.events(known, now);
    events.extend(silences.events(known, now));
    let none = Vec::new();
    for (service, watched) in services {
        let subject = Subject::Service(service.clone());
        let known = by_subject.get(&subject).unwrap_or(&none);
        let mut told =
            Told { service, watched, known, raised: Vec::new(), sources: &sources, silences: &silences, now };
        for judged in &watched.kpis {
            for family in [Family::Doubt, Family::Fall, Family::Erosion] {
                events.extend(told.compare(judged, family));
            }
            events.extend(told.overdue(judged));
        }
        events.extend(told.no_longer_watched());
    }
    let gone = |alert: &&Alert| match &alert.subject {
        Subject::Service(service) => alert.resolution.is_none() && !services.contains_key(service),
        Subject::Source(_) => false,
    };
    events.extend(known.iter().filter(gone).map(|alert| resolved(alert, Resolution::Withdrawn, now)));
    events
}

pub(super) fn resolved(alert: &Alert, why: Resolution, now: Timestamp) -> Event {
    Event::Resolved(Alert { resolution: Some(Resolved { at: now, why }), ..alert.clone() })
}

/// What happened to the alerts of one service.
struct Told<'a> {
    service: &'a ServiceId,
    watched: &'a Watched,
    known: &'a [&'a Alert],
    /// Raised in this evaluation, at a shorter cadence.
    raised: Vec<Alert>,
    sources: &'a Sources,
    silences: &'a Silences,
    now: Timestamp,
}

impl Told<'_> {
    /// Compares the episodes of a family with the alert that is open about it.
    fn compare(&mut self, judged: &Judged, family: Family) -> Vec<Event> {
        let episodes: Vec<&Episode> =
            judged.judgement.episodes.iter().filter(|one| Family::of_episode(one) == family).collect();
        let lasting = episodes.iter().copied().find(|episode| episode.ended.is_none());
        let Some(open) = self.open(judged, family) else {
            return lasting.and_then(|episode| self.raise(judged, episode)).into_iter().collect();
        };
        let Some(episode) = episodes.iter().rev().find(|episode| overlap(episode, open)) else {
            let mut events = vec![resolved(open, Resolution::Revised, self.now)];
            events.extend(lasting.and_then(|episode| self.raise(judged, episode)));
            return events;
        };
        let found = finding::alert(self.service, judged, episode, self.now);
        if self.sources.cover(self.watched, self.service, &found) {
            return vec![resolved(open, Resolution::Superseded, self.now)];
        }
        // What looks different by now is told again where it is worse, and not twice where it is as bad.
        if found.rule != open.rule && found.severity > open.severity && found.resolution.is_none() {
            let mut events = vec![resolved(open, Resolution::Superseded, self.now)];
            events.extend(self.raise(judged, episode));
            return events;
        }
        let severity = found.severity.max(open.severity);
        // The id is for life: what began it is not moved by what is known since.
        let now = Alert {
            id: open.id.clone(),
            rule: open.rule,
            severity,
            began: open.began,
            raised_at: open.raised_at,
            ..found
        };
        if now.resolution.is_some() {
            vec![Event::Resolved(now)]
        } else if severity > open.severity {
            vec![Event::Worsened(now)]
        } else if now == *open {
            Vec::new()
        } else {
            vec![Event::Continued(now)]
        }
    }

    fn open(&self, judged: &Judged, family: Family) -> Option<&Alert> {
        self.known.iter().copied().find(|alert| {
            alert.resolution.is_none()
                && alert.kpi == judged.kpi
                && alert.period_kind == judged.cadence.kind()
                && Family::of_alert(alert) == family
        })
    }

    /// Raises an alert, unless it is old news or told already: by itself, at another cadence, or by an
    /// alert about its source.
    fn raise(&mut self, judged: &Judged, episode: &Episode) -> Option<Event> {
        let found = finding::alert(self.service, judged, episode, self.now);
        let is_told = |alert: &Alert| told_by(alert, &found);
        if !is_news(judged.cadence, episode.told_by, self.now)
            || self.known.iter().any(|alert| is_told(alert))
            || self.raised.iter().any(is_told)
            || self.sources.cover(self.watched, self.service, &found)
        {
            return None;
        }
        self.raised.push(found.clone());
        Some(Event::Raised(found))
    }

    /// Raises what is overdue, and ends it once nothing is any more: late figures that leave the next ones
    /// overdue are no end.
    fn overdue(&mut self, judged: &Judged) -> Option<Event> {
        let due = judged.due.filter(|_| self.watched.settings.overdue)?;
        let is_covered = self.silences.cover(self.watched, self.service, judged.kpi, due.period);
        if let Some(open) = self.open(judged, Family::Overdue) {
            if self.now < due.at {
                return Some(resolved(open, Resolution::Recovered, self.now));
            }
            if is_covered {
                return Some(resolved(open, Resolution::Superseded, self.now));
            }
            let latest = due.period;
            return (open.latest != latest).then(|| Event::Continued(Alert { latest, ..open.clone() }));
        }
        let due = overdue(self.watched, judged, self.now).filter(|_| !is_covered)?;
        let subject = Subject::Service(self.service.clone());
        let evidence = Evidence { due_at: Some(due.at), ..Evidence::default() };
        let found = finding::warning(Rule::Overdue, subject, judged.kpi, due.period, evidence, self.now);
        let is_told = self.known.iter().any(|alert| told_by(alert, &found));
        (!is_told).then_some(Event::Raised(found))
    }

    /// Ends alerts about KPIs and cadences that are watched no longer.
    fn no_longer_watched(&self) -> Vec<Event> {
        let watched: BTreeSet<(Kpi, kpi::PeriodKind)> =
            self.watched.kpis.iter().map(|judged| (judged.kpi, judged.cadence.kind())).collect();
        self.known
            .iter()
            .filter(|alert| alert.resolution.is_none() && !watched.contains(&(alert.kpi, alert.period_kind)))
            .map(|alert| resolved(alert, Resolution::Withdrawn, self.now))
            .collect()
    }
}

/// Whether an episode and an alert are of one time: what is known now may begin it elsewhere.
fn overlap(episode: &Episode, alert: &Alert) -> bool {
    let has_begun = episode.began <= alert.latest;
    has_begun && episode.ended.is_none_or(|(ended, _)| ended > alert.began)
}

/// Whether an alert told already what another would tell: the same by name, or a fall over the same days.
/// One that a revision took back told nothing.
fn told_by(alert: &Alert, found: &Alert) -> bool {
    let taken_back = |resolved: Resolved| {
        matches!(resolved.why, Resolution::Revised | Resolution::Superseded | Resolution::Withdrawn)
    };
    if alert.resolution.is_some_and(taken_back) || alert.kpi != found.kpi {
        return false;
    }
    if alert.id == found.id {
        return true;
    }
    let falls = |alert: &Alert| matches!(Family::of_alert(alert), Family::Fall | Family::Erosion);
    falls(alert)
        && falls(found)
        && alert.began.start_date() < found.latest.end_date()
        && found.began.start_date() < alert.latest.end_date()
}
