//! What was told beside what truly happened.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kpi::{Kpi, Period, PeriodKind, ServiceId};

use super::labels::Label;
use super::replay::{Replayed, Told};
use crate::alerts::alert::{Rule, Severity, Subject};
use crate::alerts::cadence::Cadence;
use crate::alerts::calendar::Holidays;
use crate::alerts::watch::{KpiHistory, ServiceHistory};

/// One alert, whatever rule told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// About which service.
    pub service: ServiceId,
    /// About which KPI.
    pub kpi: Kpi,
    /// The period that told.
    pub period: Period,
    /// Whether it was critical.
    pub critical: bool,
}

impl Line {
    /// The falls among what was told, which is what labels are about: by all rules, or by one.
    pub fn falls(replayed: &Replayed, rule: Option<Rule>) -> Vec<Self> {
        let is_wanted = |told: &&Told| rule.is_none_or(|rule| told.alert.rule == rule);
        replayed.told.iter().filter(is_wanted).filter_map(Self::fall).collect()
    }

    fn fall(told: &Told) -> Option<Self> {
        let alert = &told.alert;
        match (&alert.subject, alert.evidence.change) {
            (Subject::Service(service), Some(_)) => Some(Self {
                service: service.clone(),
                kpi: alert.kpi,
                period: alert.latest,
                critical: alert.severity == Severity::Critical,
            }),
            _ => None,
        }
    }
}

/// How well alerts meet labels of one event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Labels.
    pub labels: u32,
    /// Found in the first period with a figure that is judged.
    pub in_1: u32,
    /// In one of the first two.
    pub in_2: u32,
    /// In one of the first five.
    pub in_5: u32,
    /// While it lasted, or within the time a fall that stays is waited for.
    pub at_all: u32,
    /// Periods until they were found, all of those that were together: 1 for the first.
    pub delay: u32,
    /// With a critical alert.
    pub critical: u32,
    /// Further alerts about what was told already.
    pub duplicates: u32,
}

/// How well alerts meet labels at one kind of period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Score {
    /// By event and size in points.
    pub events: BTreeMap<(String, u32), Found>,
    /// Years of figures of all services together.
    pub service_years: f64,
    /// Alerts about nothing that is labelled.
    pub false_alarms: u32,
    /// The critical ones of them.
    pub false_critical: u32,
}

/// Periods after it ended in which an alert about it still counts as one.
const AFTER: usize = 2;
/// Periods a fall that stays is waited for.
const WAITED_FOR: usize = 30;

/// Scores alerts by the labels, for the services that have one. Holidays are no periods to be found in.
pub fn score(
    lines: &[Line],
    labels: &[Label],
    services: &[ServiceHistory],
    holidays: &Holidays,
) -> BTreeMap<PeriodKind, Score> {
    let mut scores: BTreeMap<PeriodKind, Score> = BTreeMap::new();
    let mut seen: Vec<(&ServiceId, PeriodKind)> = Vec::new();
    for label in labels {
        let Some(service) = services.iter().find(|service| service.service == label.service) else {
            continue;
        };
        for history in service.kpis.iter().filter(|one| one.kpi == label.kpi) {
            let kind = history.cadence.kind();
            if label.period_kind.is_some_and(|wanted| wanted != kind)
                || (label.period_kind.is_none() && !history.is_own)
            {
                continue;
            }
            let score = scores.entry(kind).or_default();
            let lines: Vec<&Line> = lines
                .iter()
                .filter(|line| {
                    line.service == label.service && line.kpi == label.kpi && line.period.kind() == kind
                })
                .collect();
            let periods = Periods { history, holidays };
            let found = score.events.entry((label.event.clone(), label.points)).or_default();
            periods.meet(label, &lines, found);
            // A service with several labels is counted once.
            if !seen.contains(&(&service.service, kind)) {
                seen.push((&service.service, kind));
                let all: Vec<&Label> = labels
                    .iter()
                    .filter(|one| one.service == label.service && one.kpi == label.kpi)
                    .collect();
                score.service_years +=
                    history.observations.len() as f64 / f64::from(history.cadence.looks_per_year());
                let is_false = |line: &&&Line| !all.iter().any(|label| periods.explains(label, line.period));
                let false_alarms: Vec<_> = lines.iter().filter(is_false).collect();
                score.false_alarms += u32::try_from(false_alarms.len()).unwrap_or(u32::MAX);
                let critical = false_alarms.iter().filter(|line| line.critical).count();
                score.false_critical += u32::try_from(critical).unwrap_or(u32::MAX);
            }
        }
    }
    scores
}

/// The periods of one KPI.
struct Periods<'a> {
    history: &'a KpiHistory,
    holidays: &'a Holidays,
}

impl Periods<'_> {
    /// The periods in which an alert is about what a label says.
    fn span(&self, label: &Label) -> Option<(Date, Date)> {
        let from = label.from?;
        let later = |date: Date, periods: usize| {
            let mut period = Period::containing(self.history.cadence.kind(), date).ok()?;
            for _ in 0..periods {
                period = period.next();
            }
            Some(period.start_date())
        };
        let to = match label.to {
            Some(to) => later(to, AFTER),
            None => later(from, WAITED_FOR),
        };
        Some((from, to?))
    }

    fn explains(&self, label: &Label, period: Period) -> bool {
        self.span(label).is_some_and(|(from, to)| period.end_date() > from && period.start_date() < to)
    }

    fn meet(&self, label: &Label, lines: &[&Line], found: &mut Found) {
        found.labels += 1;
        let mut about = lines.iter().filter(|line| self.explains(label, line.period));
        let Some(first) = about.next() else { return };
        let more = about.clone().count();
        found.at_all += 1;
        found.critical += u32::from(first.critical || about.any(|line| line.critical));
        found.duplicates += u32::try_from(more).unwrap_or(u32::MAX);
        let judged = self.judged(label, first.period);
        found.delay += u32::try_from(judged).unwrap_or(u32::MAX);
        found.in_1 += u32::from(judged <= 1);
        found.in_2 += u32::from(judged <= 2);
        found.in_5 += u32::from(judged <= 5);
    }

    /// How many periods could be judged from the beginning of what a label says to a period.
    fn judged(&self, label: &Label, until: Period) -> usize {
        let holidays_matter = matches!(self.history.cadence, Cadence::Day | Cadence::Week);
        self.history
            .observations
            .iter()
            .filter(|one| label.from.is_some_and(|from| one.period.end_date() > from) && one.period <= until)
            .filter(|one| one.sample().is_some() && !(holidays_matter && self.holidays.touch(one.period)))
            .count()
    }
}
