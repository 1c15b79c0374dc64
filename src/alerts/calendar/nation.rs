use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of the United Kingdom with bank holidays of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nation {
    /// England and Wales.
    EnglandAndWales,
    /// Scotland.
    Scotland,
    /// Northern Ireland.
    NorthernIreland,
}

impl Nation {
    /// Every nation.
    pub const ALL: [Self; 3] = [Self::EnglandAndWales, Self::Scotland, Self::NorthernIreland];

    /// The word for it in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EnglandAndWales => "england_and_wales",
            Self::Scotland => "scotland",
            Self::NorthernIreland => "northern_ireland",
        }
    }
}

impl fmt::Display for Nation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no nation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a nation; use one of england_and_wales, scotland, northern_ireland")]
pub struct UnknownNation(pub String);

impl FromStr for Nation {
    type Err = UnknownNation;
    fn from_str(text: &str) -> Result<Self, UnknownNation> {
        Self::ALL
            .into_iter()
            .find(|nation| nation.as_str() == text)
            .ok_or_else(|| UnknownNation(text.to_owned()))
    }
}
