//! Histories to judge, written as counts.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use kpi::{Channel, Period, PeriodKind};
use pp_collector::alerts::{Cadence, Observation, Reading, Sample};
use rust_decimal::Decimal;

/// A Monday with no bank holiday near: histories of weeks begin here.
pub fn begin(cadence: Cadence) -> Period {
    let start = match cadence {
        Cadence::Day | Cadence::Week => date(2024, 1, 8),
        Cadence::Month => date(2019, 1, 1),
        Cadence::Quarter => date(2014, 1, 1),
    };
    Period::starting(cadence.kind(), start).unwrap()
}

/// Transactions of one period: digital and paper.
pub type Counts = (u64, u64);

/// A period with its counts, collected a day after it ended.
pub fn settled(period: Period, (digital, paper): Counts) -> Observation {
    let total = digital + paper;
    let reading = if total == 0 {
        Reading::Absent
    } else {
        Reading::Settled(Sample {
            value: Decimal::from(digital) / Decimal::from(total),
            base: Some(total.into()),
            channels: vec![(Channel::Digital, digital.into()), (Channel::Paper, paper.into())],
            digital: vec![Channel::Digital],
        })
    };
    Observation { period, reading, collected_at: Some(known_at(period)) }
}

/// The day after a period ended.
pub fn known_at(period: Period) -> Timestamp {
    period.span(&kpi::period::london()).end + SignedDuration::from_hours(24)
}

/// Nothing is known of a period.
pub fn absent(period: Period) -> Observation {
    Observation { period, reading: Reading::Absent, collected_at: None }
}

/// Periods one after another with these counts.
pub fn history(cadence: Cadence, counts: impl IntoIterator<Item = Counts>) -> Vec<Observation> {
    let periods = std::iter::successors(Some(begin(cadence)), |period| Some(period.next()));
    periods.zip(counts).map(|(period, counts)| settled(period, counts)).collect()
}

/// Counts that go up and down a little in a fixed way: about `percent` digital of about `total`.
pub fn steady(total: u64, percent: u64, periods: usize) -> Vec<Counts> {
    const WOBBLE: [i64; 7] = [0, 6, -4, 2, -7, 5, -2];
    (0..periods)
        .map(|index| {
            let share = i64::try_from(percent * 10).unwrap() + WOBBLE[index % 7];
            let total = total * (100 + (index as u64 * 7) % 5) / 100;
            let digital = total * u64::try_from(share).unwrap() / 1000;
            (digital, total - digital)
        })
        .collect()
}

/// The kind of period as the words of alerts have it.
pub fn kind(cadence: Cadence) -> PeriodKind {
    cadence.kind()
}
