//! The current figures of one service, arranged for the arithmetic.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::{Channel, Coverage, Measure, Period, PeriodKind, Point};

/// A figure with when it was collected and how often it has been revised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Period, value and quality.
    pub point: Point,
    /// When this revision was collected.
    pub collected_at: Timestamp,
    /// 1 for the first value known.
    pub revision: u32,
}

/// One line of figures within a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line {
    /// What is counted.
    pub measure: Measure,
    /// How the transactions came.
    pub channel: Channel,
    /// Which users are counted.
    pub coverage: Coverage,
}

/// The figures of one service.
#[derive(Debug, Clone, Default)]
pub struct FigureTable {
    series: HashMap<(Line, PeriodKind), Vec<Entry>>,
}

impl FigureTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts one figure in its place, over the revision before.
    pub fn put(&mut self, line: Line, entry: Entry) {
        let entries = self.series.entry((line, entry.point.period.kind())).or_default();
        let at = entries.partition_point(|one| one.point.period < entry.point.period);
        match entries.get_mut(at) {
            Some(known) if known.point.period == entry.point.period => *known = entry,
            _ => entries.insert(at, entry),
        }
    }

    /// Adds a series; `entries` are in order of period, as stores return them.
    pub fn insert(&mut self, line: Line, kind: PeriodKind, entries: Vec<Entry>) {
        debug_assert!(entries.is_sorted_by(|a, b| a.point.period < b.point.period));
        if !entries.is_empty() {
            self.series.insert((line, kind), entries);
        }
    }

    /// The figure of a line for exactly this period.
    pub fn get(&self, line: Line, period: Period) -> Option<&Entry> {
        let entries = self.series.get(&(line, period.kind()))?;
        let position = entries.binary_search_by_key(&period, |entry| entry.point.period).ok()?;
        entries.get(position)
    }

    /// Whether the line has a figure of a kind whose period starts inside another period.
    pub fn has_within(&self, line: Line, kind: PeriodKind, period: Period, zone: &TimeZone) -> bool {
        let Some(entries) = self.series.get(&(line, kind)) else { return false };
        if kind == period.kind() {
            return self.get(line, period).is_some();
        }
        let span = period.span(zone);
        let at = entries.partition_point(|entry| entry.point.period.span(zone).start < span.start);
        entries.get(at).is_some_and(|entry| entry.point.period.span(zone).start < span.end)
    }

    /// Every series with its entries in order of period.
    pub fn series(&self) -> impl Iterator<Item = (Line, PeriodKind, &[Entry])> {
        self.series.iter().map(|((line, kind), entries)| (*line, *kind, entries.as_slice()))
    }
}
