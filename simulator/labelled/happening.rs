//! What happens to services.

use kpi::PeriodKind;
use serde::{Deserialize, Serialize};

use super::service::Plan;

/// What happens to a service. Lengths are in periods of its own kind, sizes in points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// Nothing.
    Quiet,
    /// Nothing, to a service with a strong season.
    Season,
    /// Nothing, to a service with next to no volume.
    Tiny,
    /// Take-up falls and stays down.
    Step {
        /// By so much.
        points: u32,
    },
    /// Take-up falls over four periods and stays down.
    Ramp {
        /// By so much in all.
        points: u32,
    },
    /// Take-up falls and comes back.
    Blip {
        /// By so much.
        points: u32,
        /// For so long.
        periods: u32,
    },
    /// Take-up goes down over twelve periods.
    Erosion {
        /// By so much in all.
        points: u32,
    },
    /// Take-up is up for a while, and back.
    UpwardBlip {
        /// By so much.
        points: u32,
    },
    /// Nothing is reported for some periods.
    Missing,
    /// A channel reports nothing where it means not known.
    ZeroForMissing,
    /// The digital journey and its counting are down: next to nothing comes by any channel.
    Outage,
    /// A third of the digital transactions are not counted; nothing grows elsewhere.
    PartialOutage,
    /// Paper catches up: twice its volume for two periods, digital as ever.
    MixShift,
    /// Another channel is counted from some day on, beside the others.
    NewChannel,
    /// Assisted digital stops being counted as digital, and the configuration says so.
    Redefined,
    /// The figures of three periods come together, late.
    Late,
    /// A figure comes too low and is corrected two periods later.
    Revised,
}

/// What detection should make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An alert: take-up fell.
    Fall,
    /// No alert of a fall.
    Quiet,
    /// At most a warning.
    WarningAtMost,
}

impl Happening {
    /// The word for it in labels and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Season => "season",
            Self::Tiny => "tiny",
            Self::Step { .. } => "step",
            Self::Ramp { .. } => "ramp",
            Self::Blip { .. } => "blip",
            Self::Erosion { .. } => "erosion",
            Self::UpwardBlip { .. } => "upward_blip",
            Self::Missing => "missing",
            Self::ZeroForMissing => "zero_for_missing",
            Self::Outage => "outage",
            Self::PartialOutage => "partial_outage",
            Self::MixShift => "mix_shift",
            Self::NewChannel => "new_channel",
            Self::Redefined => "redefined",
            Self::Late => "late",
            Self::Revised => "revised",
        }
    }

    /// How far take-up falls, in points.
    pub const fn points(self) -> u32 {
        match self {
            Self::Step { points }
            | Self::Ramp { points }
            | Self::Blip { points, .. }
            | Self::Erosion { points } => points,
            _ => 0,
        }
    }

    /// Periods it lasts; `None` where it stays, or where nothing happens.
    pub const fn periods(self) -> Option<u32> {
        match self {
            Self::Blip { periods, .. } => Some(periods),
            Self::UpwardBlip { .. } => Some(4),
            Self::Missing | Self::Late => Some(3),
            Self::ZeroForMissing | Self::MixShift => Some(2),
            Self::Outage | Self::PartialOutage | Self::Revised => Some(1),
            _ => None,
        }
    }

    /// What detection should make of it.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Step { .. } | Self::Ramp { .. } | Self::Blip { .. } | Self::Erosion { .. } => Verdict::Fall,
            Self::PartialOutage | Self::Revised => Verdict::WarningAtMost,
            _ => Verdict::Quiet,
        }
    }

    /// Whether anything happens at all.
    pub const fn happens(self) -> bool {
        !matches!(self, Self::Quiet | Self::Season | Self::Tiny)
    }
}

/// Which services a set has, by what happens to them and how many of each.
pub(super) fn plans(kind: PeriodKind) -> Vec<Plan> {
    use Happening::{
        Blip, Erosion, Late, Missing, MixShift, NewChannel, Outage, PartialOutage, Quiet, Ramp, Redefined,
        Revised, Season, Step, Tiny, UpwardBlip, ZeroForMissing,
    };
    let many = [
        (Quiet, 60),
        (Season, 20),
        (Tiny, 10),
        (Step { points: 3 }, 10),
        (Step { points: 5 }, 20),
        (Step { points: 10 }, 20),
        (Step { points: 20 }, 20),
        (Ramp { points: 10 }, 10),
        (Blip { points: 10, periods: 1 }, 10),
        (Blip { points: 20, periods: 2 }, 10),
        (Erosion { points: 6 }, 10),
        (UpwardBlip { points: 10 }, 10),
        (Missing, 5),
        (ZeroForMissing, 10),
        (Outage, 10),
        (PartialOutage, 10),
        (MixShift, 10),
        (NewChannel, 5),
        (Redefined, 5),
        (Late, 5),
        (Revised, 10),
    ];
    // A quarter of them for quarters, of which there are few in any history.
    let fewer = if kind == PeriodKind::Quarter { 4 } else { 1 };
    many.into_iter()
        .flat_map(|(happening, count)| (0..(count + fewer - 1) / fewer).map(move |_| Plan { happening }))
        .collect()
}
