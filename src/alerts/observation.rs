//! What is known of one KPI for one period, as detection wants it.

use jiff::Timestamp;
use kpi::calculate::{Calculator, KpiState, Line};
use kpi::service::ServiceRules;
use kpi::{Channel, Coverage, Kpi, Measure, Period};
use rust_decimal::Decimal;

/// One KPI of one service for one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The period.
    pub period: Period,
    /// What is known of it.
    pub reading: Reading,
    /// When the newest part of it was collected; `None` where there is no part.
    pub collected_at: Option<Timestamp>,
}

/// What is known of a KPI for one period.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// A value that stands.
    Settled(Sample),
    /// A value the source may still change.
    Provisional,
    /// The parts contradict each other; how, in plain words.
    Contradictory(String),
    /// There is no value: missing, suppressed, withdrawn, not applicable or undefined.
    Absent,
}

/// A value with what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The KPI.
    pub value: Decimal,
    /// What it is a share of, or an amount per; `None` for a ratio given ready-made and for an amount.
    pub base: Option<Decimal>,
    /// Completed transactions by channel, where the KPI is about channels; the ready-made total is none.
    pub channels: Vec<(Channel, Decimal)>,
    /// The channels that count as digital, where the KPI is about channels.
    pub digital: Vec<Channel>,
}

impl Observation {
    /// What a calculator says of a period.
    pub fn of(calculator: &Calculator<'_>, rules: &ServiceRules, kpi: Kpi, period: Period) -> Self {
        let figure = calculator.compute(kpi, period);
        let reading = match figure.state {
            KpiState::Known(_) if figure.evidence.provisional => Reading::Provisional,
            KpiState::Known(known) => {
                let by_channel = kpi == Kpi::DigitalTakeup;
                Reading::Settled(Sample {
                    value: known.value,
                    base: known.denominator,
                    channels: if by_channel { channels(calculator, period) } else { Vec::new() },
                    digital: if by_channel { digital(rules, period) } else { Vec::new() },
                })
            }
            KpiState::HeldBack(why) => Reading::Contradictory(why),
            KpiState::NotProvided(_)
            | KpiState::NotApplicable
            | KpiState::Suppressed
            | KpiState::Withdrawn
            | KpiState::Undefined(_) => Reading::Absent,
        };
        Self { period, reading, collected_at: figure.evidence.collected_at }
    }

    /// The value that stands, where there is one.
    pub const fn sample(&self) -> Option<&Sample> {
        if let Reading::Settled(sample) = &self.reading { Some(sample) } else { None }
    }
}

fn channels(calculator: &Calculator<'_>, period: Period) -> Vec<(Channel, Decimal)> {
    Channel::ALL
        .into_iter()
        .filter(|channel| *channel != Channel::AllChannels)
        .filter_map(|channel| {
            let line = Line { measure: Measure::Completed, channel, coverage: Coverage::All };
            Some((channel, calculator.amount(line, period)?))
        })
        .collect()
}

/// The channels that count as digital when the period begins.
fn digital(rules: &ServiceRules, period: Period) -> Vec<Channel> {
    let in_force = |from: Option<jiff::civil::Date>| from.is_none_or(|from| from <= period.start_date());
    let definition = rules.digital.iter().rev().find(|definition| in_force(definition.from));
    definition.map(|definition| definition.channels.clone()).unwrap_or_default()
}
