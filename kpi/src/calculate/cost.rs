//! Cost per transaction and total cost
//! (service manual, "Measuring cost per transaction").

use rust_decimal::Decimal;

use super::amount::{Amount, Amounts};
use super::result::{Basis, Evidence, KpiFigure, KpiState, KpiValue};
use super::table::Line;
use super::{Kpi, absent, both, figure, volume};
use crate::{Channel, Coverage, Measure, Period};

/// Cost of providing the service, all channels. Where a source gives the cost of one transaction
/// instead, it is that times the completed transactions of the same period.
pub(super) fn total(amounts: Amounts<'_>, period: Period) -> KpiFigure {
    match cost(amounts, period) {
        Cost::Given(amount) => {
            let evidence =
                if let Amount::Known(_, evidence) = &amount { evidence.clone() } else { Evidence::default() };
            figure(Kpi::TotalCost, period, absent(amount), evidence)
        }
        Cost::PerTransaction(each, evidence) => {
            let completed = volume::all_channels(amounts, Measure::Completed, period);
            let (state, evidence) = match each_times(each, evidence, completed) {
                Ok((cost, _, evidence)) => (
                    KpiState::Known(KpiValue { value: cost, numerator: Some(cost), denominator: None }),
                    evidence,
                ),
                Err(state) => (state, Evidence::default()),
            };
            KpiFigure { kpi: Kpi::TotalCost, period, state, basis: Basis::Published, evidence }
        }
    }
}

/// Cost over completed transactions, all channels.
pub(super) fn per_transaction(amounts: Amounts<'_>, period: Period) -> KpiFigure {
    let completed = volume::all_channels(amounts, Measure::Completed, period);
    match cost(amounts, period) {
        Cost::Given(cost) => {
            let (state, evidence) = match both(cost, completed) {
                Ok((cost, completed, evidence)) => (divide(cost, completed), evidence),
                Err(state) => (state, Evidence::default()),
            };
            figure(Kpi::CostPerTransaction, period, state, evidence)
        }
        Cost::PerTransaction(each, evidence) => {
            let (state, evidence) = match each_times(each, evidence.clone(), completed) {
                Ok((cost, completed, evidence)) => {
                    let parts = KpiValue { value: each, numerator: Some(cost), denominator: Some(completed) };
                    (KpiState::Known(parts), evidence)
                }
                // Used as it is only where nothing is known of its parts.
                Err(KpiState::NotProvided(_)) => {
                    (KpiState::Known(KpiValue { value: each, numerator: None, denominator: None }), evidence)
                }
                Err(state) => (state, Evidence::default()),
            };
            KpiFigure { kpi: Kpi::CostPerTransaction, period, state, basis: Basis::Published, evidence }
        }
    }
}

enum Cost {
    /// A cost in pounds, or its absence.
    Given(Amount),
    /// The source gives the cost of one transaction.
    PerTransaction(Decimal, Evidence),
}

fn cost(amounts: Amounts<'_>, period: Period) -> Cost {
    let given = volume::all_channels(amounts, Measure::Cost, period);
    if !matches!(given, Amount::Missing(_)) {
        return Cost::Given(given);
    }
    let line =
        Line { measure: Measure::CostPerTransaction, channel: Channel::AllChannels, coverage: Coverage::All };
    match amounts.of(line, period) {
        Amount::Known(each, evidence) => Cost::PerTransaction(each, evidence),
        Amount::Missing(_) => Cost::Given(given),
        other => Cost::Given(other),
    }
}

/// The cost that a published cost of one transaction makes with the completed transactions, and those.
fn each_times(
    each: Decimal,
    mut evidence: Evidence,
    completed: Amount,
) -> Result<(Decimal, Decimal, Evidence), KpiState> {
    match completed {
        Amount::Known(completed, _) if completed.is_zero() => Err(KpiState::Undefined(
            "a cost for each transaction is given, and completed in all is 0".to_owned(),
        )),
        Amount::Known(completed, more) => {
            evidence.absorb(&more);
            let cost = each.checked_mul(completed).ok_or_else(|| {
                KpiState::HeldBack(format!("{each} pounds for each of {completed} transactions is too large"))
            })?;
            Ok((cost, completed, evidence))
        }
        other => Err(absent(other)),
    }
}

fn divide(cost: Decimal, completed: Decimal) -> KpiState {
    match cost.checked_div(completed) {
        Some(value) => {
            KpiState::Known(KpiValue { value, numerator: Some(cost), denominator: Some(completed) })
        }
        None => KpiState::Undefined("completed in all is 0".to_owned()),
    }
}
