//! What a service's own history leads to expect: level, season and noise.

use super::statistics::{Foretold, last, median, median_variance, pulled, robust_variance};
use super::tuning::Tuning;

/// What the next period should look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expectation {
    /// The level without its season.
    pub(super) level: f64,
    /// The level with the season of the period.
    pub(super) value: f64,
    /// The level over twice as long a time: higher only where the service has been so for long.
    pub(super) long_value: f64,
    /// Variance of one period around the level, beyond what counting explains.
    pub(super) noise: f64,
    /// Variance of the level itself.
    pub(super) level_variance: f64,
}

/// The newest level of a service beside one before, seasons taken out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Levels {
    pub(super) recent: f64,
    /// The highest of the newest periods.
    pub(super) highest_recent: f64,
    pub(super) before: f64,
    /// Variance of one period.
    pub(super) variance: f64,
    pub(super) first_recent: usize,
    pub(super) first_before: usize,
    pub(super) last_before: usize,
}

/// A period that was learnt from.
#[derive(Debug, Clone, Copy)]
struct Entry {
    index: usize,
    place: f64,
    season: f64,
    sampling: f64,
}

/// Everything learnt up to a period.
#[derive(Debug, Clone)]
pub(super) struct Learnt {
    tuning: Tuning,
    /// Since the last break.
    entries: Vec<Entry>,
    /// Low periods that have not proved harmless yet.
    withheld: Vec<Entry>,
    /// By period: how far it was from the level before it, season not taken out. Kept over breaks.
    deviations: Vec<Option<f64>>,
    /// How far periods were from what was expected, and the variance counting gave them.
    errors: Vec<(f64, f64)>,
    /// The variance of a period beyond sampling.
    noise: f64,
    /// How far last season's deviations foretold this one's.
    foretold: Foretold,
}

impl Learnt {
    pub(super) fn new(tuning: Tuning) -> Self {
        Self {
            tuning,
            entries: Vec::new(),
            withheld: Vec::new(),
            deviations: Vec::new(),
            errors: Vec::new(),
            noise: tuning.common_noise.powi(2),
            foretold: Foretold::default(),
        }
    }

    /// Forgets the level: the figures mean something else from here on. The noise is kept.
    pub(super) fn restart(&mut self) {
        self.entries.clear();
        self.withheld.clear();
    }

    /// The indices of the periods the level is made of.
    pub(super) fn level_indices(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.window(self.tuning.window).iter().map(|entry| entry.index)
    }

    /// Whether a period since the last break was learnt from.
    pub(super) fn knows(&self, index: usize) -> bool {
        self.entries.binary_search_by_key(&index, |entry| entry.index).is_ok()
    }

    /// What to expect of a period; `None` while there is too little history.
    pub(super) fn expect(&self, index: usize) -> Option<Expectation> {
        let window = self.window(self.tuning.window);
        if window.len() < self.tuning.least_window {
            return None;
        }
        let level = median(window.iter().map(Entry::without_season))?;
        let long = median(self.window(2 * self.tuning.window).iter().map(Entry::without_season))?;
        let sampling = window.iter().map(|entry| entry.sampling).sum::<f64>() / window.len() as f64;
        let unknown = if self.last_season(index).is_some() { 0.0 } else { self.tuning.season.unknown };
        let noise = self.noise + unknown.powi(2);
        let season = self.season(index);
        Some(Expectation {
            level,
            value: level + season,
            long_value: long.min(level) + season,
            noise,
            level_variance: median_variance(window.len()) * (noise + sampling),
        })
    }

    /// The newest levels beside those before, where the history since the last break reaches that far.
    pub(super) fn levels(&self, recent: usize, skipped: usize, before: usize) -> Option<Levels> {
        let end = self.entries.len();
        let newest = self.entries.get(end.checked_sub(recent)?..)?;
        let last = end.checked_sub(recent + skipped)?;
        let older = self.entries.get(last.checked_sub(before)?..last)?;
        let sampling = newest.iter().map(|entry| entry.sampling).sum::<f64>() / recent as f64;
        Some(Levels {
            recent: newest.iter().map(Entry::without_season).sum::<f64>() / recent as f64,
            highest_recent: newest.iter().map(Entry::without_season).fold(f64::MIN, f64::max),
            before: median(older.iter().map(Entry::without_season))?,
            variance: self.noise + sampling,
            first_recent: newest.first()?.index,
            first_before: older.first()?.index,
            last_before: older.last()?.index,
        })
    }

