//! The few statistics detection needs.

/// The median; `None` of nothing.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let is_odd = values.len() % 2 == 1;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(if is_odd { *upper } else { f64::midpoint(lower, *upper) })
}

/// The variance of a median over that of one value, for many normal values: π / 2.
const MEDIAN_TO_MEAN: f64 = 1.57;

/// The variance of the median of `count` values, as a share of that of one.
pub(super) fn median_variance(count: usize) -> f64 {
    MEDIAN_TO_MEAN / count.max(1) as f64
}

/// Standard deviations in one median absolute deviation, for normal values.
const SIGMA_PER_DEVIATION: f64 = 1.4826;
/// Values further out than this many standard deviations count as being there.
const CLIPPED_AT: f64 = 2.5;
/// What clipping there takes from the variance of normal values.
const CLIPPED_SHARE: f64 = 0.97;

/// The variance of values around zero, hardly moved by the few that are far out.
pub(super) fn robust_variance(values: &[f64]) -> f64 {
    let Some(deviation) = median(values.iter().map(|value| value.abs())) else { return 0.0 };
    let limit = CLIPPED_AT * SIGMA_PER_DEVIATION * deviation;
    let sum: f64 = values.iter().map(|value| value.abs().min(limit).powi(2)).sum();
    sum / values.len() as f64 / CLIPPED_SHARE
}

/// At most so many of the last.
pub(super) fn last<T>(all: &[T], count: usize) -> &[T] {
    all.get(all.len().saturating_sub(count)..).unwrap_or_default()
}

/// A variance of its own, from so many values, pulled to the common one as if that were from `weight` values.
pub(super) fn pulled(own: f64, count: f64, common: f64, weight: f64) -> f64 {
    (count * own + weight * common) / (count + weight)
}

/// How far deviations a season before foretold those that came: the slope through nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Foretold {
    products: f64,
    squares: f64,
}

impl Foretold {
    /// Learns from a deviation and the one a season before.
    pub(super) fn learn(&mut self, now: f64, before: f64) {
        self.products += now * before;
        self.squares += before * before;
    }

    /// The share of a deviation that returns, 0 to 1: `belief`, as if it came from squares of `prior` in all.
    pub(super) fn share(self, belief: f64, prior: f64) -> f64 {
        ((self.products + belief * prior) / (self.squares + prior)).clamp(0.0, 1.0)
    }
}

/// How many standard deviations a normal value exceeds with a small probability: 3.09 for one in a
/// thousand. Abramowitz and Stegun, 26.2.23; the error is below 0.0005.
pub(super) fn exceeded_with(probability: f64) -> f64 {
    let probability = probability.clamp(1e-12, 0.5);
    let t = (-2.0 * probability.ln()).sqrt();
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - numerator / denominator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_normal_tables() {
        for (probability, expected) in [(0.5, 0.0), (0.05, 1.645), (0.001, 3.090), (0.000_1, 3.719)] {
            assert!((exceeded_with(probability) - expected).abs() < 0.002, "{probability}");
        }
    }

    #[test]
    fn one_value_far_out_hardly_moves_level_and_noise() {
        let mut values: Vec<f64> = (0..20).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
        values.push(100.0);
        assert!((robust_variance(&values) - 1.6).abs() < 0.5, "{}", robust_variance(&values));
        assert!(median(values).unwrap().abs() <= 1.0);
        assert_eq!(median([]), None);
    }
}
