//! The figures of one run, grouped by series and ready to be stored.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::service::ServiceDescription;
use crate::{FigureKey, Point, SeriesKey, Value};

/// The points of one series, in order of period, each period once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesFigures {
    /// What the points are values of.
    pub key: SeriesKey,
    /// In order of period.
    pub points: Vec<Point>,
}

/// Something a person should know about a collection that does not make it fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where it was seen: a file, row and column, a property, a service.
    pub place: String,
    /// What was seen and what to do, in plain words.
    pub text: String,
}

/// What a collector gathered for one window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Figures, in order of series.
    pub series: Vec<SeriesFigures>,
    /// Services as the source describes them.
    pub services: Vec<ServiceDescription>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

impl Batch {
    /// How many figures it holds.
    pub fn figure_count(&self) -> usize {
        self.series.iter().map(|series| series.points.len()).sum()
    }

    /// Every figure with its key.
    pub fn figures(&self) -> impl Iterator<Item = (&SeriesKey, &Point)> {
        self.series.iter().flat_map(|series| series.points.iter().map(move |point| (&series.key, point)))
    }
}

/// Two different values for one figure inside one collection: neither can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The figure given twice.
    pub key: FigureKey,
    /// The two values, in the order they came.
    pub values: [Value; 2],
}

/// A handle to a series under construction, from [`BatchBuilder::series`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesHandle(usize);

/// Collects figures in any order and groups them by series.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    positions: HashMap<SeriesKey, SeriesHandle>,
    series: Vec<SeriesFigures>,
    services: Vec<ServiceDescription>,
    notes: Vec<Note>,
}

impl BatchBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// The handle of a series, so that a reader of many rows hashes each key once.
    pub fn series(&mut self, key: SeriesKey) -> SeriesHandle {
        match self.positions.entry(key) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(free) => {
                let handle = SeriesHandle(self.series.len());
                self.series.push(SeriesFigures { key: free.key().clone(), points: Vec::new() });
                *free.insert(handle)
            }
        }
    }

    /// Adds a figure to a series of this builder.
    pub fn push_to(&mut self, handle: SeriesHandle, point: Point) {
        if let Some(series) = self.series.get_mut(handle.0) {
            debug_assert_eq!(series.key.period_kind, point.period.kind());
            series.points.push(point);
        }
    }

    /// Adds a figure.
    pub fn push(&mut self, key: SeriesKey, point: Point) {
        let handle = self.series(key);
        self.push_to(handle, point);
    }

    /// Adds a service as the source describes it.
    pub fn describe(&mut self, service: ServiceDescription) {
        self.services.push(service);
    }

    /// Adds something a person should know.
    pub fn note(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.notes.push(Note { place: place.into(), text: text.into() });
    }

    /// The batch, in order of series and period. The same value given twice counts once; two
    /// different values for one figure are conflicts, and the figure is left out.
    pub fn finish(mut self) -> (Batch, Vec<Conflict>) {
        let mut conflicts = Vec::new();
        for series in &mut self.series {
            if !series.points.is_sorted_by_key(|point| point.period) {
                series.points.sort_by_key(|point| point.period);
            }
            remove_repeats(series, &mut conflicts);
        }
        self.series.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        self.series.retain(|series| !series.points.is_empty());
        (Batch { series: self.series, services: self.services, notes: self.notes }, conflicts)
    }
}

fn remove_repeats(series: &mut SeriesFigures, conflicts: &mut Vec<Conflict>) {
    if series.points.is_sorted_by(|a, b| a.period < b.period) {
        return;
    }
    let mut kept: Vec<Point> = Vec::with_capacity(series.points.len());
    let mut refused = None;
    for point in series.points.drain(..) {
        match kept.last() {
            _ if refused == Some(point.period) => {}
            Some(last) if last.period == point.period && last.value == point.value => {}
            Some(last) if last.period == point.period => {
                conflicts.push(Conflict {
                    key: FigureKey { series: series.key.clone(), period: point.period },
                    values: [last.value, point.value],
                });
                refused = Some(point.period);
                kept.pop();
            }
            _ => kept.push(point),
        }
    }
    series.points = kept;
}
