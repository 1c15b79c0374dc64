//! A fall that is not over: the level it fell from is frozen.

use kpi::Period;

use super::counts::{Shift, Usual};
use super::episode::{Cause, Ending, Episode};
use super::frame::{Frame, Place};
use super::learnt::Expectation;
use crate::alerts::observation::Sample;

/// What a period makes of a fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Lasts,
    Recovered,
    NewLevel,
}

/// How a period looks beside the frozen level.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) expected: f64,
    pub(super) sigma: f64,
    pub(super) shift: Shift,
}

/// A fall that is not over.
#[derive(Debug, Clone)]
pub(super) struct Fall {
    episode: Episode,
    /// What was expected when it began.
    pub(super) expected: Expectation,
    /// Its periods.
    pub(super) since: Vec<Place>,
    /// How large it was when it was told.
    size: f64,
    /// Periods in a row that were near the level again.
    near: usize,
}

/// Periods near the level that end a fall, where none was back at it.
const NEAR_TO_END: usize = 2;
/// A period less than this many standard deviations below the level is back at it.
const BACK: f64 = 0.7;

impl Fall {
    /// A fall over the periods of `run`, told by the last of them.
    pub(super) fn open(
        expected: Expectation,
        run: Vec<Place>,
        told_by: Place,
        learnt_from: Option<(Period, Period)>,
    ) -> Self {
        let began = run.first().map_or(told_by.period, |first| first.period);
        let episode = Episode { learnt_from, ..Episode::new(Cause::LostData, began, told_by.period) };
        let size = expected.value - told_by.value;
        Self { episode, expected, since: run, size, near: 0 }
    }

    /// A further period.
    pub(super) fn step(
        &mut self,
        frame: &Frame<'_>,
        usual: &Usual<'_>,
        place: Place,
        sample: &Sample,
        seen: Seen,
    ) -> Step {
        self.since.push(place);
        let drop = seen.expected - place.value;
        let near = frame.settings.recovery.min(self.size / 2.0).max(seen.sigma);
        if drop <= near {
            self.near += 1;
            if drop <= BACK * seen.sigma || self.near >= NEAR_TO_END {
                return Step::Recovered;
            }
        } else {
            self.near = 0;
            self.see(frame, usual, place, sample, seen);
        }
        if self.since.len() >= frame.threshold().new_level_after { Step::NewLevel } else { Step::Lasts }
    }

    /// Takes down what a period shows of the fall.
    pub(super) fn see(
        &mut self,
        frame: &Frame<'_>,
        usual: &Usual<'_>,
        place: Place,
        sample: &Sample,
        seen: Seen,
    ) {
        let drop = seen.expected - place.value;
        let episode = &mut self.episode;
        // What looked like lost data is a fall once others are seen to grow; never the other way round.
        if seen.shift != Shift::Lost {
            episode.cause = Cause::Fall;
        }
        let is_critical = seen.shift == Shift::Moved
            && drop >= frame.settings.critical_fall
            && drop >= frame.limits.critical * seen.sigma;
        if is_critical && episode.cause == Cause::Fall && episode.critical_from.is_none() {
            episode.critical_from = Some(place.period);
        }
        episode.latest = place.period;
        episode.expected = frame.decimal(seen.expected);
        episode.seen = Some(sample.value);
        episode.transactions = sample.base;
        episode.grew = usual.grew(sample);
        episode.digital_count_fell = sample.base.map(|_| seen.shift != Shift::Beside);
    }

    /// The episode it was.
    pub(super) fn ended(self, period: Period, ending: Ending) -> Episode {
        Episode { ended: Some((period, ending)), ..self.episode }
    }

    /// The episode it is so far.
    pub(super) fn so_far(self) -> Episode {
        self.episode
    }
}
