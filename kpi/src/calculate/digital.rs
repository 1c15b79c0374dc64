//! Digital take-up: completed on digital channels over completed on all channels
//! (service manual, "Measuring digital take-up").

use jiff::civil::Date;

use super::amount::{Amount, Amounts};
use super::result::{Evidence, KpiFigure, KpiState};
use super::table::Line;
use super::{Kpi, both, figure, published_ratio, ratio, volume};
use crate::service::{DigitalDefinition, ServiceRules};
use crate::{Channel, Coverage, Measure, Period};

/// Digital take-up of a period.
pub(super) fn takeup(amounts: Amounts<'_>, period: Period) -> KpiFigure {
    let total = volume::all_channels(amounts, Measure::Completed, period);
    let digital = match digital_completed(amounts, period) {
        Ok(amount) => amount,
        Err(undefined) => return figure(Kpi::DigitalTakeup, period, undefined, Evidence::default()),
    };
    match both(digital, total) {
        Ok((digital, total, evidence)) => {
            let state = ratio(digital, total, ("completed digitally", "completed in all"));
            figure(Kpi::DigitalTakeup, period, state, evidence)
        }
        Err(KpiState::NotProvided(missing)) => published_ratio(
            amounts,
            Kpi::DigitalTakeup,
            Measure::DigitalTakeup,
            &[Channel::AllChannels, Channel::Digital],
            period,
        )
        .unwrap_or_else(|| not_provided(amounts, period, missing)),
        Err(state) => figure(Kpi::DigitalTakeup, period, state, Evidence::default()),
    }
}

/// Says so where digital counts exist but cover consenting users only: they make no ratio with
/// counts of everyone.
fn not_provided(amounts: Amounts<'_>, period: Period, missing: String) -> KpiFigure {
    let consented =
        Line { measure: Measure::Completed, channel: Channel::Digital, coverage: Coverage::Consented };
    let why = if matches!(amounts.of(consented, period), Amount::Known(..)) {
        format!("{missing}; the digital count there is covers only users who accepted analytics cookies")
    } else {
        missing
    };
    figure(Kpi::DigitalTakeup, period, KpiState::NotProvided(why), Evidence::default())
}

/// Completed transactions on the channels that count as digital in the period. Where the definition
/// changes inside it, each part is counted by its own definition; a period that cannot be divided at
/// the change is undefined.
fn digital_completed(amounts: Amounts<'_>, period: Period) -> Result<Amount, KpiState> {
    let Some(changed_on) = definition_change(amounts, period) else {
        let channels = digital_channels(amounts, period.start_date(), period);
        return Ok(amounts
            .over(Measure::Completed, &channels, Coverage::All, period)
            .unwrap_or(no_digital_channel(amounts.rules)));
    };
    let parts = period
        .kind()
        .summed_from()
        .iter()
        .filter_map(|kind| period.parts(*kind, &amounts.rules.time_zone))
        .find_map(|parts| {
            let amounts: Result<Vec<_>, _> =
                parts.into_iter().map(|part| digital_completed(amounts, part)).collect();
            amounts.ok().filter(|amounts| !amounts.iter().any(|amount| matches!(amount, Amount::Missing(_))))
        });
    match parts.and_then(Amount::sum) {
        Some(Amount::Known(sum, mut evidence)) => {
            evidence.definition_changed_on = Some(changed_on);
            Ok(Amount::Known(sum, evidence))
        }
        Some(other) => Ok(other),
        None => Err(KpiState::Undefined(format!(
            "the definition of digital changed on {changed_on}, inside the period"
        ))),
    }
}

fn no_digital_channel(rules: &ServiceRules) -> Amount {
    if rules.channels.is_empty() {
        Amount::Missing("completed by digital".to_owned())
    } else {
        Amount::NotApplicable
    }
}

/// The channels that count as digital on a date: those of the definition in force that the service
/// has declared or, where it has declared none, that it has figures for in the period.
pub(super) fn digital_channels(amounts: Amounts<'_>, date: Date, period: Period) -> Vec<Channel> {
    let Some(definition) = definition_on(amounts.rules, date) else { return Vec::new() };
    let exists = |channel: Channel| {
        if amounts.rules.channels.is_empty() {
            amounts.exists(Line { measure: Measure::Completed, channel, coverage: Coverage::All }, period)
        } else {
            amounts.rules.channels.contains(&channel)
        }
    };
    definition.channels.iter().copied().filter(|channel| exists(*channel)).collect()
}

fn definition_on(rules: &ServiceRules, date: Date) -> Option<&DigitalDefinition> {
    rules.digital.iter().rev().find(|definition| definition.from.is_none_or(|from| from <= date))
}

/// The first day inside the period, after its start, on which the digital channels of the service
/// change.
fn definition_change(amounts: Amounts<'_>, period: Period) -> Option<Date> {
    let mut before = digital_channels(amounts, period.start_date(), period);
    before.sort_unstable();
    let inside = |date: &Date| *date > period.start_date() && *date < period.end_date();
    amounts.rules.digital.iter().filter_map(|definition| definition.from).filter(inside).find(|date| {
        let mut after = digital_channels(amounts, *date, period);
        after.sort_unstable();
        after != before
    })
}
