//! Every revision of figures, as one store hands them to another.

use std::fmt;

use jiff::Timestamp;
use kpi::service::ServiceDescription;
use kpi::{CollectorName, FigureKey, Period, SeriesKey};

use super::StoredPoint;

/// A series with every revision of its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesHistory {
    /// What the figures are values of.
    pub key: SeriesKey,
    /// The collector that feeds it now.
    pub owner: CollectorName,
    /// In order of period and revision; never empty.
    pub revisions: Vec<Revision>,
}

/// One revision of a figure and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The figure, its number among the revisions, and when it was collected.
    pub stored: StoredPoint,
    /// Who collected it: the owner of the series, or one whose series the owner took over.
    pub collector: CollectorName,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoredPoint { point, collected_at, .. } = &self.stored;
        write!(f, "{} collected by {} at {collected_at}", point.value, self.collector)
    }
}

/// What a collector said about a service, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedDescription {
    /// The collector.
    pub collector: CollectorName,
    /// When it said so.
    pub described_at: Timestamp,
    /// What it said.
    pub description: ServiceDescription,
}

/// Why the revisions of a figure do not go on from those a store keeps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The same revision is something else.
    #[error("revision {} is {kept} in the store and {given} in what is put there", kept.stored.revision)]
    Differs {
        /// As the store has it.
        kept: Box<Revision>,
        /// As it was given.
        given: Box<Revision>,
    },
    /// Revisions before it are neither kept nor given.
    #[error("revision {found} comes where revision {expected} belongs")]
    Gap {
        /// The number it has.
        found: u32,
        /// The number that is due.
        expected: u32,
    },
    /// It was collected before the one it revises.
    #[error("revision {revision} was collected before the one it revises")]
    TimeGoesBack {
        /// Its number.
        revision: u32,
    },
}

/// The revisions of a figure that a store lacks, of those given. One rule for every store.
///
/// Both are in order of revision, and what is kept begins with the first.
pub fn lacking<'a>(kept: &[Revision], given: &'a [Revision]) -> Result<&'a [Revision], Contradiction> {
    let mut last = None;
    let mut first_lacking = given.len();
    for (index, revision) in given.iter().enumerate() {
        let number = revision.stored.revision;
        let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        match at.and_then(|at| kept.get(at)) {
            Some(same) if same == revision => {}
            Some(other) => {
                let (kept, given) = (Box::new(other.clone()), Box::new(revision.clone()));
                return Err(Contradiction::Differs { kept, given });
            }
            None => {
                let before = last.or(kept.last());
                let expected = before.map_or(1, |before| before.stored.revision + 1);
                if number != expected {
                    return Err(Contradiction::Gap { found: number, expected });
                }
                if before.is_some_and(|before| before.stored.collected_at > revision.stored.collected_at) {
                    return Err(Contradiction::TimeGoesBack { revision: number });
                }
                first_lacking = first_lacking.min(index);
            }
        }
        last = Some(revision);
    }
    Ok(given.get(first_lacking..).unwrap_or_default())
}

/// The first and last period of a history, where its revisions come in order and are of the series'
/// kind; otherwise the problem.
pub(super) fn ends(series: &SeriesHistory) -> Result<(Period, Period), String> {
    let refused = |problem: &str| {
        let SeriesKey { service, measure, channel, .. } = &series.key;
        Err(format!("the history of {service} {measure} {channel} {problem}"))
    };
    let order = |revision: &Revision| (revision.stored.point.period, revision.stored.revision);
    let (Some(first), Some(last)) = (series.revisions.first(), series.revisions.last()) else {
        return refused("has no revision");
    };
    if !series.revisions.is_sorted_by(|a, b| order(a) < order(b)) {
        return refused("is not in order of period and revision");
    }
    let kind = series.key.period_kind;
    if series.revisions.iter().any(|revision| revision.stored.point.period.kind() != kind) {
        return refused(&format!("has a period that is not of its kind, {kind}"));
    }
    Ok((first.stored.point.period, last.stored.point.period))
}

/// The revisions of each figure, which lie together.
pub(super) fn of_each_figure(revisions: &[Revision]) -> impl Iterator<Item = &[Revision]> {
    revisions.chunk_by(|a, b| a.stored.point.period == b.stored.point.period)
}

/// A figure in words.
pub(super) fn named(key: &FigureKey) -> String {
    let FigureKey { series, period } = key;
    format!(
        "{} {} {} ({}, {}) for {period}",
        series.service, series.measure, series.channel, series.coverage, series.period_kind
    )
}