    fn window(&self, length: usize) -> &[Entry] {
        last(&self.entries, length)
    }

    /// The service's own noise, pulled to the common value while its history is short.
    fn own_noise(&self) -> f64 {
        let common = self.tuning.common_noise.powi(2);
        let recent = last(&self.errors, self.tuning.errors_kept);
        let count = recent.len() as f64;
        let errors: Vec<f64> = recent.iter().map(|(error, _)| *error).collect();
        let sampling = recent.iter().map(|(_, sampling)| sampling).sum::<f64>() / count;
        // An error also holds that of the level it was measured from.
        let own = robust_variance(&errors) / (1.0 + median_variance(self.tuning.window)) - sampling;
        pulled(own.max(0.0), count, common, self.tuning.common_weight)
    }

    /// The deviation last season leads to expect of a period, shrunk by how little it foretold so far.
    pub(super) fn season(&self, index: usize) -> f64 {
        let Some(last) = self.last_season(index) else { return 0.0 };
        let prior = self.tuning.common_noise.powi(2) * self.tuning.common_weight;
        self.foretold.share(self.tuning.season.prior, prior) * last
    }

    /// Whether what repeats has been seen once before.
    pub(super) fn has_seen_a_season(&self, index: usize) -> bool {
        let lag = self.tuning.season.lags.first().copied().unwrap_or(0);
        let first = self.deviations.iter().position(Option::is_some);
        first.is_some_and(|first| first + lag <= index)
    }

    fn last_season(&self, index: usize) -> Option<f64> {
        let season = &self.tuning.season;
        let lags = season.lags.iter().chain(season.fallback);
        let mut found = lags.filter_map(|lag| *self.deviations.get(index.checked_sub(*lag)?)?);
        let first = found.next()?;
        let (sum, count) = found
            .take(season.lags.len() - 1)
            .fold((first, 1.0), |(sum, count), deviation| (sum + deviation, count + 1.0));
        Some(sum / count)
    }

    /// Learns from an ordinary period: those withheld before it have proved harmless.
    pub(super) fn accept(&mut self, index: usize, place: f64, sampling: f64) {
        for entry in std::mem::take(&mut self.withheld) {
            self.enter(entry);
        }
        let entry = Entry { index, place, season: self.season(index), sampling };
        self.enter(entry);
    }

    /// Keeps a low period out of the level, until so many of them in a row are the level.
    pub(super) fn withhold(&mut self, index: usize, place: f64, sampling: f64) {
        self.withheld.push(Entry { index, place, season: self.season(index), sampling });
        if self.withheld.len() >= self.tuning.harmless_after {
            self.entries.clear();
            for entry in std::mem::take(&mut self.withheld) {
                self.enter(entry);
            }
        }
    }

    fn enter(&mut self, entry: Entry) {
        let window = self.window(self.tuning.window);
        if window.len() >= self.tuning.least_window
            && let Some(level) = median(window.iter().map(Entry::without_season))
        {
            let deviation = entry.place - level;
            self.errors.push((deviation - entry.season, entry.sampling));
            self.noise = self.own_noise();
            if let Some(last) = self.last_season(entry.index) {
                self.foretold.learn(deviation, last);
            }
            // One odd period is no season.
            let furthest = self.tuning.season.odd_beyond * (self.noise + entry.sampling).sqrt();
            if self.deviations.len() <= entry.index {
                self.deviations.resize(entry.index + 1, None);
            }
            if let Some(place) = self.deviations.get_mut(entry.index) {
                *place = Some(deviation.clamp(-furthest, furthest));
            }
        }
        self.entries.push(entry);
    }
}

impl Entry {
    fn without_season(&self) -> f64 {
        self.place - self.season
    }
}
