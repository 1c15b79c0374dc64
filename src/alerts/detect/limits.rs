//! Limits from a yearly budget of false alarms.

use super::statistics::exceeded_with;
use super::tuning::Tuning;
use crate::alerts::cadence::Cadence;

/// How far below expectation is a fall, in standard deviations.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// In one period.
    pub(super) at_once: f64,
    /// In each of two periods running.
    pub(super) twice: f64,
    /// In one period, for a critical fall.
    pub(super) critical: f64,
}

/// The share of the budget that single periods may use; runs of two may use the rest.
const AT_ONCE_SHARE: f64 = 0.6;
/// The share of the budget that critical alerts may use.
const CRITICAL_SHARE: f64 = 0.1;

impl Limits {
    /// The limits that chance exceeds about `false_alarms` times a year.
    pub(super) fn of(cadence: Cadence, tuning: &Tuning, false_alarms: f64) -> Self {
        let each_look = false_alarms / f64::from(cadence.looks_per_year());
        let limit = |probability| exceeded_with(probability) * tuning.tail;
        Self {
            at_once: limit(each_look * AT_ONCE_SHARE),
            twice: limit((each_look * (1.0 - AT_ONCE_SHARE)).sqrt()),
            critical: limit(each_look * CRITICAL_SHARE),
        }
    }
}
