//! The KPIs themselves: names, units, and how a value is written.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// A key performance indicator of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kpi {
    /// Completed transactions, all channels.
    Transactions,
    /// Completed on digital channels over completed on all channels.
    DigitalTakeup,
    /// Completed over started, digital journey.
    CompletionRate,
    /// Cost over completed transactions, all channels.
    CostPerTransaction,
    /// Cost of providing the service, all channels.
    TotalCost,
    /// User satisfaction by the service's declared formula.
    UserSatisfaction,
}

/// What a KPI's value is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of transactions.
    Count,
    /// A ratio from 0 to 1.
    Ratio,
    /// Pounds sterling.
    Pounds,
}

impl Kpi {
    /// Every KPI, in the order tables show them.
    pub const ALL: [Self; 6] = [
        Self::Transactions,
        Self::DigitalTakeup,
        Self::CompletionRate,
        Self::CostPerTransaction,
        Self::TotalCost,
        Self::UserSatisfaction,
    ];

    /// The word for this KPI in configuration, metrics and feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::DigitalTakeup => "digital_takeup",
            Self::CompletionRate => "completion_rate",
            Self::CostPerTransaction => "cost_per_transaction",
            Self::TotalCost => "total_cost",
            Self::UserSatisfaction => "user_satisfaction",
        }
    }

    /// What its value is measured in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Transactions => Unit::Count,
            Self::DigitalTakeup | Self::CompletionRate | Self::UserSatisfaction => Unit::Ratio,
            Self::CostPerTransaction | Self::TotalCost => Unit::Pounds,
        }
    }

    /// The value as every outlet writes it: a ratio or a cost per transaction to six decimals, a
    /// total cost to the penny, a count as it is. Halves round away from zero.
    ///
    /// ```
    /// use kpi::Kpi;
    /// let third = rust_decimal::Decimal::ONE / rust_decimal::Decimal::from(3);
    /// assert_eq!(Kpi::DigitalTakeup.text(third), "0.333333");
    /// ```
    pub fn text(self, value: Decimal) -> String {
        let decimals: u32 = match self {
            Self::Transactions => return value.normalize().to_string(),
            Self::TotalCost => 2,
            Self::DigitalTakeup
            | Self::CompletionRate
            | Self::CostPerTransaction
            | Self::UserSatisfaction => 6,
        };
        let mut rounded = value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(decimals);
        rounded.to_string()
    }
}

impl fmt::Display for Kpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no KPI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a KPI; use one of transactions, digital_takeup, completion_rate, cost_per_transaction, total_cost, user_satisfaction"
)]
pub struct UnknownKpi(pub String);

impl FromStr for Kpi {
    type Err = UnknownKpi;
    fn from_str(text: &str) -> Result<Self, UnknownKpi> {
        Self::ALL.into_iter().find(|kpi| kpi.as_str() == text).ok_or_else(|| UnknownKpi(text.to_owned()))
    }
}
