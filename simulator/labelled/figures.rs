//! The figures of a service, in the order a source tells them.

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};
use kpi::{Channel, Period, PeriodKind};

use super::chance::whole;
use super::happening::Happening;
use super::holidays::bank_holidays;
use super::service::LabelledService;

/// What a source tells of one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub known_at: Timestamp,
    /// The period.
    pub period: Period,
    /// Completed transactions by channel; a channel it says nothing of is not there.
    pub completed: Vec<(Channel, u64)>,
}

/// What is to come by each channel in a period, before chance.
struct Expected {
    digital: f64,
    assisted: f64,
    phone: f64,
    paper: f64,
}

/// Share of a bank holiday's transactions that come all the same: digital, others.
const ON_HOLIDAY: (f64, f64) = (0.6, 0.05);
/// Share of those missed by post and telephone that come on the three days after.
const CAUGHT_UP: f64 = 0.7;

impl LabelledService {
    /// Everything a source tells, in order.
    pub fn told(&self) -> Vec<Told> {
        let mut told: Vec<Told> = (0..self.periods.len()).flat_map(|index| self.told_of(index)).collect();
        told.sort_by_key(|one| (one.known_at, one.period));
        told
    }

    /// What is told of one period, a correction included.
    fn told_of(&self, index: usize) -> Vec<Told> {
        let Some(period) = self.periods.get(index).copied() else { return Vec::new() };
        let since = self.since(index);
        let mut completed = self.counts(index, period, since);
        let mut known_at = self.known_at(index);
        match (self.happening, since) {
            (Happening::Missing, Some(0..3)) => return Vec::new(),
            (Happening::Late, Some(0..3)) => known_at = self.known_at(self.at + 2),
            (Happening::Revised, Some(0)) => {
                let right = Told { known_at: self.known_at(index + 2), period, completed: completed.clone() };
                for (channel, count) in &mut completed {
                    if *channel == Channel::Digital {
                        *count = *count * 6 / 10;
                    }
                }
                return vec![Told { known_at, period, completed }, right];
            }
            _ => {}
        }
        vec![Told { known_at, period, completed }]
    }

    /// Periods since it happened.
    fn since(&self, index: usize) -> Option<usize> {
        index.checked_sub(self.at).filter(|_| self.happening.happens())
    }

    fn counts(&self, index: usize, period: Period, since: Option<usize>) -> Vec<(Channel, u64)> {
        let expected = self.expected(index, period, since);
        let lasts = |periods| since.is_some_and(|since| since < periods);
        let number = i64::try_from(index).unwrap_or(0);
        let count = |purpose: &str, expected: f64| {
            whole(expected + expected.sqrt() * self.chance.normal(purpose, number))
        };
        let mut completed = vec![
            (Channel::Digital, count("digital", expected.digital)),
            (Channel::Phone, count("phone", expected.phone)),
            (Channel::Paper, count("paper", expected.paper)),
        ];
        match self.happening {
            Happening::Redefined => {
                completed.push((Channel::AssistedDigital, count("assisted", expected.assisted)));
            }
            Happening::NewChannel if since.is_some() => {
                let all = expected.digital + expected.phone + expected.paper;
                completed.push((Channel::Other, count("other", all * 0.2)));
            }
            Happening::ZeroForMissing if lasts(2) => {
                completed
                    .iter_mut()
                    .filter(|(channel, _)| *channel == Channel::Digital)
                    .for_each(|it| it.1 = 0);
            }
            _ => {}
        }
        // Its channels are not declared, so the total must be given.
        if self.happening == Happening::NewChannel {
            let total = completed.iter().map(|(_, count)| count).sum();
            completed.push((Channel::AllChannels, total));
        }
        completed
    }

