//! Figures that many services of one source lack: the source is silent, which is told once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{CollectorName, Kpi, Period, ServiceId};

use super::common::{Common, are_many, events, lasts, open};
use super::due::Due;
use super::finding::is_absence_news;
use super::{Judged, Watched};
use crate::alerts::alert::{Alert, Evidence, Rule};
use crate::alerts::event::Event;

/// The silent sources: what has not come, and for whom.
pub(super) struct Silences(BTreeMap<Common, Silence>);

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
        let mut silences: BTreeMap<Common, Silence> = BTreeMap::new();
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
        silences.retain(|common, silence| {
            let count = silence.services.len();
            if let Some(open) = open(known, Rule::Overdue, common) {
                return lasts(open, count);
            }
            let (source, kpi, _) = common;
            are_many(count, fed.get(&(source, *kpi)).copied().unwrap_or_default())
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
        events(Rule::Overdue, &self.0, evidence, known, now)
    }
}

fn evidence(silence: &Silence) -> Evidence {
    let services: Vec<ServiceId> = silence.services.iter().cloned().collect();
    Evidence {
        due_at: Some(silence.due_at),
        remarks: vec![format!("{} services of this source have no figures for it.", services.len())],
        services,
        ..Evidence::default()
    }
}
