//! Goes through a history period by period.

use kpi::{Kpi, Period};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::counts::{Evidence, Shift, Usual, Volume};
use super::episode::{Cause, Ending, Episode, Judgement};
use super::erosion::Erosion;
use super::fall::{Fall, Seen, Step};
use super::frame::{Frame, Place};
use super::learnt::{Expectation, Learnt};
use super::limits::Limits;
use super::scale::Scale;
use super::statistics::{last, median};
use super::tuning::Tuning;
use super::validity::{Comparable, Shape, compare, is_enough};
use super::volumes::Volumes;
use super::{Cadence, Holidays, outlook};
use crate::alerts::observation::{Observation, Reading, Sample};
use crate::alerts::settings::AlertSettings;

/// Low periods in a row that outweigh a digital count which did not fall.
const RUN_BESIDE: usize = 3;

/// A period this many standard deviations below expectation is kept out of the level until the next.
const WITHHELD_FROM: f64 = 1.6;

/// Volumes a volume is compared with.
const VOLUMES_COMPARED: usize = 8;
/// Samples whose counts are the usual ones: few, because volumes have seasons of their own.
const COUNTS_COMPARED: usize = 4;

/// Everything made of the periods gone through so far.
#[derive(Debug, Clone)]
pub(super) struct Scan<'a> {
    /// What stays the same from one period to the next; its history is empty.
    frame: Frame<'a>,
    holidays: &'a Holidays,
    learnt: Learnt,
    /// By period, the volume, learnt from or not: a peak must not lock a service out.
    volumes: Vec<Option<f64>>,
    /// The first period since the last break.
    begin: usize,
    /// The shapes of the periods that can be compared with the next: those since the last break.
    shapes: Vec<Shape>,
    /// The newest period a holiday fell into.
    holiday: Option<usize>,
    /// Low periods in a row, not alerted.
    run: Vec<Place>,
    /// What their counts say.
    evidence: Evidence,
    volume_season: Volumes,
    fall: Option<Fall>,
    doubt: Option<Episode>,
    erosion: Erosion,
    episodes: Vec<Episode>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        kpi: Kpi,
        cadence: Cadence,
        holidays: &'a Holidays,
        settings: &'a AlertSettings,
    ) -> Self {
        let tuning = Tuning::of(cadence);
        let limits = Limits::of(cadence, &tuning, settings.at(cadence).false_alarms_a_year);
        Self {
            frame: Frame { cadence, history: &[], settings, tuning, limits, scale: Scale::of(kpi) },
            holidays,
            learnt: Learnt::new(tuning),
            volumes: Vec::new(),
            begin: 0,
            shapes: Vec::new(),
            holiday: None,
            run: Vec::new(),
            evidence: Evidence::default(),
            volume_season: Volumes::default(),
            fall: None,
            doubt: None,
            erosion: Erosion::default(),
            episodes: Vec::new(),
        }
    }

    /// How many periods it has gone through.
    pub(super) const fn seen(&self) -> usize {
        self.volumes.len()
    }

    /// Goes through the next period of a history whose earlier ones it has gone through.
    pub(super) fn step(&mut self, history: &[Observation]) {
        let index = self.seen();
        self.volumes.push(None);
        let Some(observation) = history.get(index) else { return };
        let frame = Frame { history, ..self.frame };
        match &observation.reading {
            Reading::Absent | Reading::Provisional => {}
            Reading::Contradictory(why) => {
                self.doubt(observation.period, Cause::Contradiction(why.clone()), None);
            }
            Reading::Settled(sample) => self.settled(&frame, index, observation.period, sample),
        }
    }

    fn settled(&mut self, frame: &Frame<'_>, index: usize, period: Period, sample: &Sample) {
        let shape = Shape::of(sample);
        match compare(last(&self.shapes, self.frame.tuning.window), shape) {
            Comparable::ZeroAfterMore => return self.doubt(period, Cause::Zero, sample.base),
            Comparable::PartMissing => return,
            Comparable::Break => self.break_off(index, period),
            Comparable::Yes => {}
        }
        self.end_doubt(period);
        let Some(volume) = sample.base.unwrap_or(sample.value).to_f64() else { return };
        let has_volume = sample.base.is_some() || !self.frame.scale.is_share();
        let is_enough = !has_volume
            || is_enough(volume, &self.volumes_like(index), self.frame.threshold().least_transactions);
        if let Some(place) = self.volumes.get_mut(index) {
            *place = Some(volume);
        }
        if self.frame.tuning.holidays_matter && self.holidays.touch(period) {
            self.holiday = Some(index);
            return;
        }
        let Some(value) = self.frame.scale.place(sample.value) else { return };
        if !is_enough {
            return;
        }
        self.shapes.push(shape);
        let place = Place { index, period, value, base: has_volume.then_some(volume) };
        match self.fall.take() {
            Some(fall) => self.in_fall(frame, fall, place, sample),
            None => self.ordinary(frame, place, sample),
        }
    }

    /// Earlier periods of the same rhythm, newest first: those of the same day of the week, for days.
    fn like(&self, index: usize) -> impl Iterator<Item = usize> + use<> {
        let (begin, rhythm) = (self.begin, self.frame.tuning.rhythm);
        let back = (1..).map(move |count| index.checked_sub(count * rhythm));
        back.map_while(move |earlier| earlier.filter(|earlier| *earlier >= begin))
    }

    /// The volumes of the newest of them.
    fn volumes_like(&self, index: usize) -> Vec<f64> {
        let volume = |earlier| self.volumes.get(earlier).copied().flatten();
        self.like(index).filter_map(volume).take(VOLUMES_COMPARED).collect()
    }

    /// The samples of the newest of them that were learnt from.
    fn usual<'h>(&self, history: &'h [Observation], index: usize) -> Usual<'h> {
        let learnt = |earlier: &usize| self.learnt.knows(*earlier);
        let indices = self.like(index).filter(learnt).take(COUNTS_COMPARED);
        Usual(indices.filter_map(|index| history.get(index)?.sample()).collect())
    }

    fn volume(&self, index: usize) -> Volume {
        let change = self.volume_season.expected(index, self.frame.tuning.season.lags);
        Volume { change, variance: self.volume_season.variance() }
    }

    /// A period while nothing is wrong.
    fn ordinary(&mut self, frame: &Frame<'_>, place: Place, sample: &Sample) {
        let Some(expected) = self.learnt.expect(place.index) else {
            let sampling = self.frame.scale.sampling_variance(place.value, place.base);
            return self.learnt.accept(place.index, place.value, sampling);
        };
        let sampling = self.frame.scale.sampling_variance(expected.value, place.base);
        let sigma = self.sigma(&expected, sampling, place.index);
        let limits = self.frame.limits;
        let drop = expected.value - place.value;
        if drop < limits.twice * sigma {
            self.clear_run();
            if let Some(change) = self.usual(frame.history, place.index).change(sample) {
                self.volume_season.learn(place.index, change, self.frame.tuning.season.lags);
            }
            if drop < WITHHELD_FROM * sigma {
                self.learnt.accept(place.index, place.value, sampling);
            } else {
                self.learnt.withhold(place.index, place.value, sampling);
            }
            self.episodes.extend(self.erosion.step(frame, &self.learnt, place, sample));
            return;
        }
        self.run.push(place);
        let usual = self.usual(frame.history, place.index);
        self.evidence += usual.evidence(sample, expected.value, sigma * sigma, self.volume(place.index));
        let shift = self.evidence.shift(drop, self.frame.tuning.beside_margin);
        let is_fall = drop >= self.frame.settings.least_fall
            && (drop >= limits.at_once * sigma || self.run.len() > 1)
            && expected.long_value - place.value >= (limits.twice * sigma).max(drop / 2.0)
            && (shift != Shift::Beside || self.run.len() >= RUN_BESIDE);
        if !is_fall {
            return self.learnt.withhold(place.index, place.value, sampling);
        }
        let mut learnt = self.learnt.level_indices().filter_map(|index| frame.period(index));
        let span = learnt.next().map(|first| (first, learnt.next_back().unwrap_or(first)));
        let run = std::mem::take(&mut self.run);
        let evidence = std::mem::take(&mut self.evidence);
        let mut fall = Fall::open(expected, run, place, span);
        fall.see(frame, &usual, place, sample, Seen { expected: expected.value, sigma, evidence });
        self.episodes.extend(self.erosion.end(place.period, Ending::NewLevel));
        self.fall = Some(fall);
    }

    /// A period while a fall is not over.
    fn in_fall(&mut self, frame: &Frame<'_>, mut fall: Fall, place: Place, sample: &Sample) {
        let expected = fall.expected.level + self.learnt.season(place.index);
        let sampling = self.frame.scale.sampling_variance(expected, place.base);
        let sigma = self.sigma(&fall.expected, sampling, place.index);
        let usual = self.usual(frame.history, place.index);
        let evidence = usual.evidence(sample, expected, sigma * sigma, self.volume(place.index));
        match fall.step(frame, &usual, place, sample, Seen { expected, sigma, evidence }) {
            Step::Lasts => self.fall = Some(fall),
            Step::Recovered => {
                self.learnt.accept(place.index, place.value, sampling);
                self.episodes.push(fall.ended(place.period, Ending::Recovered));
            }
            Step::NewLevel => {
                self.learnt.restart();
                for place in &fall.since {
                    let sampling = self.frame.scale.sampling_variance(place.value, place.base);
                    self.learnt.accept(place.index, place.value, sampling);
                }
                self.episodes.push(fall.ended(place.period, Ending::NewLevel));
            }
        }
    }

    /// The standard deviation of a period around its expectation: counting, own noise and the level's own
    /// uncertainty; more where a holiday has just been.
    fn sigma(&self, expected: &Expectation, sampling: f64, index: usize) -> f64 {
        let tuning = &self.frame.tuning;
        let just_after = self.holiday.is_some_and(|holiday| index - holiday <= tuning.after_holiday_for);
        let wider = if just_after { tuning.after_holiday } else { 1.0 };
        (expected.noise + expected.level_variance + sampling).sqrt() * wider
    }

    fn doubt(&mut self, period: Period, cause: Cause, transactions: Option<Decimal>) {
        match &mut self.doubt {
            Some(doubt) => doubt.latest = period,
            none => *none = Some(Episode { transactions, ..Episode::new(cause, period, period) }),
        }
    }

    fn end_doubt(&mut self, period: Period) {
        if let Some(doubt) = self.doubt.take() {
            self.episodes.push(Episode { ended: Some((period, Ending::Recovered)), ..doubt });
        }
    }

    /// The figures mean something else from here on.
    fn break_off(&mut self, index: usize, period: Period) {
        if let Some(fall) = self.fall.take() {
            self.episodes.push(fall.ended(period, Ending::NewLevel));
        }
        self.episodes.extend(self.erosion.end(period, Ending::NewLevel));
        self.learnt.restart();
        self.shapes.clear();
        self.begin = index;
        self.clear_run();
    }

    fn clear_run(&mut self) {
        self.run.clear();
        self.evidence = Evidence::default();
    }

    /// What it comes to with the last period of the history it has gone through.
    pub(super) fn finish(mut self, history: &[Observation]) -> Judgement {
        let frame = Frame { history, ..self.frame };
        let volume = median(self.volumes_like(history.len()));
        let outlook = outlook::outlook(&frame, &self.learnt, volume, self.fall.is_some());
        self.episodes.extend(self.fall.map(Fall::so_far));
        self.episodes.extend(self.doubt);
        self.episodes.extend(self.erosion.into_open());
        self.episodes.sort_by_key(|episode| episode.began);
        Judgement { episodes: self.episodes, outlook }
    }
}
