//! The set that detection is measured by: the same for a seed, and truly what its labels say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

use std::collections::BTreeMap;

use kpi::{Channel, PeriodKind};
use simulator::labelled::{Happening, LabelledService, Told, services};

const KINDS: [PeriodKind; 4] = [PeriodKind::Day, PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter];

fn told(seed: u64, kind: PeriodKind) -> Vec<Vec<Told>> {
    services(seed, kind).iter().step_by(10).map(LabelledService::told).collect()
}

/// By how much take-up is lower in the four periods from what happens on than in the four before.
fn fall(service: &LabelledService) -> f64 {
    // What was told last of a period counts.
    let newest: BTreeMap<_, _> =
        service.told().into_iter().map(|told| (told.period, told.completed)).collect();
    let takeup = |from: usize| {
        let (mut digital, mut all) = (0, 0);
        let told = service.periods[from..from + 4].iter().filter_map(|period| newest.get(period));
        for (channel, count) in told.flatten() {
            all += count;
            digital += if *channel == Channel::Digital { *count } else { 0 };
        }
        digital as f64 / all as f64
    };
    takeup(service.at - 4) - takeup(service.at)
}

#[test]
fn a_seed_gives_the_same_set_every_time_and_another_one_another() {
    for kind in [PeriodKind::Week, PeriodKind::Quarter] {
        assert_eq!(told(7, kind), told(7, kind));
        assert_ne!(told(7, kind), told(8, kind));
    }
}

#[test]
fn every_cadence_has_falls_and_services_to_which_nothing_happens() {
    for kind in KINDS {
        let all = services(1, kind);
        let count = |wanted: fn(&LabelledService) -> bool| all.iter().filter(|one| wanted(one)).count();
        assert!(count(|one| one.happening == Happening::Quiet) >= 10, "{kind}");
        assert!(count(|one| one.happening == Happening::Step { points: 10 }) >= 5, "{kind}");
        assert!(all.iter().all(|one| one.label().period_kind == kind));
        assert!(all.iter().all(|one| one.label().from.is_some() == one.happening.happens()), "{kind}");
    }
}

/// As much lower as the label says, on average: each has its own noise, growth and season.
#[test]
fn a_labelled_step_is_in_the_figures_and_a_quiet_service_has_none() {
    for kind in [PeriodKind::Week, PeriodKind::Month] {
        let all = services(3, kind);
        let average = |wanted: Happening| {
            let falls: Vec<f64> = all.iter().filter(|one| one.happening == wanted).map(fall).collect();
            100.0 * falls.iter().sum::<f64>() / falls.len() as f64
        };
        for points in [5, 10, 20] {
            let found = average(Happening::Step { points });
            assert!((found - f64::from(points)).abs() < 1.5, "{kind}: {found} instead of {points}");
        }
        let quiet = average(Happening::Quiet);
        assert!(quiet.abs() < 1.0, "{kind}: {quiet}");
    }
}