    fn expected(&self, index: usize, period: Period, since: Option<usize>) -> Expected {
        let number = i64::try_from(index).unwrap_or(0);
        let year = year_of(period);
        let takeup = self.takeup(index, year, since);
        let volume = self.volume
            * (1.0 + self.volume_season * wave(year + self.phase))
            * (1.0 + 0.08 * self.chance.normal("volume of period", number)).max(0.3);
        let mut expected = Expected {
            digital: volume * takeup,
            assisted: 0.0,
            phone: volume * (1.0 - takeup) * 0.6,
            paper: volume * (1.0 - takeup) * 0.4,
        };
        let (digital, others) = by_calendar(period);
        expected.digital *= digital;
        expected.phone *= others;
        expected.paper *= others;
        let lasts = |periods| since.is_some_and(|since| since < periods);
        match self.happening {
            Happening::Outage if lasts(1) => {
                expected.digital *= 0.05;
                expected.phone *= 0.3;
                expected.paper *= 0.2;
            }
            Happening::PartialOutage if lasts(1) => expected.digital *= 0.67,
            Happening::MixShift if lasts(2) => expected.paper *= 2.0,
            // Assisted digital is a sixth of digital; the figures are the same before and after.
            Happening::Redefined => {
                expected.assisted = expected.digital / 6.0;
                expected.digital -= expected.assisted;
            }
            _ => {}
        }
        expected
    }

    /// Digital take-up of a period, before its transactions are counted.
    fn takeup(&self, index: usize, year: f64, since: Option<usize>) -> f64 {
        let number = i64::try_from(index).unwrap_or(0);
        // Now and then a period is out of the ordinary for reasons nobody knows.
        let tail = if self.chance.share("tail", number) < 0.04 { 2.2 } else { 1.0 };
        let noise = self.noise * tail * self.chance.normal("noise", number);
        let years = self.years(index);
        let growing = (0.97 - self.level).max(0.0);
        let grown = (self.growth * years).min(growing);
        let takeup = self.level + grown + self.season * wave(year) + noise - self.lost(since);
        takeup.clamp(0.02, 0.995)
    }

    /// How much of digital take-up what happens takes away.
    fn lost(&self, since: Option<usize>) -> f64 {
        let Some(since) = since else { return 0.0 };
        let part = |over: usize| (since + 1).min(over) as f64 / over as f64;
        let points = f64::from(self.happening.points()) / 100.0;
        match self.happening {
            Happening::Step { .. } => points,
            Happening::Ramp { .. } => points * part(4),
            Happening::Erosion { .. } => points * part(12),
            Happening::Blip { periods, .. } if since < periods as usize => points,
            Happening::UpwardBlip { points } if since < 4 => -f64::from(points) / 100.0,
            _ => 0.0,
        }
    }

    fn years(&self, index: usize) -> f64 {
        let a_year = match self.kind {
            PeriodKind::Day => 365.0,
            PeriodKind::Week => 52.0,
            PeriodKind::Month => 12.0,
            _ => 4.0,
        };
        index as f64 / a_year
    }
}

/// Where in the year a period begins, from 0 to 1.
fn year_of(period: Period) -> f64 {
    f64::from(period.start_date().day_of_year()) / 366.0
}

/// What the calendar does to digital and to the other channels: 1 for an ordinary period.
fn by_calendar(period: Period) -> (f64, f64) {
    let days = period.start_date().series(1.day()).take_while(|day| *day < period.end_date());
    let (mut digital, mut others, mut count) = (0.0, 0.0, 0.0);
    for day in days {
        let (of_digital, of_others) = on_day(day);
        digital += of_digital;
        others += of_others;
        count += 1.0;
    }
    // Over a week without a holiday, weekends included, both come to 1.
    (digital / count, others / count)
}

/// Share of an ordinary day's volume, digital and others.
fn on_day(day: Date) -> (f64, f64) {
    let is_holiday = |day: Date| bank_holidays(day.year()).contains(&day);
    let (digital, others) = match day.weekday() {
        Weekday::Saturday | Weekday::Sunday => (0.65, 0.3),
        _ => (1.14, 1.28),
    };
    if is_holiday(day) {
        return (digital * ON_HOLIDAY.0, others * ON_HOLIDAY.1);
    }
    // Desks catch up on the three working days that follow.
    let is_working =
        |day: Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_holiday(day);
    let mut before = day.saturating_sub(1.day());
    let mut worked = 0;
    while worked < 3 && !is_holiday(before) {
        worked += i32::from(is_working(before));
        before = before.saturating_sub(1.day());
    }
    let caught_up = if worked < 3 && is_working(day) { 1.28 * CAUGHT_UP / 3.0 } else { 0.0 };
    (digital, others + caught_up)
}

/// A wave over a year: 1 at a quarter of it, −1 at three quarters, 0 between, made of two parabolas.
fn wave(year: f64) -> f64 {
    let x = year.rem_euclid(1.0);
    if x < 0.5 { 16.0 * x * (0.5 - x) } else { -16.0 * (x - 0.5) * (1.0 - x) }
}
