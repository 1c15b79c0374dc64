//! What a KPI is measured on: shares in points, amounts relative to themselves, and which way is bad.

use kpi::Kpi;
use kpi::calculate::Unit;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Puts the values of a KPI on a scale on which lower is worse and the same distance is as bad anywhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    is_share: bool,
    lower_is_worse: bool,
}

impl Scale {
    pub(super) const fn of(kpi: Kpi) -> Self {
        let lower_is_worse = !matches!(kpi, Kpi::CostPerTransaction | Kpi::TotalCost);
        Self { is_share: matches!(kpi.unit(), Unit::Ratio), lower_is_worse }
    }

    /// Whether the KPI is a share of its base.
    pub(super) const fn is_share(self) -> bool {
        self.is_share
    }

    /// A value on the scale; `None` where it has no place there (the logarithm of nothing).
    pub(super) fn place(self, value: Decimal) -> Option<f64> {
        let value = value.to_f64()?;
        if self.is_share {
            return Some(value);
        }
        (value > 0.0).then(|| if self.lower_is_worse { value.ln() } else { -value.ln() })
    }

    /// The value at a place.
    pub(super) fn value(self, place: f64) -> f64 {
        match (self.is_share, self.lower_is_worse) {
            (true, _) => place.clamp(0.0, 1.0),
            (false, true) => place.exp(),
            (false, false) => (-place).exp(),
        }
    }

    /// The variance that counting alone gives a value over a base: that of a share of so many, and of
    /// the logarithm of a count. What a cost rests on says nothing of its noise.
    pub(super) fn sampling_variance(self, expected: f64, base: Option<f64>) -> f64 {
        let Some(base) = base.filter(|base| *base > 0.0) else { return 0.0 };
        if !self.is_share {
            return if self.lower_is_worse { 1.0 / base } else { 0.0 };
        }
        // Half a transaction is kept clear of either end: a share of 1 so far is not certain to stay it.
        let edge = (0.5 / base).min(0.5);
        let share = expected.clamp(edge, 1.0 - edge);
        share * (1.0 - share) / base
    }
}
