//! The counts behind a digital take-up: which channel grew, and whether figures were lost rather than moved.

use std::ops::AddAssign;

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

/// How well the counts of some low periods fit each [`Shift`]: sums of the logarithms of likelihoods.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Evidence {
    moved: f64,
    beside: f64,
    lost: f64,
}

/// By how much lost data must fit better than a true fall, and a critical fall better than what is rare.
const MARGIN: f64 = 1.0;
/// A fall of ordinary size: the larger one is, the less others that grew beside digital explain it.
const ORDINARY_FALL: f64 = 0.08;

impl Evidence {
    /// What fits a fall of a size best. Others that grew must fit better than a true fall by `beside_margin` where
    /// it is of ordinary size.
    pub(super) fn shift(self, size: f64, beside_margin: f64) -> Shift {
        let beside = self.beside - beside_margin * (size / ORDINARY_FALL).powi(2);
        if beside > self.moved.max(self.lost) {
            Shift::Beside
        } else if self.lost > self.moved + MARGIN {
            Shift::Lost
        } else {
            Shift::Moved
        }
    }

    /// What later periods say weighs more.
    pub(super) fn fade(&mut self) {
        *self = Self { moved: self.moved / 2.0, beside: self.beside / 2.0, lost: self.lost / 2.0 };
    }

    /// Whether transactions clearly moved, or nothing is known of channels.
    pub(super) fn is_clear(self) -> bool {
        self == Self::default() || self.moved - self.beside.max(self.lost) >= MARGIN
    }
}

impl AddAssign for Evidence {
    fn add_assign(&mut self, more: Self) {
        self.moved += more.moved;
        self.beside += more.beside;
        self.lost += more.lost;
    }
}

/// The logarithm of the likelihood of a normal value; what is further out than this counts as there.
fn log_likelihood(value: f64, variance: f64) -> f64 {
    const FURTHEST: f64 = 4.0;
    let squares = (value * value / variance).min(FURTHEST * FURTHEST);
    -0.5 * (squares + variance.ln())
}

impl Split {
    fn of(sample: &Sample) -> Option<Self> {
        // Only a KPI about channels says something of them.
        let total = sample.base.filter(|_| !sample.channels.is_empty())?.to_f64()?;
        let digital = sample.value.to_f64()? * total;
        Some(Self { digital, others: (total - digital).max(0.0) })
    }

    fn total(self) -> f64 {
        self.digital + self.others
    }
}

/// A count of less than half a transaction says nothing of how many times fewer there are.
fn log_ratio(now: f64, usual: f64) -> f64 {
    (now.max(0.5) / usual.max(0.5)).ln()
}

/// What is expected of a volume, beside the usual one and as logarithms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Volume {
    pub(super) change: f64,
    pub(super) variance: f64,
}

/// Earlier periods like the one that is judged.
#[derive(Debug, Clone)]
pub(super) struct Usual<'a>(pub(super) Vec<&'a Sample>);

impl Usual<'_> {
    /// What the counts of a low period say: the total is as usual where transactions moved, the digital count
    /// where others grew beside it, and the count of the others where digital ones were lost. `variance` is
    /// that of the KPI around what is expected; of the volume it is expected to be so far from the usual one.
    pub(super) fn evidence(&self, now: &Sample, expected: f64, variance: f64, volume: Volume) -> Evidence {
        let (Some(now), Some(usual)) = (Split::of(now), self.split()) else { return Evidence::default() };
        // A count moves with the volume and with its share of it.
        let of_share = |share: f64| variance / share.max(0.01).powi(2);
        let change = |now: f64, usual: f64| log_ratio(now, usual) - volume.change;
        let volume = volume.variance;
        Evidence {
            moved: log_likelihood(change(now.total(), usual.total()), volume),
            beside: log_likelihood(change(now.digital, usual.digital), volume + of_share(expected)),
            lost: log_likelihood(change(now.others, usual.others), volume + of_share(1.0 - expected)),
        }
    }

    /// How far a volume is from the usual one, as a logarithm.
    pub(super) fn change(&self, now: &Sample) -> Option<f64> {
        Some(log_ratio(Split::of(now)?.total(), self.split()?.total()))
    }

    fn split(&self) -> Option<Split> {
        let splits: Vec<Split> = self.0.iter().filter_map(|sample| Split::of(sample)).collect();
        Some(Split {
            digital: median(splits.iter().map(|split| split.digital))?,
            others: median(splits.iter().map(|split| split.others))?,
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
        let mut counts: Vec<Decimal> = self.0.iter().filter_map(count).collect();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied()
    }
}
