//! What identifies a figure, and one point of a series.

use serde::{Deserialize, Serialize};

use crate::{Channel, Coverage, Measure, Period, PeriodKind, Quality, ServiceId, Value};

/// One measure of one service by one channel, coverage and period kind: a line on a chart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesKey {
    /// Whose figures these are.
    pub service: ServiceId,
    /// What is counted.
    pub measure: Measure,
    /// How the transactions came.
    pub channel: Channel,
    /// Which users are counted.
    pub coverage: Coverage,
    /// The kind of period each point covers.
    pub period_kind: PeriodKind,
}

/// What identifies one figure: its series and its period.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct FigureKey {
    /// The series.
    pub series: SeriesKey,
    /// The period, of the series' kind.
    pub period: Period,
}

/// One figure of a series: a value for a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The period, of the series' kind.
    pub period: Period,
    /// What the source says.
    pub value: Value,
    /// How far it can be trusted.
    pub quality: Quality,
}
