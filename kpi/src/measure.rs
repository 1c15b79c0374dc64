//! What is counted: raw additive measures, and ratios that some sources publish ready-made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A level of the five-level satisfaction question, from 1 (very dissatisfied) to 5 (very satisfied).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rating {
    /// Very dissatisfied.
    One,
    /// Dissatisfied.
    Two,
    /// Neither satisfied nor dissatisfied.
    Three,
    /// Satisfied.
    Four,
    /// Very satisfied.
    Five,
}

impl Rating {
    /// Every level, lowest first.
    pub const ALL: [Self; 5] = [Self::One, Self::Two, Self::Three, Self::Four, Self::Five];

    /// The level as a number from 1 to 5.
    pub const fn level(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
            Self::Five => 5,
        }
    }
}

/// A quantity that figures are values of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Measure {
    /// Transactions begun.
    Started,
    /// Transactions completed.
    Completed,
    /// Cost of providing the service, in pounds.
    Cost,
    /// Answers to the satisfaction question at one level.
    Rating(Rating),
    /// Pounds per completed transaction as a source publishes it. Never added.
    CostPerTransaction,
    /// Completed over started as a source publishes it, 0 to 1. Never added.
    CompletionRate,
    /// Digital over all completed as a source publishes it, 0 to 1. Never added.
    DigitalTakeup,
    /// User satisfaction as a source publishes it, 0 to 1. Never added.
    SatisfactionScore,
}

/// Whether figures of a measure may be summed over channels, periods and services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Additivity {
    /// A raw quantity: sums have meaning.
    Additive,
    /// A ratio given ready-made: a sum or a mean of it has none.
    Published,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 12] = [
        Self::Started,
        Self::Completed,
        Self::Cost,
        Self::Rating(Rating::One),
        Self::Rating(Rating::Two),
        Self::Rating(Rating::Three),
        Self::Rating(Rating::Four),
        Self::Rating(Rating::Five),
        Self::CostPerTransaction,
        Self::CompletionRate,
        Self::DigitalTakeup,
        Self::SatisfactionScore,
    ];

    /// The word for this measure in configuration, metrics and feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Cost => "cost",
            Self::Rating(Rating::One) => "rating_1",
            Self::Rating(Rating::Two) => "rating_2",
            Self::Rating(Rating::Three) => "rating_3",
            Self::Rating(Rating::Four) => "rating_4",
            Self::Rating(Rating::Five) => "rating_5",
            Self::CostPerTransaction => "cost_per_transaction",
            Self::CompletionRate => "completion_rate",
            Self::DigitalTakeup => "digital_takeup",
            Self::SatisfactionScore => "satisfaction_score",
        }
    }

    /// Whether figures of this measure may be summed.
    pub const fn additivity(self) -> Additivity {
        match self {
            Self::Started | Self::Completed | Self::Cost | Self::Rating(_) => Additivity::Additive,
            Self::CostPerTransaction
            | Self::CompletionRate
            | Self::DigitalTakeup
            | Self::SatisfactionScore => Additivity::Published,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no measure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a measure; use one of started, completed, cost, rating_1 to rating_5, cost_per_transaction, completion_rate, digital_takeup, satisfaction_score"
)]
pub struct UnknownMeasure(pub String);

impl FromStr for Measure {
    type Err = UnknownMeasure;
    fn from_str(text: &str) -> Result<Self, UnknownMeasure> {
        Self::ALL
            .into_iter()
            .find(|measure| measure.as_str() == text)
            .ok_or_else(|| UnknownMeasure(text.to_owned()))
    }
}

impl TryFrom<String> for Measure {
    type Error = UnknownMeasure;
    fn try_from(text: String) -> Result<Self, UnknownMeasure> {
        text.parse()
    }
}

impl From<Measure> for &'static str {
    fn from(measure: Measure) -> &'static str {
        measure.as_str()
    }
}
