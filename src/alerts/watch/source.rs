//! Falls that many services of one source have in common: the source is to be checked, not each service.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{Kpi, Period, ServiceId};

use super::common::{Common, are_many, events, lasts, open};
use super::finding::{Family, is_news};
use super::{Judged, Watched};
use crate::alerts::alert::{Alert, Evidence, Rule};
use crate::alerts::cadence::Cadence;
use crate::alerts::detect::Episode;
use crate::alerts::event::Event;

/// The common falls of sources, by the period that told.
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
        fallen.retain(|common, members| {
            if let Some(open) = open(known, Rule::CheckSource, common) {
                return lasts(open, members.len());
            }
            let (source, kpi, period) = common;
            let is_judged = |watched: &&Watched| {
                watched.source.as_ref() == Some(source)
                    && watched.kpis.iter().any(|it| reaches(it, *kpi, *period))
            };
            let judged = services.values().filter(is_judged).count();
            let is_recent = Cadence::of(period.kind()).is_some_and(|cadence| is_news(cadence, *period, now));
            is_recent && are_many(members.len(), judged)
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
        events(Rule::CheckSource, &self.falls, evidence, known, now)
    }
}

fn falls(judged: &Judged) -> impl Iterator<Item = &Episode> {
    judged.judgement.episodes.iter().filter(|episode| Family::of_episode(episode) == Family::Fall)
}

fn reaches(judged: &Judged, kpi: Kpi, period: Period) -> bool {
    judged.kpi == kpi
        && judged.newest.is_some_and(|newest| newest.kind() == period.kind() && newest >= period)
}

fn evidence(members: &BTreeSet<ServiceId>) -> Evidence {
    Evidence {
        services: members.iter().cloned().collect(),
        remarks: vec![
            format!("{} services of this source fell in the same period.", members.len()),
            "Check that the source still counts everything before looking at each service.".to_owned(),
        ],
        ..Evidence::default()
    }
}
