//! What was tuned on the labelled set and is not for a service to choose. How, and what came of it, is in
//! `docs/alerting.md`.

use crate::alerts::cadence::Cadence;

/// The constants of a cadence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tuning {
    /// Periods the level is the median of.
    pub(super) window: usize,
    /// Fewest of them to judge by.
    pub(super) least_window: usize,
    /// What repeats.
    pub(super) season: Season,
    /// Volumes and counts compare with those this many periods before: with those of the same day of the week.
    pub(super) rhythm: usize,
    /// The standard deviation, beyond sampling, that services of this cadence have in common.
    pub(super) common_noise: f64,
    /// How many errors of its own outweigh the common value by half.
    pub(super) common_weight: f64,
    /// Errors of its own that its noise is learnt from.
    pub(super) errors_kept: usize,
    /// Limits are stretched by this for tails heavier than normal ones.
    pub(super) tail: f64,
    /// Limits are wider by this factor where a holiday has just been.
    pub(super) after_holiday: f64,
    /// For so many periods.
    pub(super) after_holiday_for: usize,
    /// Low periods in a row after which they are the level, alerted or not.
    pub(super) harmless_after: usize,
    /// Fewest periods near the level that end a fall: a weekend alone may hide one.
    pub(super) back_for: usize,
    /// How much better than a true fall others that grew must fit the counts, as a logarithm: the longer the period,
    /// the rarer it is that paper catches up.
    pub(super) beside_margin: f64,
    /// Slow falls; `None` where they are left to a longer cadence.
    pub(super) erosion: Option<ErosionTuning>,
    /// Whether a holiday spoils a period: one day of a month hardly does.
    pub(super) holidays_matter: bool,
}

/// What repeats: the days of a week, the weeks, months and quarters of a year.
#[derive(Debug, Clone, Copy)]
pub(super) struct Season {
    /// Periods back at which it repeats; their deviations are averaged.
    pub(super) lags: &'static [usize],
    /// Periods further back, for those of which nothing was learnt: a fall or a holiday lay there.
    pub(super) fallback: &'static [usize],
    /// Prior belief that the deviation returns, 0 to 1.
    pub(super) prior: f64,
    /// The standard deviation to reckon with while it is not known.
    pub(super) unknown: f64,
    /// Deviations of more standard deviations than this are odd, and count as if they were there.
    pub(super) odd_beyond: f64,
}

/// How slow falls are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErosionTuning {
    /// Newest periods whose mean is compared.
    pub(super) recent: usize,
    /// Periods left out between.
    pub(super) skipped: usize,
    /// Periods before, whose median it is compared with.
    pub(super) before: usize,
    /// Least difference in standard deviations.
    pub(super) limit: f64,
}

impl Tuning {
    pub(super) const fn of(cadence: Cadence) -> Self {
        match cadence {
            Cadence::Day => Self {
                window: 28,
                least_window: 14,
                season: Season {
                    lags: &[7, 14, 21, 28],
                    fallback: &[35, 42, 49, 56, 63, 70],
                    prior: 0.5,
                    unknown: 0.0,
                    odd_beyond: f64::INFINITY,
                },
                rhythm: 7,
                common_noise: 0.025,
                common_weight: 20.0,
                errors_kept: 90,
                tail: 1.19,
                after_holiday: 1.6,
                after_holiday_for: 5,
                harmless_after: 7,
                back_for: 3,
                beside_margin: 0.5,
                erosion: None,
                holidays_matter: true,
            },
            Cadence::Week => Self {
                window: 8,
                least_window: 4,
                season: Season {
                    lags: &[51, 52, 53],
                    fallback: &[],
                    prior: 0.3,
                    unknown: 0.0,
                    odd_beyond: 2.5,
                },
                rhythm: 1,
                common_noise: 0.016,
                common_weight: 12.0,
                errors_kept: 52,
                tail: 1.12,
                after_holiday: 1.35,
                after_holiday_for: 1,
                harmless_after: 5,
                back_for: 1,
                beside_margin: 0.7,
                erosion: Some(ErosionTuning { recent: 5, skipped: 5, before: 12, limit: 5.0 }),
                holidays_matter: true,
            },
            Cadence::Month => Self {
                window: 6,
                least_window: 3,
                season: Season { lags: &[12], fallback: &[], prior: 0.5, unknown: 0.022, odd_beyond: 2.5 },
                rhythm: 1,
                common_noise: 0.014,
                common_weight: 8.0,
                errors_kept: 36,
                tail: 0.88,
                after_holiday: 1.0,
                after_holiday_for: 0,
                harmless_after: 3,
                back_for: 1,
                beside_margin: 1.0,
                erosion: Some(ErosionTuning { recent: 3, skipped: 4, before: 6, limit: 3.4 }),
                holidays_matter: false,
            },
            Cadence::Quarter => Self {
                window: 4,
                least_window: 3,
                season: Season { lags: &[4], fallback: &[], prior: 0.5, unknown: 0.022, odd_beyond: 2.5 },
                rhythm: 1,
                common_noise: 0.014,
                common_weight: 6.0,
                errors_kept: 20,
                tail: 0.88,
                after_holiday: 1.0,
                after_holiday_for: 0,
                harmless_after: 2,
                back_for: 1,
                beside_margin: 1.0,
                erosion: Some(ErosionTuning { recent: 2, skipped: 2, before: 4, limit: 4.6 }),
                holidays_matter: false,
            },
        }
    }
}
