//! What a period is judged with.

use kpi::Period;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::Cadence;
use super::limits::Limits;
use super::scale::Scale;
use super::tuning::Tuning;
use crate::alerts::observation::Observation;
use crate::alerts::settings::{AlertSettings, CadenceSettings};

/// How a history is judged: what stays the same from one period to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) cadence: Cadence,
    pub(super) history: &'a [Observation],
    pub(super) settings: &'a AlertSettings,
    pub(super) tuning: Tuning,
    pub(super) limits: Limits,
    pub(super) scale: Scale,
}

/// A period as it is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) index: usize,
    pub(super) period: Period,
    /// Its value on the scale.
    pub(super) value: f64,
    /// Transactions behind it, where they are known.
    pub(super) base: Option<f64>,
}

impl<'a> Frame<'a> {
    pub(super) fn threshold(&self) -> &'a CadenceSettings {
        self.settings.at(self.cadence)
    }

    pub(super) fn period(&self, index: usize) -> Option<Period> {
        self.history.get(index).map(|observation| observation.period)
    }

    /// A place on the scale as a decimal of the KPI, to six decimals.
    pub(super) fn decimal(&self, place: f64) -> Option<Decimal> {
        Decimal::from_f64(self.scale.value(place)).map(|value| value.round_dp(6))
    }
}
