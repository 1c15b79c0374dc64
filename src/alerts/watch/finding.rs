//! What a judgement says, in the words of alerts.

use jiff::{SignedDuration, Timestamp};
use kpi::calculate::Unit as KpiUnit;
use kpi::{Kpi, Period, ServiceId};

use super::Judged;
use crate::alerts::alert::{
    Alert, AlertId, Change, Evidence, Resolution, Resolved, Rule, Severity, Subject, Unit,
};
use crate::alerts::cadence::Cadence;
use crate::alerts::detect::{Cause, Ending, Episode};

/// Alerts of a service that cannot both be true of one stretch of time, and so follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// The KPI fell, or looks as if it had.
    Fall,
    /// The figures cannot be right.
    Doubt,
    /// It goes down slowly.
    Erosion,
    /// Figures have not come.
    Overdue,
    /// A source.
    Source,
}

impl Family {
    pub(super) const fn of_episode(episode: &Episode) -> Self {
        match episode.cause {
            Cause::Fall | Cause::LostData => Self::Fall,
            Cause::Zero | Cause::Contradiction(_) => Self::Doubt,
            Cause::Erosion => Self::Erosion,
        }
    }

    /// The family of an alert: figures that cannot be right have no change worth showing.
    pub(super) const fn of_alert(alert: &Alert) -> Self {
        match alert.rule {
            Rule::Drop => Self::Fall,
            Rule::CheckData if alert.evidence.change.is_some() => Self::Fall,
            Rule::CheckData => Self::Doubt,
            Rule::Erosion => Self::Erosion,
            Rule::Overdue => Self::Overdue,
            Rule::CheckSource => Self::Source,
        }
    }
}

/// An episode of a service as an alert would tell it.
pub(super) fn alert(service: &ServiceId, judged: &Judged, episode: &Episode, now: Timestamp) -> Alert {
    let rule = match episode.cause {
        Cause::Fall => Rule::Drop,
        Cause::Erosion => Rule::Erosion,
        Cause::LostData | Cause::Zero | Cause::Contradiction(_) => Rule::CheckData,
    };
    let subject = Subject::Service(service.clone());
    let severity = if episode.critical_from.is_some() { Severity::Critical } else { Severity::Warning };
    let resolution = episode.ended.map(|(_, ending)| Resolved { at: now, why: why(ending) });
    Alert {
        id: AlertId::new(rule, &subject, judged.kpi, episode.began),
        rule,
        subject,
        kpi: judged.kpi,
        period_kind: judged.cadence.kind(),
        severity,
        began: episode.began,
        latest: episode.latest,
        raised_at: now,
        resolution,
        evidence: evidence(judged.kpi, episode),
    }
}

/// A warning raised now of what began in a period.
pub(super) fn warning(
    rule: Rule,
    subject: Subject,
    kpi: Kpi,
    period: Period,
    evidence: Evidence,
    now: Timestamp,
) -> Alert {
    Alert {
        id: AlertId::new(rule, &subject, kpi, period),
        rule,
        subject,
        kpi,
        period_kind: period.kind(),
        severity: Severity::Warning,
        began: period,
        latest: period,
        raised_at: now,
        resolution: None,
        evidence,
    }
}

const fn why(ending: Ending) -> Resolution {
    match ending {
        Ending::Recovered => Resolution::Recovered,
        Ending::NewLevel => Resolution::NewLevel,
    }
}

fn evidence(kpi: Kpi, episode: &Episode) -> Evidence {
    let unit = match kpi.unit() {
        KpiUnit::Ratio => Unit::Ratio,
        KpiUnit::Pounds => Unit::Pounds,
        KpiUnit::Count => Unit::Transactions,
    };
    let change = episode.expected.zip(episode.seen).map(|(from, to)| Change { unit, from, to });
    Evidence {
        change,
        learnt_from: episode.learnt_from,
        transactions: episode.transactions,
        grew: episode.grew.filter(|_| episode.cause != Cause::LostData),
        remarks: remarks(episode),
        ..Evidence::default()
    }
}

fn remarks(episode: &Episode) -> Vec<String> {
    let mut remarks = Vec::new();
    match &episode.cause {
        Cause::LostData => {
            remarks.push("The digital count fell and no other channel grew.".to_owned());
            remarks.push(
                "Check that digital transactions are still counted: the tag, the consent banner, the feed."
                    .to_owned(),
            );
        }
        Cause::Zero => {
            remarks.push("The figure is exactly 0 after periods that were not.".to_owned());
            remarks.push("Check whether 0 stands for a figure that is not known.".to_owned());
        }
        Cause::Contradiction(why) => {
            remarks.push(format!("The figures contradict each other: {why}."));
            remarks.push("Check them at the source; nothing is shown until they agree.".to_owned());
        }
        Cause::Fall if episode.digital_count_fell == Some(false) => {
            remarks.push("The digital count itself did not fall: other channels grew beside it.".to_owned());
        }
        Cause::Fall => {}
        Cause::Erosion => {
            remarks.push("No single period stands out; the level has gone down step by step.".to_owned());
        }
    }
    remarks
}

/// Whether an episode that is found only now is still news: figures filled in long afterwards alert nobody.
pub(super) fn is_news(cadence: Cadence, told_by: Period, now: Timestamp) -> bool {
    let days = match cadence {
        Cadence::Day => 14,
        Cadence::Week => 8 * 7,
        Cadence::Month => 6 * 31,
        Cadence::Quarter => 4 * 92,
    };
    ended_within(days, told_by, now)
}

/// Whether figures that have not come are still news: a service silent for longer has ended, or was never
/// watched.
pub(super) fn is_absence_news(cadence: Cadence, missing: Period, now: Timestamp) -> bool {
    let days = match cadence {
        Cadence::Day => 60,
        Cadence::Week => 26 * 7,
        Cadence::Month => 12 * 31,
        Cadence::Quarter => 6 * 92,
    };
    ended_within(days, missing, now)
}

fn ended_within(days: i64, period: Period, now: Timestamp) -> bool {
    let end = period.span(&jiff::tz::TimeZone::UTC).end;
    now.duration_since(end) <= SignedDuration::from_hours(days * 24)
}
