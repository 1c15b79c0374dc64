//! How far a figure can be trusted, beside its value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which users a count covers.
///
/// Counts of consenting users may make a ratio with each other, and never with counts of everyone,
/// so coverage is part of what identifies a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Everyone who used the service.
    #[default]
    All,
    /// Only users who accepted analytics cookies.
    Consented,
}

impl Coverage {
    /// Both coverages, the complete one first.
    pub const ALL: [Self; 2] = [Self::All, Self::Consented];

    /// The word for this coverage in configuration and feeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Consented => "consented",
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no coverage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a coverage; use all or consented")]
pub struct UnknownCoverage(pub String);

impl FromStr for Coverage {
    type Err = UnknownCoverage;
    fn from_str(text: &str) -> Result<Self, UnknownCoverage> {
        Self::ALL
            .into_iter()
            .find(|coverage| coverage.as_str() == text)
            .ok_or_else(|| UnknownCoverage(text.to_owned()))
    }
}

/// The share of events a sampled answer was computed from, in parts per million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SampledShare(u32);

impl SampledShare {
    /// A share in parts per million; `None` above the whole.
    pub const fn from_parts_per_million(parts: u32) -> Option<Self> {
        if parts <= 1_000_000 { Some(Self(parts)) } else { None }
    }

    /// The share in parts per million.
    pub const fn parts_per_million(self) -> u32 {
        self.0
    }
}

/// What the source said about a figure beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Quality {
    /// The source may still revise it.
    pub provisional: bool,
    /// Rows under a privacy threshold were left out by the source.
    pub thresholded: bool,
    /// Present where the source computed the figure from a sample.
    pub sampled: Option<SampledShare>,
}
