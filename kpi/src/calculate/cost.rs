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
            let amount = each_times_volume(amounts, each, evidence, period);
            let (state, evidence) = match amount {
                Amount::Known(value, evidence) => {
                    (KpiState::Known(KpiValue { value, numerator: Some(value), denominator: None }), evidence)
                }
                other => (absent(other), Evidence::default()),
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
            let (numerator, denominator) =
                match (each_times_volume(amounts, each, evidence.clone(), period), completed) {
                    (Amount::Known(cost, _), Amount::Known(completed, _)) => (Some(cost), Some(completed)),
                    _ => (None, None),
                };
            let state = KpiState::Known(KpiValue { value: each, numerator, denominator });
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

fn each_times_volume(amounts: Amounts<'_>, each: Decimal, mut evidence: Evidence, period: Period) -> Amount {
    match volume::all_channels(amounts, Measure::Completed, period) {
        Amount::Known(completed, more) => {
            evidence.absorb(&more);
            each.checked_mul(completed).map_or_else(
                || {
                    Amount::Impossible(format!(
                        "{each} pounds for each of {completed} transactions is too large"
                    ))
                },
                |cost| Amount::Known(cost, evidence),
            )
        }
        other => other,
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
