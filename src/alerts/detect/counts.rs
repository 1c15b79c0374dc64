//! The counts behind a digital take-up: which channel grew, and whether figures were lost rather than moved.

use kpi::Channel;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::statistics::median;
use crate::alerts::alert::Growth;
use crate::alerts::observation::Sample;

/// What the counts say of a fall in take-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    /// Transactions moved to channels that are not digital, or nothing speaks against it.
    Moved,
    /// The digital count did not fall: others grew beside it, as when paper catches up.
    Beside,
    /// The digital count fell and nothing grew elsewhere: lost data rather than news.
    Lost,
}

/// Transactions of a period on digital channels and on the others.
#[derive(Debug, Clone, Copy)]
struct Split {
    digital: f64,
    others: f64,
}

/// Growth of the others below this share of what the fall asks for is no growth.
const LEAST_GROWTH: f64 = 0.35;
/// A total this much above the usual one is more than ordinary ups and downs.
const SURGE: f64 = 1.08;
/// A digital count that fell by less than this share of what the fall asks for has not fallen.
const LEAST_LOSS: f64 = 0.2;

impl Split {
    fn of(sample: &Sample) -> Option<Self> {
        // Only a KPI about channels says something of them.
        let total = sample.base.filter(|_| !sample.channels.is_empty())?.to_f64()?;
        let digital = sample.value.to_f64()? * total;
        Some(Self { digital, others: (total - digital).max(0.0) })
    }
}

/// What is usual for a period.
#[derive(Debug, Clone)]
pub(super) struct Usual<'a> {
    /// Earlier periods like it.
    pub(super) samples: Vec<&'a Sample>,
    /// By what factor the season changes volumes from theirs to its own.
    pub(super) volume: f64,
}

impl Usual<'_> {
    /// What the counts say of a fall from `expected` to `seen`.
    pub(super) fn shift(&self, now: &Sample, expected: f64, seen: f64) -> Shift {
        let (Some(now), Some(usual)) = (Split::of(now), self.split()) else { return Shift::Moved };
        // Where the total goes on, the fall takes this share of the digital count...
        let taken = 1.0 - seen / expected.max(0.01);
        let has_surged = now.digital + now.others >= SURGE * (usual.digital + usual.others);
        if has_surged && now.digital >= usual.digital * (1.0 - LEAST_LOSS * taken) {
            return Shift::Beside;
        }
        // ...and makes the others grow by this one.
        let added = (1.0 - seen) / (1.0 - expected).max(0.01) - 1.0;
        if now.others < usual.others * (1.0 + LEAST_GROWTH * added) { Shift::Lost } else { Shift::Moved }
    }

    fn split(&self) -> Option<Split> {
        let splits: Vec<Split> = self.samples.iter().filter_map(|sample| Split::of(sample)).collect();
        Some(Split {
            digital: self.volume * median(splits.iter().map(|split| split.digital))?,
            others: self.volume * median(splits.iter().map(|split| split.others))?,
        })
    }

    /// The channel that grew most, where one did, digital ones left out.
    pub(super) fn grew(&self, now: &Sample) -> Option<Growth> {
        now.channels
            .iter()
            .filter(|(channel, _)| !now.digital.contains(channel))
            .filter_map(|(channel, to)| {
                let from = self.count(*channel)?;
                (*to > from).then_some(Growth { channel: *channel, from, to: *to })
            })
            .max_by_key(|growth| growth.to - growth.from)
    }

    /// The usual count of a channel.
    fn count(&self, wanted: Channel) -> Option<Decimal> {
        let count = |sample: &&Sample| {
            sample.channels.iter().find(|(channel, _)| *channel == wanted).map(|(_, count)| *count)
        };
        let mut counts: Vec<Decimal> = self.samples.iter().filter_map(count).collect();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied()
    }
}
