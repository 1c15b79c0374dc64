//! Completed transactions over all channels.

use super::amount::{Amount, Amounts};
use super::result::{Evidence, KpiFigure};
use super::table::Line;
use super::{Kpi, absent, figure};
use crate::{Channel, Coverage, Measure, Period};

/// A measure over every channel of the service: the sum of its declared channels, or the total a
/// source gives ready-made where it is the only one known. The two are never added; where both are
/// known and differ, the amount carries a warning.
pub(super) fn all_channels(amounts: Amounts<'_>, measure: Measure, period: Period) -> Amount {
    let line = Line { measure, channel: Channel::AllChannels, coverage: Coverage::All };
    let given = amounts.of(line, period);
    let Some(summed) = amounts.over(measure, &amounts.rules.channels, Coverage::All, period) else {
        return given;
    };
    match (summed, given) {
        (Amount::Known(sum, mut evidence), Amount::Known(total, _)) if sum != total => {
            evidence.absorb(&Evidence {
                warning: Some(format!(
                    "{measure} by channel adds up to {sum}, the source's own total is {total}"
                )),
                ..Evidence::default()
            });
            Amount::Known(sum, evidence)
        }
        (summed @ Amount::Known(..), _) => summed,
        (_, given @ Amount::Known(..)) => given,
        (summed, _) => summed,
    }
}

/// Completed transactions, all channels.
pub(super) fn transactions(amounts: Amounts<'_>, period: Period) -> KpiFigure {
    let amount = all_channels(amounts, Measure::Completed, period);
    let evidence =
        if let Amount::Known(_, evidence) = &amount { evidence.clone() } else { Evidence::default() };
    figure(Kpi::Transactions, period, absent(amount), evidence)
}
