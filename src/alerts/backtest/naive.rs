//! Rules people start with, to set beside ours.

use std::fmt;

use kpi::{Kpi, Period};
use rust_decimal::Decimal;

use crate::alerts::cadence::Cadence;
use crate::alerts::observation::Observation;
use crate::alerts::watch::KpiHistory;

/// A rule people start with. Each alerts in the first period that meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NaiveRule {
    /// Five points below the period before.
    PeriodOnPeriod,
    /// Five points below the same period last year.
    SamePeriodLastYear,
    /// Against the median of the last four: ten points at once, or five twice running.
    MedianOfFour,
}

impl NaiveRule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::PeriodOnPeriod, Self::SamePeriodLastYear, Self::MedianOfFour];
}

impl fmt::Display for NaiveRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PeriodOnPeriod => "period on period, 5 points",
            Self::SamePeriodLastYear => "same period last year, 5 points",
            Self::MedianOfFour => "median of four, 10 or twice 5",
        })
    }
}

/// The periods in which a rule alerts: those that meet it after one that did not.
pub fn naive(rule: NaiveRule, history: &KpiHistory) -> Vec<Period> {
    if !matches!(history.kpi, Kpi::DigitalTakeup | Kpi::CompletionRate | Kpi::UserSatisfaction) {
        return Vec::new();
    }
    let mut alerts = Vec::new();
    let mut was = false;
    for (index, observation) in history.observations.iter().enumerate() {
        let Some(is) = meets(rule, history.cadence, &history.observations, index) else { continue };
        if is && !was {
            alerts.push(observation.period);
        }
        was = is;
    }
    alerts
}

fn meets(rule: NaiveRule, cadence: Cadence, history: &[Observation], index: usize) -> Option<bool> {
    let now = value(history, index)?;
    let before = |back: usize| value(history, index.checked_sub(back)?);
    let five = Decimal::new(5, 2);
    match rule {
        NaiveRule::PeriodOnPeriod => Some(before(1)? - now >= five),
        NaiveRule::SamePeriodLastYear => {
            // The same day of the week, for days.
            let year = if cadence == Cadence::Day { 364 } else { cadence.looks_per_year().into() };
            Some(before(year)? - now >= five)
        }
        NaiveRule::MedianOfFour => {
            let below = |index: usize| Some(median_of_four(history, index)? - value(history, index)?);
            let twice = below(index)? >= five && below(index.checked_sub(1)?)? >= five;
            Some(below(index)? >= Decimal::new(10, 2) || twice)
        }
    }
}

fn value(history: &[Observation], index: usize) -> Option<Decimal> {
    history.get(index)?.sample().map(|sample| sample.value)
}

fn median_of_four(history: &[Observation], index: usize) -> Option<Decimal> {
    let mut values: Vec<Decimal> =
        (1..=4).filter_map(|back| value(history, index.checked_sub(back)?)).collect();
    values.sort_unstable();
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some((upper + lower) / Decimal::TWO)
}
