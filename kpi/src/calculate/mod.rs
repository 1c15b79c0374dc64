//! Figures to KPIs.
//!
//! [`Calculator`] is the only way a KPI is made, so that every outlet agrees to the digit.

mod amount;
mod completion;
mod cost;
mod digital;
mod group;
mod kpi;
mod periods;
mod result;
mod satisfaction;
mod table;
mod volume;

pub use group::{GroupFigure, Member, ServicesCounted, combine};
pub use kpi::{Kpi, Unit, UnknownKpi};
pub use result::{Basis, Completeness, Evidence, KpiFigure, KpiState, KpiValue};
pub use table::{Entry, FigureTable, Line};

use amount::{Amount, Amounts, Memo};
use rust_decimal::Decimal;

use crate::service::{SatisfactionFormula, ServiceRules};
use crate::{Channel, Coverage, Measure, Period};

/// Computes the KPIs of one service.
///
/// Definitions: the GDS mandatory KPIs as the service manual gives them. Ratios are recomputed from
/// summed parts; a published ratio is used only where its parts are unknown.
#[derive(Debug)]
pub struct Calculator<'a> {
    table: &'a FigureTable,
    rules: &'a ServiceRules,
    memo: Memo,
}

impl<'a> Calculator<'a> {
    /// A calculator over a service's figures, by its rules.
    pub fn new(table: &'a FigureTable, rules: &'a ServiceRules) -> Self {
        Self { table, rules, memo: Memo::default() }
    }

    /// A KPI for one period.
    pub fn compute(&self, kpi: Kpi, period: Period) -> KpiFigure {
        let amounts = self.amounts();
        match kpi {
            Kpi::Transactions => volume::transactions(amounts, period),
            Kpi::DigitalTakeup => digital::takeup(amounts, period),
            Kpi::CompletionRate => completion::rate(amounts, period),
            Kpi::CostPerTransaction => cost::per_transaction(amounts, period),
            Kpi::TotalCost => cost::total(amounts, period),
            Kpi::UserSatisfaction => satisfaction::score(amounts, self.rules.satisfaction, period),
        }
    }

    /// User satisfaction by one formula whatever the service declares, so that services compare.
    pub fn satisfaction_by(&self, formula: SatisfactionFormula, period: Period) -> KpiFigure {
        satisfaction::score(self.amounts(), formula, period)
    }

    /// A line's amount over a period: given directly, or summed from its parts. `None` where it is
    /// not known or cannot be.
    pub fn amount(&self, line: Line, period: Period) -> Option<Decimal> {
        match self.amounts().of(line, period) {
            Amount::Known(value, _) => Some(value),
            _ => None,
        }
    }

    fn amounts(&self) -> Amounts<'_> {
        Amounts { table: self.table, rules: self.rules, memo: &self.memo }
    }
}

fn figure(kpi: Kpi, period: Period, state: KpiState, evidence: Evidence) -> KpiFigure {
    KpiFigure { kpi, period, state, basis: Basis::Computed, evidence }
}

/// Two known amounts, or the state that their absence makes.
fn both(numerator: Amount, denominator: Amount) -> Result<(Decimal, Decimal, Evidence), KpiState> {
    match (numerator, denominator) {
        (Amount::Known(numerator, mut evidence), Amount::Known(denominator, more)) => {
            evidence.absorb(&more);
            Ok((numerator, denominator, evidence))
        }
        (Amount::Known(..), other) | (other, Amount::Known(..)) => Err(absent(other)),
        // A step the service does not have says more than a number nobody sent.
        (Amount::NotApplicable, _) | (_, Amount::NotApplicable) => Err(KpiState::NotApplicable),
        (first, second) => Err(Amount::sum([first, second]).map_or(KpiState::NotApplicable, absent)),
    }
}

fn absent(amount: Amount) -> KpiState {
    match amount {
        Amount::Known(value, _) => {
            KpiState::Known(KpiValue { value, numerator: Some(value), denominator: None })
        }
        Amount::Missing(what) => KpiState::NotProvided(format!("missing: {what}")),
        Amount::NotApplicable => KpiState::NotApplicable,
        Amount::Suppressed => KpiState::Suppressed,
        Amount::Withdrawn => KpiState::Withdrawn,
        Amount::Impossible(why) => KpiState::HeldBack(why),
    }
}

/// A ratio that cannot leave 0..1: held back above, undefined over nothing.
fn ratio(numerator: Decimal, denominator: Decimal, names: (&str, &str)) -> KpiState {
    let (top, bottom) = names;
    if numerator > denominator {
        return KpiState::HeldBack(format!("{top} ({numerator}) is more than {bottom} ({denominator})"));
    }
    match numerator.checked_div(denominator) {
        Some(value) => {
            KpiState::Known(KpiValue { value, numerator: Some(numerator), denominator: Some(denominator) })
        }
        None => KpiState::Undefined(format!("{bottom} is 0")),
    }
}

/// A ratio the source gives ready-made on one of `channels`, with nothing known of its parts.
fn published_ratio(
    amounts: Amounts<'_>,
    kpi: Kpi,
    measure: Measure,
    channels: &[Channel],
    period: Period,
) -> Option<KpiFigure> {
    Coverage::ALL
        .into_iter()
        .flat_map(|coverage| channels.iter().map(move |channel| (coverage, *channel)))
        .find_map(|(coverage, channel)| {
            let Amount::Known(value, evidence) = amounts.of(Line { measure, channel, coverage }, period)
            else {
                return None;
            };
            let state = if value > Decimal::ONE {
                KpiState::HeldBack(format!("{measure} published as {value}, above 1"))
            } else {
                KpiState::Known(KpiValue { value, numerator: None, denominator: None })
            };
            Some(KpiFigure { kpi, period, state, basis: Basis::Published, evidence })
        })
}

#[cfg(test)]
mod tests;
