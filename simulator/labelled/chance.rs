//! Drawn numbers of one service.

use crate::world::{draw, part, signed};

/// Draws for one service: what is asked for and when decides, never the order of asking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    seed: u64,
    service: u64,
}

impl Chance {
    pub(super) fn new(seed: u64, service: &str) -> Self {
        Self { seed, service: part(service) }
    }

    /// A number from 0 to below 1.
    pub(super) fn share(self, purpose: &str, number: i64) -> f64 {
        let drawn = draw(&[self.seed, self.service, part(purpose), signed(number)]);
        (drawn >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number from `low` to below `high`.
    pub(super) fn between(self, purpose: &str, low: f64, high: f64) -> f64 {
        low + self.share(purpose, 0) * (high - low)
    }

    /// A normal number: mean 0, variance 1, never beyond 6. The sum of twelve uniform ones.
    pub(super) fn normal(self, purpose: &str, number: i64) -> f64 {
        (0..12).map(|term| self.share(purpose, number * 12 + term)).sum::<f64>() - 6.0
    }
}

/// The nearest whole number, nothing below nothing.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are far below the end of a whole number, and not below nothing"
)]
pub(super) fn whole(number: f64) -> u64 {
    number.round().max(0.0) as u64
}
