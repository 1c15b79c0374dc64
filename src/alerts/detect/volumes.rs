//! How far volumes are from the usual one: their season, and what is left of their ups and downs.

use super::statistics::{Foretold, last, pulled, robust_variance};

/// How far ordinary volumes were from the usual one, in logarithms.
#[derive(Debug, Clone, Default)]
pub(super) struct Volumes {
    /// By period.
    errors: Vec<Option<f64>>,
    /// What was left of them once the season was taken out.
    residuals: Vec<f64>,
    /// How far errors a season before foretold those that came.
    foretold: Foretold,
}

/// The standard deviation that volumes of services have in common.
const COMMON_NOISE: f64 = 0.08;
const COMMON: f64 = COMMON_NOISE * COMMON_NOISE;
/// How many errors of its own outweigh the common value by half.
const COMMON_WEIGHT: f64 = 6.0;
/// Errors of its own that its noise is learnt from.
const RESIDUALS_KEPT: usize = 40;

impl Volumes {
    /// How far a period's volume should be from the usual one: as a season before, shrunk by how little that foretold.
    pub(super) fn expected(&self, index: usize, lags: &[usize]) -> f64 {
        let before = self.a_season_before(index, lags);
        before.map_or(0.0, |before| before * self.foretold.share(0.0, COMMON_WEIGHT * COMMON))
    }

    /// The variance around it.
    pub(super) fn variance(&self) -> f64 {
        let recent = last(&self.residuals, RESIDUALS_KEPT);
        pulled(robust_variance(recent), recent.len() as f64, COMMON, COMMON_WEIGHT)
    }

    /// Learns from an ordinary period.
    pub(super) fn learn(&mut self, index: usize, error: f64, lags: &[usize]) {
        self.residuals.push(error - self.expected(index, lags));
        if let Some(before) = self.a_season_before(index, lags) {
            self.foretold.learn(error, before);
        }
        self.errors.resize(self.errors.len().max(index), None);
        self.errors.push(Some(error));
    }

    fn a_season_before(&self, index: usize, lags: &[usize]) -> Option<f64> {
        let error = |lag: &usize| *self.errors.get(index.checked_sub(*lag)?)?;
        let (sum, count) =
            lags.iter().filter_map(error).fold((0.0, 0.0), |(sum, count), error| (sum + error, count + 1.0));
        (count > 0.0).then(|| sum / count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAGS: [usize; 1] = [12];

    fn learnt(error: impl Fn(usize) -> f64) -> Volumes {
        let mut volumes = Volumes::default();
        for index in 0..48 {
            volumes.learn(index, error(index), &LAGS);
        }
        volumes
    }

    #[test]
    fn a_season_is_expected_again_and_is_no_noise() {
        let volumes = learnt(|index| if index % 12 == 0 { 0.8 } else { 0.0 });
        assert!((volumes.expected(48, &LAGS) - 0.8).abs() < 0.05, "{}", volumes.expected(48, &LAGS));
        assert!(volumes.expected(49, &LAGS).abs() < 0.001);
        assert!(volumes.variance().sqrt() < COMMON_NOISE, "{}", volumes.variance());
    }

    #[test]
    fn ups_and_downs_that_do_not_return_are_noise_and_foretell_nothing() {
        let volumes = learnt(|index| if index * 7 % 13 < 6 { 0.2 } else { -0.2 });
        assert!(volumes.expected(48, &LAGS).abs() < 0.1, "{}", volumes.expected(48, &LAGS));
        assert!(volumes.variance().sqrt() > 0.15, "{}", volumes.variance());
    }
}
