//! A service of the world: what it is like, not what it did.

use jiff::civil::{Date, Weekday};
use kpi::{Channel, ServiceId};

use super::chance;

/// How the volume of a service goes through the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Character {
    /// The same all year, quieter at weekends.
    Steady,
    /// A peak in late winter, next to nothing in summer.
    Seasonal,
    /// A few a day: many hours and some days with none.
    Small,
    /// Steady in volume; its script makes digital take-up fall.
    Dropping,
    /// Stops reporting altogether from a day on.
    Silent {
        /// First day without any figure.
        since: Date,
    },
    /// Steady, and most of its users refuse analytics cookies.
    Consented,
    /// No digital journey: paper and telephone only.
    Paper,
}

const EVEN: [u64; 12] = [1020, 1000, 1030, 980, 990, 1000, 970, 940, 1030, 1040, 1020, 980];
const SEASONAL: [u64; 12] = [2600, 1900, 1400, 700, 500, 350, 250, 300, 600, 900, 1100, 1400];

/// Volume by day of the week from Monday, in thousandths of an ordinary day.
const WEEK: [u64; 7] = [1180, 1120, 1080, 1050, 980, 520, 480];

/// Share of the hours of a local day, in thousandths; they add up to 1000.
const HOURS: [u64; 24] =
    [6, 4, 3, 2, 3, 6, 14, 30, 56, 78, 84, 80, 74, 72, 74, 72, 66, 58, 52, 48, 44, 38, 24, 12];

impl Character {
    /// Expected volume of a month in thousandths of an ordinary one.
    pub(crate) fn month(self, date: Date) -> u64 {
        let table = if self == Self::Seasonal { SEASONAL } else { EVEN };
        usize::try_from(date.month() - 1).ok().and_then(|index| table.get(index).copied()).unwrap_or(1000)
    }
}

/// Expected volume of a day of the week in thousandths of an ordinary one.
pub(crate) fn weekday(date: Date) -> u64 {
    let index = usize::try_from(date.weekday().since(Weekday::Monday)).unwrap_or(0);
    WEEK.get(index).copied().unwrap_or(1000)
}

/// Share of a local hour in its day, in thousandths.
pub(crate) fn hour_of_day(hour: i8) -> u64 {
    usize::try_from(hour).ok().and_then(|index| HOURS.get(index).copied()).unwrap_or(0)
}

/// A public service with users. Fields that are shares are in thousandths.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its slug, also how sources that know names call it.
    pub id: ServiceId,
    /// How its volume goes.
    pub character: Character,
    /// Completed transactions of an ordinary day, all channels.
    pub daily: u64,
    /// Share of each channel; what digital loses in an event goes to the telephone.
    pub channels: Vec<(Channel, u64)>,
    /// Share of digital journeys started that are completed.
    pub completion: u64,
    /// Share of users who accept analytics cookies, which is all that GA4 can see.
    pub consent: u64,
    /// Share of each rating from 1 to 5 among those who rate.
    pub ratings: [u64; 5],
    /// Cost of a transaction on a digital channel and on another, in pence.
    pub unit_cost: (u64, u64),
    /// Fee a user pays, in pence; `None` when the service is free and has no payment account.
    pub fee: Option<u64>,
}

impl Service {
    /// A steady service of `daily` transactions a day, three quarters of them digital. `None` when `id` is no slug.
    pub fn new(id: &str, character: Character, daily: u64) -> Option<Self> {
        let channels = match character {
            Character::Paper => vec![(Channel::Paper, 800), (Channel::Phone, 200)],
            _ => vec![(Channel::Digital, 750), (Channel::Phone, 150), (Channel::Paper, 100)],
        };
        Some(Self {
            id: id.parse().ok()?,
            character,
            daily,
            channels,
            completion: 780,
            consent: if character == Character::Consented { 420 } else { 1000 },
            ratings: [60, 50, 90, 260, 540],
            unit_cost: (85, 940),
            fee: None,
        })
    }

    /// The same service with a fee in pence, so that it has a payment account.
    #[must_use]
    pub fn with_fee(mut self, pence: u64) -> Self {
        self.fee = Some(pence);
        self
    }

    /// Where its pages are.
    pub fn host(&self) -> String {
        format!("{}.service.example", self.id)
    }

    pub(crate) fn key(&self) -> u64 {
        chance::part(self.id.as_str())
    }

    pub(crate) fn is_digital(&self) -> bool {
        self.channels.iter().any(|(channel, _)| *channel == Channel::Digital)
    }
}
