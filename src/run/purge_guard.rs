//! Holding back what a source says of old periods once it has deleted their records.
//!
//! Such a source answers with a lower count, or with none, where it once gave the right one. The figure
//! counted while the records were there stays current; what came instead is noted. Rules of the guard:
//!
//! - Only periods older than the collector's [`PurgeGuard`]: before, sources correct themselves.
//! - Only measures that count something. A published ratio may fall without anything having been deleted.
//! - Only a number that is lower, or absent, where a number is stored. A value suppressed for
//!   confidentiality replaces any number, however old.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use kpi::measure::Additivity;
use kpi::{Note, Period, Point, SeriesFigures, SeriesKey, Value};

use super::{Acceptance, ServiceBook};
use crate::config::settings::PurgeGuard;
use crate::store::{Provenance, Query, Series, StoredPoint, Submission};

/// What figures are held back by.
#[derive(Debug, Clone, Copy)]
pub struct Guard<'a> {
    /// From which age on.
    pub setting: PurgeGuard,
    /// Zones of services: where a period ends.
    pub book: &'a ServiceBook,
    /// The present.
    pub now: Timestamp,
}

/// A figure held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// Its series.
    pub series: SeriesKey,
    /// What is stored, and stays.
    pub stored: Point,
    /// What the source gives now.
    pub given: Point,
}

impl Guard<'_> {
    /// What must be known of the store to judge a submission; `None` where none of it is guarded.
    pub fn query(&self, submission: &Submission) -> Option<Query> {
        Query::of_points(submission.series.iter().map(|series| (&series.key, self.guarded(series))))
    }

    /// Takes out of what was accepted what is held back, given what is stored, and notes it.
    pub fn hold_back(&self, acceptance: &mut Acceptance, stored: &[Series]) -> Vec<HeldBack> {
        let Acceptance { submission, notes, whole } = acceptance;
        let stored = known(stored, &submission.provenance);
        let mut held_back = Vec::new();
        for series in &mut submission.series {
            let guarded = self.guarded(series).len();
            let mut position = 0;
            let SeriesFigures { key, points } = series;
            points.retain(|point| {
                position += 1;
                let known = stored
                    .get(&(&*key, point.period))
                    .filter(|known| position <= guarded && is_lower(point.value, known.point.value));
                if let Some(known) = known {
                    held_back.push(HeldBack { series: key.clone(), stored: known.point, given: *point });
                }
                known.is_none()
            });
        }
        submission.series.retain(|series| !series.points.is_empty());
        // The source must be read again once somebody says that the lower figures are right.
        *whole &= held_back.is_empty();
        notes.extend(self.notes(&held_back));
        held_back
    }

    /// The guarded points of a series: its first ones, because points are in order of period.
    fn guarded<'s>(&self, series: &'s SeriesFigures) -> &'s [Point] {
        let PurgeGuard::After(age) = self.setting else { return &[] };
        if series.key.measure.additivity() != Additivity::Additive {
            return &[];
        }
        let zone = self.book.zone(&series.key.service);
        let is_old = |point: &Point| {
            let since_its_end = self.now.duration_since(point.period.span(zone).end);
            Duration::try_from(since_its_end).is_ok_and(|since_its_end| since_its_end > age)
        };
        let count = series.points.partition_point(is_old);
        series.points.get(..count).unwrap_or_default()
    }

    /// One note a series.
    fn notes(&self, held_back: &[HeldBack]) -> Vec<Note> {
        let PurgeGuard::After(age) = self.setting else { return Vec::new() };
        let days = age.as_secs() / (24 * 60 * 60);
        held_back
            .chunk_by(|one, next| one.series == next.series)
            .filter_map(|held| held.first().map(|first| (first, held.len())))
            .map(|(HeldBack { series, stored, given }, count)| Note {
                place: format!("{}, {}, {}", series.service, series.measure, series.channel),
                text: format!(
                    "held back the {} {}{}: the source now gives {}, and {} is stored; lower figures of periods that \
ended more than {days} days ago are what records deleted at the source look like; where it is a correction, \
collect these days with --accept-lower",
                    stored.period.kind(),
                    stored.period.start_date(),
                    if count > 1 { format!(" and {} more", count - 1) } else { String::new() },
                    given.value,
                    stored.value,
                ),
            })
            .collect()
    }
}

/// Whether a value is what a purge leaves of a stored number.
fn is_lower(given: Value, stored: Value) -> bool {
    match (given, stored) {
        (Value::Known(given), Value::Known(stored)) => given < stored,
        (Value::NotProvided, Value::Known(_)) => true,
        _ => false,
    }
}

/// The stored figures that a submission may revise: those its collector feeds.
fn known<'s>(
    stored: &'s [Series],
    provenance: &Provenance,
) -> HashMap<(&'s SeriesKey, Period), &'s StoredPoint> {
    let points = stored
        .iter()
        .filter(|series| provenance.feeds(&series.collector))
        .flat_map(|series| series.points.iter().map(move |known| ((&series.key, known.point.period), known)));
    points.collect()
}
