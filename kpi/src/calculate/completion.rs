//! Completion rate: completed over started, digital journey
//! (service manual, "Measuring completion rate").

use super::amount::{Amount, Amounts};
use super::digital::digital_channels;
use super::result::{Evidence, KpiFigure, KpiState};
use super::table::Line;
use super::{Kpi, both, figure, published_ratio, ratio};
use crate::{Channel, Coverage, Measure, Period};

/// Completion rate of a period. Counts of consenting users make a ratio with each other only.
pub(super) fn rate(amounts: Amounts<'_>, period: Period) -> KpiFigure {
    let mut missing = None;
    for coverage in Coverage::ALL {
        let channels = journey(amounts, coverage, period);
        let over = |measure| amounts.over(measure, &channels, coverage, period);
        let (Some(completed), Some(started)) = (over(Measure::Completed), over(Measure::Started)) else {
            continue;
        };
        match both(completed, started) {
            Ok((completed, started, evidence)) => {
                let state = ratio(completed, started, ("completed", "started"));
                return figure(Kpi::CompletionRate, period, state, evidence);
            }
            Err(state @ KpiState::NotProvided(_)) => missing = missing.or(Some(state)),
            Err(state) => return figure(Kpi::CompletionRate, period, state, Evidence::default()),
        }
    }
    let channels = [Channel::Digital, Channel::AllChannels];
    published_ratio(amounts, Kpi::CompletionRate, Measure::CompletionRate, &channels, period).unwrap_or_else(
        || {
            let state = missing.unwrap_or_else(|| no_journey(amounts));
            figure(Kpi::CompletionRate, period, state, Evidence::default())
        },
    )
}

/// The digital channels whose starts are measured: a channel without starts has no rate of its own,
/// and its completions would only lift the others'.
fn journey(amounts: Amounts<'_>, coverage: Coverage, period: Period) -> Vec<Channel> {
    let measured = |channel: &Channel| {
        let line = Line { measure: Measure::Started, channel: *channel, coverage };
        amounts.exists(line, period) && amounts.of(line, period) != Amount::NotApplicable
    };
    let mut channels = digital_channels(amounts, period.start_date(), period);
    // Analytics see the digital journey even where completions are declared by no other source.
    if amounts.rules.channels.is_empty() && !channels.contains(&Channel::Digital) {
        channels.push(Channel::Digital);
    }
    channels.retain(measured);
    channels
}

fn no_journey(amounts: Amounts<'_>) -> KpiState {
    let rules = amounts.rules;
    let is_digital =
        |channel: &Channel| rules.digital.iter().any(|definition| definition.channels.contains(channel));
    if !rules.channels.is_empty() && !rules.channels.iter().any(is_digital) {
        KpiState::NotApplicable
    } else {
        KpiState::NotProvided("missing: started by digital".to_owned())
    }
}
