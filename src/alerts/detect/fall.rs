//! A fall that is not over: the level it fell from is frozen.

use kpi::Period;

use super::counts::{Evidence, Shift, Usual};
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
    /// What its counts say; of the first, all that were low.
    pub(super) evidence: Evidence,
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
    /// What the counts of its periods say.
    evidence: Evidence,
    /// How much more likely the newest periods are had it come back than did it last, as a logarithm.
    back: f64,
    /// How many those are.
    back_for: usize,
}

/// A fall has ended once that is e to this power: one period is enough after a fall that stood out, two or three
/// after one that hardly did.
const BACK: f64 = 4.0;

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
        Self { episode, expected, since: run, size, evidence: Evidence::default(), back: 0.0, back_for: 0 }
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
        let more = self.size * (self.size / 2.0 - drop.max(0.0)) / (seen.sigma * seen.sigma);
        self.back = (self.back + more).max(0.0);
        self.back_for = if self.back > 0.0 { self.back_for + 1 } else { 0 };
        if drop > near {
            self.see(frame, usual, place, sample, seen);
        } else if self.back >= BACK && self.back_for >= frame.tuning.back_for {
            return Step::Recovered;
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
        self.evidence.fade();
        self.evidence += seen.evidence;
        let shift = self.evidence.shift(drop, frame.tuning.beside_margin);
        let episode = &mut self.episode;
        // What looked like lost data is a fall once others are seen to grow; never the other way round.
        if shift != Shift::Lost {
            episode.cause = Cause::Fall;
        }
        let is_critical = self.evidence.is_clear()
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
        episode.digital_count_fell = sample.base.map(|_| shift != Shift::Beside);
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
