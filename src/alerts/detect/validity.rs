//! What comes before statistics: whether a period can be compared with those before it at all.

use kpi::Channel;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::statistics::median;
use crate::alerts::observation::Sample;

/// Whether a sample can be compared with those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparable {
    /// It can.
    Yes,
    /// The value is exactly nothing after several that were something: not known rather than none.
    ZeroAfterMore,
    /// It means something else than those before: another definition, or a channel newly counted.
    Break,
    /// A channel that was always there is missing.
    PartMissing,
}

/// Values above nothing before a nothing is suspect.
const BEFORE_ZERO: usize = 3;
/// A channel below this share of the total comes and goes without meaning anything.
const SMALL_SHARE: f64 = 0.005;
/// A channel of fewer transactions may be without one by chance.
const FEW: f64 = 10.0;

/// What of a sample decides whether others can be compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    is_zero: bool,
    /// The channels that count as digital, as bits in the order of [`Channel::ALL`].
    digital: u8,
    /// Those that are counted and not small.
    counted: u8,
    /// Those of them with more than a few transactions.
    large: u8,
}

impl Shape {
    pub(super) fn of(sample: &Sample) -> Self {
        let base = sample.base.and_then(|base| base.to_f64()).unwrap_or(f64::INFINITY);
        let bits = |above: f64| {
            let large = |(_, count): &&(Channel, Decimal)| count.to_f64().is_some_and(|count| count > above);
            sample.channels.iter().filter(large).fold(0, |bits, (channel, _)| bits | bit(*channel))
        };
        let small = SMALL_SHARE * base;
        Self {
            is_zero: sample.value.is_zero(),
            digital: sample.digital.iter().fold(0, |bits, channel| bits | bit(*channel)),
            counted: bits(small),
            large: bits(small.max(FEW)),
        }
    }
}

fn bit(channel: Channel) -> u8 {
    let place = Channel::ALL.iter().position(|one| *one == channel).unwrap_or(0);
    1 << place
}

/// Compares a sample with those before it, oldest first.
pub(super) fn compare(before: &[Shape], now: Shape) -> Comparable {
    let Some(last) = before.last() else { return Comparable::Yes };
    let is_enough = before.len() >= BEFORE_ZERO;
    if now.is_zero && is_enough && before.iter().rev().take(BEFORE_ZERO).all(|shape| !shape.is_zero) {
        return Comparable::ZeroAfterMore;
    }
    if last.digital != now.digital {
        return Comparable::Break;
    }
    let ever = before.iter().fold(0, |bits, shape| bits | shape.counted);
    let always_large = before.iter().fold(u8::MAX, |bits, shape| bits & shape.large);
    if is_enough && now.large & !ever != 0 {
        return Comparable::Break;
    }
    if is_enough && always_large & !now.counted != 0 {
        return Comparable::PartMissing;
    }
    Comparable::Yes
}

/// A volume below this share of the usual one is not judged.
const LEAST_OF_USUAL: f64 = 0.5;

/// Whether a volume is large enough, on its own and beside every recent one, to judge by.
pub(super) fn is_enough(volume: f64, recent: &[f64], least: f64) -> bool {
    volume >= least && median(recent.iter().copied()).is_none_or(|usual| volume >= LEAST_OF_USUAL * usual)
}
