//! The five things a figure can say.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A figure's value. Only [`Value::Known`] carries a number: none of the others is zero, and zero is
/// none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "value", rename_all = "snake_case")]
pub enum Value {
    /// The source reported this number, 0 included.
    Known(Decimal),
    /// Asked for and absent.
    NotProvided,
    /// The service has no such channel or step, or the figure was not asked for.
    NotApplicable,
    /// Held back by the source for confidentiality.
    Suppressed,
    /// Known once, blanked by a later edition of the source.
    Withdrawn,
}

impl Value {
    /// The number, where there is one.
    pub const fn known(self) -> Option<Decimal> {
        match self {
            Self::Known(number) => Some(number),
            Self::NotProvided | Self::NotApplicable | Self::Suppressed | Self::Withdrawn => None,
        }
    }

    /// The word for this state in feeds and the store.
    pub const fn state(self) -> &'static str {
        match self {
            Self::Known(_) => "known",
            Self::NotProvided => "not_provided",
            Self::NotApplicable => "not_applicable",
            Self::Suppressed => "suppressed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// What the stored value becomes when a source now says `incoming`, or `None` where nothing
    /// changes. A number that a later edition leaves blank is [`Value::Withdrawn`], and stays so
    /// for as long as the cell stays blank.
    ///
    /// ```
    /// use kpi::Value;
    /// let known = Value::Known(5.into());
    /// assert_eq!(known.revised_by(known), None);
    /// assert_eq!(known.revised_by(Value::NotProvided), Some(Value::Withdrawn));
    /// assert_eq!(Value::Withdrawn.revised_by(Value::NotProvided), None);
    /// ```
    pub fn revised_by(self, incoming: Self) -> Option<Self> {
        match (self, incoming) {
            (Self::Known(_), Self::NotProvided) => Some(Self::Withdrawn),
            (Self::Withdrawn, Self::NotProvided) => None,
            (stored, incoming) if stored == incoming => None,
            (_, incoming) => Some(incoming),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(number) => number.normalize().fmt(f),
            absent => f.pad(absent.state()),
        }
    }
}
