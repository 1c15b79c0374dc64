//! Everything that is watched, and what has happened since it was last looked at.
//!
//! Pure: figures, calendar, settings, the alerts known and the present instant come in, events go out.
//! Each service is judged when its figures change; what is overdue is seen at every evaluation.

mod common;
mod due;
mod events;
mod finding;
mod history;
mod silence;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kpi::{CollectorName, Kpi, ServiceId};

pub use due::{Due, next_due};
pub use history::{KpiHistory, ServiceHistory};

use super::alert::Alert;
use super::cadence::Cadence;
use super::calendar::Holidays;
use super::detect::{Judgement, Outlook, judge};
use super::event::Event;
use super::settings::AlertSettings;

/// One KPI of a service at one cadence, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Which KPI.
    pub kpi: Kpi,
    /// At which cadence.
    pub cadence: Cadence,
    /// What is wrong with it.
    pub judgement: Judgement,
    /// When its next figures are due; `None` where they come at another cadence.
    pub due: Option<Due>,
    /// The newest period with a value that stands.
    newest: Option<kpi::Period>,
}

/// What is to be expected of one KPI of a service at one cadence.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiOutlook {
    /// Which service.
    pub service: ServiceId,
    /// Which KPI.
    pub kpi: Kpi,
    /// At which cadence.
    pub cadence: Cadence,
    /// What its next figures should be; `None` while there is too little history.
    pub outlook: Option<Outlook>,
    /// When they are due; `None` where they come at another cadence.
    pub due: Option<Due>,
}

/// One service, judged.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The collector its figures come from.
    pub source: Option<CollectorName>,
    /// How it is watched.
    pub settings: Arc<AlertSettings>,
    /// Its KPIs, shorter cadences first.
    pub kpis: Vec<Judged>,
}

impl Watched {
    /// Judges the history of a service.
    pub fn judge(history: &ServiceHistory, settings: Arc<AlertSettings>, holidays: &Holidays) -> Self {
        let by = Arc::clone(&settings);
        let judge = |one: &KpiHistory| judge(one.kpi, one.cadence, &one.observations, holidays, &by);
        Self::judge_by(history, settings, holidays, judge)
    }

    /// Judges it by what is said of each of its KPIs.
    pub fn judge_by(
        history: &ServiceHistory,
        settings: Arc<AlertSettings>,
        holidays: &Holidays,
        mut judge: impl FnMut(&KpiHistory) -> Judgement,
    ) -> Self {
        let judged = |one: &KpiHistory| {
            let settings_at = settings.at(one.cadence);
            let due = || next_due(one, settings_at, &history.time_zone, holidays);
            Judged {
                kpi: one.kpi,
                cadence: one.cadence,
                judgement: judge(one),
                due: if one.is_own { due() } else { None },
                newest: one.observations.iter().rev().find(|it| it.sample().is_some()).map(|it| it.period),
            }
        };
        let kpis = history.kpis.iter().map(judged).collect();
        Self { source: history.source.clone(), settings, kpis }
    }
}

/// Every service that is watched.
#[derive(Debug, Clone, Default)]
pub struct Watchlist {
    services: BTreeMap<ServiceId, Watched>,
}

impl Watchlist {
    /// Watches a service as judged, in place of what was known of it.
    pub fn put(&mut self, service: ServiceId, watched: Watched) {
        self.services.insert(service, watched);
    }

    /// Watches a service no longer; its open alerts end with the next evaluation.
    pub fn remove(&mut self, service: &ServiceId) {
        self.services.remove(service);
    }

    /// The services watched.
    pub const fn services(&self) -> &BTreeMap<ServiceId, Watched> {
        &self.services
    }

    /// What is to be expected of everything watched.
    pub fn outlooks(&self) -> Vec<KpiOutlook> {
        let of = |(service, watched): (&ServiceId, &Watched)| {
            let service = service.clone();
            let outlook = move |judged: &Judged| KpiOutlook {
                service: service.clone(),
                kpi: judged.kpi,
                cadence: judged.cadence,
                outlook: judged.judgement.outlook,
                due: judged.due,
            };
            watched.kpis.iter().map(outlook).collect::<Vec<_>>()
        };
        self.services.iter().flat_map(of).collect()
    }

    /// What has happened since the alerts known were left, in an order fit for acting on.
    ///
    /// `known` holds every open alert, and of the past ones at least those of the last year: an alert
    /// that is known is not raised again.
    pub fn evaluate(&self, known: &[Alert], now: Timestamp) -> Vec<Event> {
        events::evaluate(&self.services, known, now)
    }
}
