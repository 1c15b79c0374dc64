//! A KPI that goes down slowly, too slowly for any one period to stand out.

use kpi::Period;

use super::episode::{Cause, Ending, Episode};
use super::frame::{Frame, Place};
use super::learnt::Learnt;
use super::statistics::median_variance;
use crate::alerts::observation::Sample;

/// Watches for erosion.
#[derive(Debug, Clone, Default)]
pub(super) struct Erosion {
    open: Option<Slide>,
}

#[derive(Debug, Clone)]
struct Slide {
    episode: Episode,
    /// The level it slid from.
    from: f64,
    /// How far it was when it was told.
    size: f64,
    /// Periods since.
    periods: usize,
}

/// A slide smaller than this is none: a share, of one or of the value.
const LEAST: f64 = 0.03;

impl Erosion {
    /// An ordinary period; gives the episode it ends.
    pub(super) fn step(
        &mut self,
        frame: &Frame<'_>,
        learnt: &Learnt,
        place: Place,
        sample: &Sample,
    ) -> Option<Episode> {
        let tuning = frame.tuning.erosion?;
        if !frame.settings.erosion {
            return None;
        }
        let levels = learnt.levels(tuning.recent, tuning.skipped, tuning.before)?;
        let now = levels.recent;
        if let Some(slide) = &mut self.open {
            slide.periods += 1;
            if slide.from - now <= slide.size / 2.0 {
                return self.end(place.period, Ending::Recovered);
            }
            if slide.periods >= tuning.before {
                return self.end(place.period, Ending::NewLevel);
            }
            slide.episode.see(frame, place, sample, slide.from);
            return None;
        }
        // Within its first year a season cannot be told from a slow fall.
        if !learnt.has_seen_a_season(place.index) {
            return None;
        }
        let size = levels.before - now;
        let mean_variance = levels.variance / tuning.recent as f64;
        let sigma = (mean_variance + levels.variance * median_variance(tuning.before)).sqrt();
        if size < LEAST || size < tuning.limit * sigma || levels.highest_recent >= levels.before {
            return None;
        }
        let began = frame.period(levels.first_recent)?;
        let mut episode = Episode::new(Cause::Erosion, began, place.period);
        episode.learnt_from = frame.period(levels.first_before).zip(frame.period(levels.last_before));
        episode.see(frame, place, sample, levels.before);
        self.open = Some(Slide { episode, from: levels.before, size, periods: 0 });
        None
    }

    /// Ends what is open.
    pub(super) fn end(&mut self, period: Period, ending: Ending) -> Option<Episode> {
        self.open.take().map(|slide| Episode { ended: Some((period, ending)), ..slide.episode })
    }

    /// The episode that is open.
    pub(super) fn into_open(self) -> Option<Episode> {
        self.open.map(|slide| slide.episode)
    }
}

impl Episode {
    fn see(&mut self, frame: &Frame<'_>, place: Place, sample: &Sample, from: f64) {
        self.latest = place.period;
        self.expected = frame.decimal(from);
        self.seen = Some(sample.value);
        self.transactions = sample.base;
    }
}
