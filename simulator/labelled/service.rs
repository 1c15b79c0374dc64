//! One service of the set: what it is like and what happens to it.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use kpi::{Channel, Period, PeriodKind, ServiceId};

use super::Label;
use super::chance::{Chance, whole};
use super::happening::Happening;

/// What a service is for.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What happens to it.
    pub happening: Happening,
}

/// One service of the set. Shares are of 1.
#[derive(Debug, Clone)]
pub struct LabelledService {
    /// Its slug.
    pub id: ServiceId,
    /// The kind of period of its figures.
    pub kind: PeriodKind,
    /// Its channels.
    pub channels: Vec<Channel>,
    /// What happens to it.
    pub happening: Happening,
    /// The number of the period it happens in.
    pub at: usize,
    /// Its periods.
    pub periods: Vec<Period>,
    pub(super) chance: Chance,
    /// Completed transactions of an ordinary period.
    pub(super) volume: f64,
    /// Digital take-up at first.
    pub(super) level: f64,
    /// Growth of digital take-up a year.
    pub(super) growth: f64,
    /// Depth of the season of take-up, and of volume.
    pub(super) season: f64,
    pub(super) volume_season: f64,
    /// Noise of take-up beyond sampling.
    pub(super) noise: f64,
    /// Which part of the year the season peaks in.
    pub(super) phase: f64,
}

/// The day the histories of a kind begin, and how many periods they have: all end in the spring of 2026.
const fn history(kind: PeriodKind) -> (Date, usize) {
    match kind {
        PeriodKind::Day => (date(2024, 11, 4), 550),
        PeriodKind::Week => (date(2023, 11, 6), 130),
        PeriodKind::Month => (date(2021, 11, 1), 54),
        _ => (date(2018, 10, 1), 30),
    }
}

impl LabelledService {
    pub(super) fn new(seed: u64, kind: PeriodKind, number: usize, plan: Plan) -> Option<Self> {
        let happening = plan.happening;
        let id = format!("{kind}-{}-{number:03}", happening.as_str().replace('_', "-"));
        let chance = Chance::new(seed, &id);
        let (begin, length) = history(kind);
        let first = Period::starting(kind, begin).ok()?;
        let periods = std::iter::successors(Some(first), |period| Some(period.next())).take(length).collect();
        let season = match happening {
            Happening::Season => chance.between("season", 0.04, 0.07),
            _ => chance.between("season", 0.0, 0.025),
        };
        // From 2,500 to 250,000 a month, most near the lower end; who counts by days has more to count.
        let least = if kind == PeriodKind::Day { 15_000.0 } else { 2500.0 };
        let monthly = least * (1.0 + 99.0 * cube(chance.between("volume", 0.0, 1.0)));
        let monthly =
            if happening == Happening::Tiny { chance.between("volume", 15.0, 90.0) } else { monthly };
        let days = match kind {
            PeriodKind::Day => 1.0,
            PeriodKind::Week => 7.0,
            PeriodKind::Month => 30.0,
            _ => 91.0,
        };
        // Shorter periods are noisier; services differ by a factor of six.
        let common = match kind {
            PeriodKind::Day => 0.021,
            PeriodKind::Week => 0.014,
            PeriodKind::Month => 0.011,
            _ => 0.010,
        };
        let spread = chance.between("noise", 0.0, 1.0);
        let mut channels = vec![Channel::Digital, Channel::Phone, Channel::Paper];
        if happening == Happening::Redefined {
            channels.push(Channel::AssistedDigital);
        }
        // The last tenth is left free, so that what comes of it can be seen; the first half is history.
        let within = chance.between("at", 0.0, (length * 35 / 100) as f64);
        let at = length / 2 + usize::try_from(whole(within)).unwrap_or(0);
        Some(Self {
            id: id.parse().ok()?,
            kind,
            channels,
            happening,
            at,
            periods,
            chance,
            volume: monthly * days / 30.0,
            level: chance.between("level", 0.45, 0.92),
            growth: chance.between("growth", -0.01, 0.05),
            season,
            volume_season: match happening {
                Happening::Season => chance.between("volume season", 0.2, 0.45),
                _ => chance.between("volume season", 0.0, 0.2),
            },
            noise: common * (0.4 + 2.0 * spread * spread),
            phase: chance.between("phase", 0.0, 1.0),
        })
    }

    /// The channels it is declared to have; none where one is counted only from some day on, which would be missing
    /// before.
    pub fn declared_channels(&self) -> &[Channel] {
        if self.happening == Happening::NewChannel { &[] } else { &self.channels }
    }

    /// Its label.
    pub fn label(&self) -> Label {
        let happens = self.happening.happens();
        let start = |at: usize| self.periods.get(at).map(|period| period.start_date());
        let to = self.happening.periods().map(|periods| self.at + periods as usize);
        Label {
            service: self.id.clone(),
            kpi: kpi::Kpi::DigitalTakeup,
            period_kind: self.kind,
            event: self.happening.as_str().to_owned(),
            points: self.happening.points(),
            from: start(self.at).filter(|_| happens),
            to: to.and_then(start).filter(|_| happens),
            verdict: self.happening.verdict(),
            noise: u32::try_from(whole(self.deviation() * 10_000.0)).unwrap_or(u32::MAX),
        }
    }

    /// The standard deviation of take-up in an ordinary period: its own noise and that of counting.
    fn deviation(&self) -> f64 {
        (self.noise * self.noise + self.level * (1.0 - self.level) / self.volume).sqrt()
    }

    /// When the figures of a period are usually known.
    pub(super) fn known_at(&self, index: usize) -> Timestamp {
        let hours = match self.kind {
            PeriodKind::Day => 30,
            PeriodKind::Week => 36,
            PeriodKind::Month => 9 * 24,
            _ => 25 * 24,
        };
        let end =
            self.periods.get(index).map_or(Timestamp::MIN, |period| period.span(&kpi::period::london()).end);
        end + SignedDuration::from_hours(hours)
    }
}

fn cube(share: f64) -> f64 {
    share * share * share
}
