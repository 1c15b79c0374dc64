use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodKind {
    /// 60 minutes.
    Hour,
    /// A local day: 24 hours, 23 or 25 where the clocks change.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// January to March and so on.
    Quarter,
    /// A calendar year.
    Year,
    /// The government's year, from 1 April.
    FinancialYear,
    /// Rolling 12 months from the first of any month, named by its last month.
    YearTo,
}

impl PeriodKind {
    /// Every kind, shortest first.
    pub const ALL: [Self; 8] = [
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::FinancialYear,
        Self::YearTo,
    ];

    /// The word for this kind in configuration, metrics and feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::FinancialYear => "financial_year",
            Self::YearTo => "year_to",
        }
    }

    /// The kinds a period of this kind may be summed from, coarsest first.
    pub const fn summed_from(self) -> &'static [Self] {
        match self {
            Self::Hour => &[],
            Self::Day => &[Self::Hour],
            Self::Week | Self::Month => &[Self::Day],
            Self::Quarter => &[Self::Month],
            Self::Year | Self::FinancialYear | Self::YearTo => &[Self::Quarter, Self::Month],
        }
    }
}

impl fmt::Display for PeriodKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no period kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a period kind; use one of hour, day, week, month, quarter, year, financial_year, year_to"
)]
pub struct UnknownPeriodKind(pub String);

impl FromStr for PeriodKind {
    type Err = UnknownPeriodKind;
    fn from_str(text: &str) -> Result<Self, UnknownPeriodKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownPeriodKind(text.to_owned()))
    }
}
