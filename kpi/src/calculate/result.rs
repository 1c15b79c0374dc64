//! A computed KPI: its value or why there is none, and how far it can be trusted.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use super::Kpi;
use crate::{Coverage, Period, PeriodKind, SampledShare};

/// A KPI of one service for one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpiFigure {
    /// Which KPI.
    pub kpi: Kpi,
    /// The period it describes.
    pub period: Period,
    /// Its value, or why there is none.
    pub state: KpiState,
    /// Whether it was computed from parts or given ready-made.
    pub basis: Basis,
    /// How far it can be trusted.
    pub evidence: Evidence,
}

/// The value of a KPI, or why there is none. Only [`KpiState::Known`] carries a number to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KpiState {
    /// A value that may be shown.
    Known(KpiValue),
    /// A part is missing; which one, in plain words.
    NotProvided(String),
    /// The service has no such channel or step.
    NotApplicable,
    /// A part is held back by the source for confidentiality.
    Suppressed,
    /// A part was known once and has been blanked by a later edition.
    Withdrawn,
    /// The parts are known and make no ratio; why, in plain words.
    Undefined(String),
    /// The parts contradict each other, so nothing is shown; what is wrong, in plain words.
    HeldBack(String),
}

impl KpiState {
    /// The word for this state in feeds.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Known(_) => "known",
            Self::NotProvided(_) => "not_provided",
            Self::NotApplicable => "not_applicable",
            Self::Suppressed => "suppressed",
            Self::Withdrawn => "withdrawn",
            Self::Undefined(_) => "undefined",
            Self::HeldBack(_) => "held_back",
        }
    }

    /// The value, where there is one to show.
    pub const fn known(&self) -> Option<&KpiValue> {
        if let Self::Known(value) = self { Some(value) } else { None }
    }

    /// Why there is no value, in plain words, where there is more to say than the state's name.
    pub fn explanation(&self) -> Option<&str> {
        match self {
            Self::NotProvided(text) | Self::Undefined(text) | Self::HeldBack(text) => Some(text),
            Self::Known(_) | Self::NotApplicable | Self::Suppressed | Self::Withdrawn => None,
        }
    }
}

/// A KPI's number with the parts it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KpiValue {
    /// The KPI, unrounded.
    pub value: Decimal,
    /// Its numerator; `None` for a ratio given ready-made.
    pub numerator: Option<Decimal>,
    /// Its denominator; `None` for an amount, or a ratio given ready-made without one.
    pub denominator: Option<Decimal>,
}

/// Where a KPI's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Computed here from raw measures.
    Computed,
    /// A ratio the source publishes ready-made, used because its parts are unknown.
    Published,
}

/// How many parts of a rolled-up period are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// Parts with a value.
    pub known: u32,
    /// Parts the period is made of.
    pub of: u32,
    /// Kind of the parts.
    pub kind: PeriodKind,
}

/// How far a KPI can be trusted, gathered from every figure it was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// A source may still revise a part.
    pub provisional: bool,
    /// A source left out rows under a privacy threshold.
    pub thresholded: bool,
    /// The smallest share a part was sampled from.
    pub sampled: Option<SampledShare>,
    /// Which users are counted.
    pub coverage: Coverage,
    /// When the newest part was collected.
    pub collected_at: Option<Timestamp>,
    /// How often the parts have been revised in all.
    pub revisions: u32,
    /// The least complete roll-up among the parts; `None` where none was needed.
    pub completeness: Option<Completeness>,
    /// The definition of digital changed on this day, inside the period.
    pub definition_changed_on: Option<Date>,
    /// What does not agree among the parts without making the value impossible, in plain words.
    pub warning: Option<String>,
}

impl Evidence {
    /// Adds what another part brings: the weakest part decides.
    pub fn absorb(&mut self, other: &Self) {
        self.provisional |= other.provisional;
        self.thresholded |= other.thresholded;
        self.sampled = match (self.sampled, other.sampled) {
            (Some(a), Some(b)) if b.parts_per_million() < a.parts_per_million() => Some(b),
            (a, b) => a.or(b),
        };
        if other.coverage == Coverage::Consented {
            self.coverage = Coverage::Consented;
        }
        self.collected_at = self.collected_at.max(other.collected_at);
        self.revisions = self.revisions.saturating_add(other.revisions);
        self.completeness = match (self.completeness, other.completeness) {
            (Some(a), Some(b)) if b.known * a.of < a.known * b.of => Some(b),
            (a, b) => a.or(b),
        };
        self.definition_changed_on = self.definition_changed_on.or(other.definition_changed_on);
        if self.warning.is_none() {
            self.warning.clone_from(&other.warning);
        }
    }
}
