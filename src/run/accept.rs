//! The one way into the store: what a source gave, made into a submission.
//!
//! Only what cannot be a figure is refused here. Impossible values, such as more digital transactions
//! than transactions, are kept raw: the arithmetic holds them back and names them to their owner.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::Timestamp;
use jiff::civil::Date;
use kpi::service::ServiceDescription;
use kpi::{Batch, BatchBuilder, Note, Period, Point, SeriesFigures, SeriesKey, ServiceId};

use super::ServiceBook;
use crate::store::{Provenance, Submission};

/// What a batch is accepted by.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Aliases and zones of services.
    pub book: &'a ServiceBook,
    /// Days to keep: periods that begin on one of them, both ends included. Everything where `None`.
    pub days: Option<(Date, Date)>,
    /// The present: only periods that have ended by now are figures.
    pub now: Timestamp,
}

/// A batch that has been accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Ready to be stored.
    pub submission: Submission,
    /// What the collector noted, then what was noted here.
    pub notes: Vec<Note>,
    /// Whether every figure is in the submission. Where not, the source must be read again some time,
    /// so its bookmark must not be kept: a month that had not ended when its row was read is one.
    pub whole: bool,
}

/// Accepts a batch.
pub fn accept(batch: Batch, provenance: Provenance, rules: &Rules<'_>) -> Acceptance {
    let mut accepting = Accepting { rules, notes: batch.notes, whole: true };
    let mut series = Vec::with_capacity(batch.series.len());
    for figures in batch.series {
        let figures = accepting.rename(figures);
        let figures = accepting.sift(figures);
        if !figures.points.is_empty() {
            series.push(figures);
        }
    }
    if !is_in_order(&series) {
        series = accepting.regroup(series);
    }
    let services = accepting.describe(batch.services);
    let Accepting { notes, whole, .. } = accepting;
    Acceptance { submission: Submission { provenance, series, services }, notes, whole }
}

struct Accepting<'a> {
    rules: &'a Rules<'a>,
    notes: Vec<Note>,
    whole: bool,
}

impl Accepting<'_> {
    fn rename(&self, figures: SeriesFigures) -> SeriesFigures {
        match self.rules.book.renamed(&figures.key.service) {
            Some(id) => SeriesFigures { key: SeriesKey { service: id.clone(), ..figures.key }, ..figures },
            None => figures,
        }
    }

    /// Leaves out what is no figure, with one note a series and cause.
    fn sift(&mut self, mut figures: SeriesFigures) -> SeriesFigures {
        let zone = self.rules.book.zone(&figures.key.service);
        let kind = figures.key.period_kind;
        let mut refused = Refused::default();
        let mut outside_days = false;
        // Points are in order of period, so most of a series is settled by one comparison of its last.
        let all_closed =
            figures.points.last().is_some_and(|last| last.period.span(zone).end <= self.rules.now);
        figures.points.retain(|point| {
            if point.period.kind() != kind {
                refused.of_another_kind.add(point);
                return false;
            }
            if !self.rules.days.is_none_or(|(from, to)| (from..=to).contains(&point.period.start_date())) {
                outside_days = true;
                return false;
            }
            if !all_closed && point.period.span(zone).end > self.rules.now {
                refused.not_closed.add(point);
                return false;
            }
            true
        });
        self.whole &= !outside_days && refused.not_closed.count == 0;
        self.note(&figures.key, &refused);
        figures
    }

    fn note(&mut self, key: &SeriesKey, refused: &Refused) {
        let SeriesKey { service, measure, channel, period_kind, .. } = key;
        let place = format!("{service}, {measure}, {channel}");
        let mut add = |some: &Left, why: &str| {
            if let Some(first) = some.first {
                let more = match some.count {
                    1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                let text = format!("left out the {} {}{more}: {why}", first.kind(), first.start_date());
                self.notes.push(Note { place: place.clone(), text });
            }
        };
        add(&refused.not_closed, "not ended yet; a figure is taken once its period has ended");
        add(
            &refused.of_another_kind,
            &format!("not a {period_kind} like the rest of its series; this is a fault of the collector"),
        );
    }

    /// Puts series together that have become one by their service's alias.
    fn regroup(&mut self, series: Vec<SeriesFigures>) -> Vec<SeriesFigures> {
        let mut builder = BatchBuilder::new();
        for SeriesFigures { key, points } in series {
            let handle = builder.series(key);
            for point in points {
                builder.push_to(handle, point);
            }
        }
        let (batch, conflicts) = builder.finish();
        self.whole &= conflicts.is_empty();
        for conflict in conflicts {
            let SeriesKey { service, measure, channel, .. } = &conflict.key.series;
            let [first, second] = conflict.values;
            self.notes.push(Note {
                place: format!("{service}, {measure}, {channel}"),
                text: format!(
                    "left out the {} {}: given as {first} and as {second}; correct one at the source, or remove \
an alias that joins two services",
                    conflict.key.period.kind(),
                    conflict.key.period.start_date()
                ),
            });
        }
        batch.series
    }

    /// One description a service: the one by its own id rather than one by an alias.
    fn describe(&self, services: Vec<ServiceDescription>) -> Vec<ServiceDescription> {
        let mut positions: HashMap<ServiceId, (usize, bool)> = HashMap::new();
        let mut described: Vec<ServiceDescription> = Vec::with_capacity(services.len());
        for mut service in services {
            let renamed = self.rules.book.renamed(&service.id).cloned();
            let own = renamed.is_none();
            if let Some(id) = renamed {
                service.id = id;
            }
            match positions.entry(service.id.clone()) {
                Entry::Vacant(free) => {
                    free.insert((described.len(), own));
                    described.push(service);
                }
                Entry::Occupied(mut found) => {
                    let (position, was_own) = *found.get();
                    if own && !was_own {
                        found.insert((position, true));
                        if let Some(place) = described.get_mut(position) {
                            *place = service;
                        }
                    }
                }
            }
        }
        described
    }
}

#[derive(Default)]
struct Refused {
    not_closed: Left,
    of_another_kind: Left,
}

/// Figures left out for one cause: the first and how many.
#[derive(Default)]
struct Left {
    first: Option<Period>,
    count: usize,
}

impl Left {
    fn add(&mut self, point: &Point) {
        self.first.get_or_insert(point.period);
        self.count += 1;
    }
}

fn is_in_order(series: &[SeriesFigures]) -> bool {
    series.is_sorted_by(|a, b| a.key < b.key)
        && series.iter().all(|figures| figures.points.is_sorted_by(|a, b| a.period < b.period))
}
