//! User satisfaction from the counts of the five levels
//! (service manual, "Measuring user satisfaction"; the scaled mean as the GOV.UK Performance
//! Platform displayed it).

use rust_decimal::Decimal;

use super::amount::{Amount, Amounts};
use super::result::{Evidence, KpiFigure, KpiState, KpiValue};
use super::table::Line;
use super::{Kpi, absent, figure, published_ratio, ratio};
use crate::service::SatisfactionFormula;
use crate::{Channel, Coverage, Measure, Period, Rating};

/// User satisfaction of a period by a formula.
pub(super) fn score(amounts: Amounts<'_>, formula: SatisfactionFormula, period: Period) -> KpiFigure {
    let mut missing = None;
    for coverage in Coverage::ALL {
        let channels = rated_channels(amounts, coverage, period);
        if channels.is_empty() {
            continue;
        }
        match counts(amounts, &channels, coverage, period) {
            Ok((counts, evidence)) => {
                return figure(Kpi::UserSatisfaction, period, by_formula(formula, counts), evidence);
            }
            Err(state @ KpiState::NotProvided(_)) => missing = missing.or(Some(state)),
            Err(state) => return figure(Kpi::UserSatisfaction, period, state, Evidence::default()),
        }
    }
    let channels = [Channel::AllChannels, Channel::Digital];
    published_ratio(amounts, Kpi::UserSatisfaction, Measure::SatisfactionScore, &channels, period)
        .unwrap_or_else(|| {
            let state = missing.unwrap_or_else(|| KpiState::NotProvided("missing: ratings".to_owned()));
            figure(Kpi::UserSatisfaction, period, state, Evidence::default())
        })
}

fn rated_channels(amounts: Amounts<'_>, coverage: Coverage, period: Period) -> Vec<Channel> {
    let rated = |channel: &Channel| {
        Rating::ALL.into_iter().any(|rating| {
            amounts.exists(Line { measure: Measure::Rating(rating), channel: *channel, coverage }, period)
        })
    };
    let (total, single): (Vec<_>, Vec<_>) =
        Channel::ALL.into_iter().filter(rated).partition(|channel| *channel == Channel::AllChannels);
    if single.is_empty() { total } else { single }
}

fn counts(
    amounts: Amounts<'_>,
    channels: &[Channel],
    coverage: Coverage,
    period: Period,
) -> Result<([Decimal; 5], Evidence), KpiState> {
    let mut counts = [Decimal::ZERO; 5];
    let mut evidence = Evidence::default();
    for (count, rating) in counts.iter_mut().zip(Rating::ALL) {
        match amounts.over(Measure::Rating(rating), channels, coverage, period) {
            Some(Amount::Known(number, more)) => {
                *count = number;
                evidence.absorb(&more);
            }
            Some(other) => return Err(absent(other)),
            None => return Err(KpiState::NotApplicable),
        }
    }
    Ok((counts, evidence))
}

fn by_formula(formula: SatisfactionFormula, counts: [Decimal; 5]) -> KpiState {
    let [_, n2, n3, n4, n5] = counts;
    let total: Decimal = counts.iter().sum();
    if total.is_zero() {
        return KpiState::Undefined("nobody gave a rating".to_owned());
    }
    match formula {
        SatisfactionFormula::SatisfiedShare => ratio(n4 + n5, total, ("satisfied", "ratings")),
        SatisfactionFormula::MeanScaled => {
            // (mean − 1) / 4, written with quarters so that it stays exact.
            let quarters = n2 + n3 * Decimal::TWO + n4 * Decimal::from(3) + n5 * Decimal::from(4);
            let numerator = quarters / Decimal::from(4);
            KpiState::Known(KpiValue {
                value: numerator / total,
                numerator: Some(numerator),
                denominator: Some(total),
            })
        }
    }
}
