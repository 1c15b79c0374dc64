//! Detection keeps the quality that `docs/alerting.md` tells of, on a seed nothing is reported on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "../benches/detection/set.rs"]
mod set;

use kpi::PeriodKind;
use pp_collector::alerts::backtest::{Found, Line, Score, replay, score};
use rstest::rstest;
use set::LabelledSet;

const SEED: u64 = 11;

fn replayed(kind: PeriodKind) -> Score {
    let set = LabelledSet::of(SEED, kind);
    let replayed = replay(&set.services, (None, None));
    score(&Line::falls(&replayed, None), &set.labels, &replayed.services, &set.holidays)
        .remove(&kind)
        .unwrap()
}

fn found(score: &Score, event: &str, points: u32) -> Found {
    score.events[&(event.to_owned(), points)]
}

fn percent(met: u32, of: Found) -> u32 {
    100 * met / of.labels
}

/// Wider than the reported rates by what chance does to one seed.
#[rstest]
#[case(PeriodKind::Week, 0.12, 50)]
#[case(PeriodKind::Month, 0.07, 70)]
fn falls_are_found_and_little_else_is(
    #[case] kind: PeriodKind,
    #[case] false_alarms_a_year: f64,
    #[case] ten_points_at_once: u32,
) {
    let score = replayed(kind);
    let a_year = |count: u32| f64::from(count) / score.service_years;
    assert!(a_year(score.false_alarms) < false_alarms_a_year, "{}", a_year(score.false_alarms));
    assert!(a_year(score.false_critical) < 0.02, "{}", a_year(score.false_critical));
    let large = found(&score, "step", 20);
    assert!(percent(large.in_1, large) >= 85 && percent(large.in_5, large) >= 95, "{large:?}");
    let ordinary = found(&score, "step", 10);
    assert!(percent(ordinary.in_1, ordinary) >= ten_points_at_once, "{ordinary:?}");
    assert!(percent(ordinary.in_5, ordinary) >= 90, "{ordinary:?}");
    // Unrelated false alarms may fall into them.
    let nothings = ["missing", "outage", "zero_for_missing", "tiny", "late"];
    let alerted: Vec<Found> =
        nothings.map(|event| found(&score, event, 0)).into_iter().filter(|it| it.at_all > 0).collect();
    assert!(alerted.iter().map(|it| it.at_all).sum::<u32>() <= 2, "{alerted:?}");
    let partial = found(&score, "partial_outage", 0);
    assert!(percent(partial.critical, partial) <= 20, "{partial:?}");
}
