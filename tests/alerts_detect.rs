//! What is a fall and what is not: promise 8, and the choices of `docs/alerting.md`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

#[path = "support/alerting.rs"]
#[allow(dead_code, unreachable_pub)]
mod alerting;

use alerting::{Counts, absent, history, settled, steady};
use kpi::{Channel, Kpi};
use pp_collector::alerts::calendar::{Calendar, Holidays, Nation};
use pp_collector::alerts::detect::{Cause, Ending, Episode, Judgement, Judging, judge};
use pp_collector::alerts::{AlertSettings, Cadence, Observation, Reading};
use proptest::prelude::*;
use rstest::rstest;
use rust_decimal::Decimal;

fn judged(cadence: Cadence, history: &[Observation]) -> Judgement {
    judge(Kpi::DigitalTakeup, cadence, history, &Holidays::default(), &AlertSettings::default())
}

fn episodes(cadence: Cadence, counts: impl IntoIterator<Item = Counts>) -> Vec<Episode> {
    judged(cadence, &history(cadence, counts)).episodes
}

/// Steady, then something else.
fn then(periods: usize, counts: impl IntoIterator<Item = Counts>) -> Vec<Counts> {
    let mut all = steady(10_000, 70, periods);
    all.extend(counts);
    all
}

const EVERY: [(Cadence, usize); 4] =
    [(Cadence::Day, 60), (Cadence::Week, 40), (Cadence::Month, 30), (Cadence::Quarter, 16)];

#[test]
fn a_steady_service_is_left_alone_at_every_cadence() {
    for (cadence, periods) in EVERY {
        assert_eq!(episodes(cadence, steady(10_000, 70, periods * 2)), [], "{cadence:?}");
    }
}

#[test]
fn twenty_points_are_critical_at_once_at_every_cadence() {
    for (cadence, periods) in EVERY {
        let found = episodes(cadence, then(periods, steady(10_000, 50, 2)));
        let [fall] = found.as_slice() else { panic!("{cadence:?}: {found:?}") };
        let first = history(cadence, then(periods, [(1, 1)])).pop().unwrap().period;
        assert_eq!((&fall.cause, fall.began, fall.told_by), (&Cause::Fall, first, first), "{cadence:?}");
        assert_eq!(fall.critical_from, Some(first), "{cadence:?}");
        assert_eq!(fall.grew.unwrap().channel, Channel::Paper);
        let expected = fall.expected.unwrap();
        assert!((expected - Decimal::new(70, 2)).abs() < Decimal::new(1, 2), "{cadence:?}: {expected}");
    }
}

#[test]
fn a_fall_is_one_episode_from_its_beginning_to_its_recovery() {
    let mut counts = then(40, steady(10_000, 58, 5));
    counts.extend(steady(10_000, 70, 6));
    let found = episodes(Cadence::Week, counts.clone());
    let [fall] = found.as_slice() else { panic!("{found:?}") };
    let periods = history(Cadence::Week, counts);
    assert_eq!(fall.latest, periods[44].period);
    assert_eq!(fall.ended, Some((periods[45].period, Ending::Recovered)));
}

#[test]
fn a_fall_that_stays_becomes_the_level_and_a_second_one_is_seen_from_there() {
    let mut counts = then(40, steady(10_000, 58, 25));
    counts.extend(steady(10_000, 45, 2));
    let found = episodes(Cadence::Week, counts);
    let [first, second] = found.as_slice() else { panic!("{found:?}") };
    assert!(matches!(first.ended, Some((_, Ending::NewLevel))));
    let from = second.expected.unwrap();
    assert!((from - Decimal::new(58, 2)).abs() < Decimal::new(2, 2), "fell from {from}");
}

#[rstest]
#[case::missing(|period| absent(period))]
#[case::provisional(|period| Observation { reading: Reading::Provisional, ..settled(period, (100, 9900)) })]
#[case::nothing_at_all(|period| settled(period, (0, 0)))]
#[case::too_few(|period| settled(period, (5, 60)))]
#[case::half_the_volume_is_gone(|period| settled(period, (900, 3000)))]
fn what_cannot_be_judged_alerts_nobody(#[case] strange: fn(kpi::Period) -> Observation) {
    let mut history = history(Cadence::Week, steady(10_000, 70, 40));
    for observation in history.iter_mut().skip(30).take(3) {
        *observation = strange(observation.period);
    }
    assert_eq!(judged(Cadence::Week, &history).episodes, []);
}

#[test]
fn zero_after_more_is_a_doubt_and_no_fall() {
    let found = episodes(Cadence::Week, then(30, [(0, 10_000), (0, 10_000), (7000, 3000)]));
    let [doubt] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(doubt.cause, Cause::Zero);
    assert_eq!((doubt.expected, doubt.critical_from), (None, None));
    assert!(matches!(doubt.ended, Some((_, Ending::Recovered))));
}

#[test]
fn figures_that_contradict_each_other_are_a_doubt_until_they_agree() {
    let mut history = history(Cadence::Week, steady(10_000, 70, 32));
    history[30].reading = Reading::Contradictory("12 of 10".to_owned());
    let found = judged(Cadence::Week, &history).episodes;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].cause, Cause::Contradiction("12 of 10".to_owned()));
    assert_eq!(found[0].ended.unwrap().0, history[31].period);
}

#[test]
fn a_new_definition_begins_a_new_level() {
    let mut history = history(Cadence::Week, then(30, steady(10_000, 55, 12)));
    for observation in history.iter_mut().skip(30) {
        let Reading::Settled(sample) = &mut observation.reading else { panic!() };
        sample.digital = vec![Channel::Digital, Channel::Api];
    }
    assert_eq!(judged(Cadence::Week, &history).episodes, []);
}

#[test]
fn a_channel_newly_counted_begins_a_new_level() {
    let mut history = history(Cadence::Week, then(30, steady(10_000, 55, 12)));
    for observation in history.iter_mut().skip(30) {
        let Reading::Settled(sample) = &mut observation.reading else { panic!() };
        sample.channels.push((Channel::Phone, 1500.into()));
    }
    assert_eq!(judged(Cadence::Week, &history).episodes, []);
}

#[test]
fn a_channel_that_was_always_there_and_is_missing_spoils_the_period() {
    let mut history = history(Cadence::Week, then(30, steady(10_000, 55, 2)));
    for observation in history.iter_mut().skip(30) {
        let Reading::Settled(sample) = &mut observation.reading else { panic!() };
        sample.channels.pop();
    }
    assert_eq!(judged(Cadence::Week, &history).episodes, []);
}

#[test]
fn a_digital_count_that_fell_while_nothing_grew_is_lost_data_and_never_critical() {
    let found = episodes(Cadence::Week, then(40, [(3500, 3000), (3500, 3000), (3500, 3000)]));
    let [fall] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&fall.cause, fall.critical_from), (&Cause::LostData, None));
}

#[test]
fn what_looked_like_lost_data_is_a_fall_once_another_channel_grows() {
    let found = episodes(Cadence::Week, then(40, [(3500, 3000), (3500, 6500)]));
    let [fall] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(fall.cause, Cause::Fall);
    assert!(fall.critical_from > Some(fall.told_by));
}

#[test]
fn paper_that_catches_up_beside_digital_is_no_fall() {
    assert_eq!(episodes(Cadence::Week, then(40, [(7200, 4800), (7200, 4800), (7000, 3000)])), []);
}

#[test]
fn a_week_with_a_bank_holiday_is_neither_judged_nor_learnt_from() {
    let holidays = Calendar::compiled_in().holidays(&[Nation::EnglandAndWales]);
    let mut observations = history(Cadence::Week, steady(10_000, 70, 60));
    for observation in &mut observations {
        if holidays.touch(observation.period) {
            *observation = settled(observation.period, (6000, 4000));
        }
    }
    let settings = AlertSettings::default();
    let judge = |holidays| judge(Kpi::DigitalTakeup, Cadence::Week, &observations, holidays, &settings);
    assert_eq!(judge(&holidays).episodes, []);
    assert_ne!(judge(&Holidays::default()).episodes, [], "the same weeks, were they ordinary ones");
}

#[test]
fn a_slow_fall_is_found_by_the_quieter_rule_and_can_be_left_out() {
    // Ups and downs of two points hide two fifths of a point a week.
    let counts: Vec<Counts> = [21, 39, 8, 26, 0, 35, 14]
        .into_iter()
        .cycle()
        .zip(0..60_u64)
        .map(|(wobble, week)| {
            let slide = 4 * week.saturating_sub(40);
            let digital = 10 * (680 + wobble - slide);
            (digital, 10_000 - digital)
        })
        .collect();
    let found = episodes(Cadence::Week, counts.clone());
    let [slide] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&slide.cause, slide.critical_from), (&Cause::Erosion, None));
    let settings = AlertSettings { erosion: false, ..AlertSettings::default() };
    let history = history(Cadence::Week, counts);
    let quiet = judge(Kpi::DigitalTakeup, Cadence::Week, &history, &Holidays::default(), &settings);
    assert_eq!(quiet.episodes, []);
}

#[test]
fn a_larger_budget_of_false_alarms_finds_smaller_falls() {
    let history = history(Cadence::Week, then(40, steady(10_000, 66, 2)));
    let found = |budget| {
        let mut settings = AlertSettings::default();
        settings.week.false_alarms_a_year = budget;
        !judge(Kpi::DigitalTakeup, Cadence::Week, &history, &Holidays::default(), &settings)
            .episodes
            .is_empty()
    };
    assert!(found(2.0));
    assert!(!found(0.000_01));
}

#[rstest]
#[case(Kpi::CompletionRate, 0.7, 0.5, true)]
#[case(Kpi::CompletionRate, 0.7, 0.9, false)]
#[case(Kpi::CostPerTransaction, 4.0, 6.0, true)]
#[case(Kpi::CostPerTransaction, 4.0, 2.5, false)]
#[case(Kpi::Transactions, 9000.0, 5000.0, true)]
fn every_kpi_is_judged_by_what_is_worse_for_it(
    #[case] kpi: Kpi,
    #[case] before: f64,
    #[case] after: f64,
    #[case] alerts: bool,
) {
    let values =
        (0..30).map(|index| (if index < 28 { before } else { after }) * (1.0 + 0.004 * f64::from(index % 3)));
    let history: Vec<Observation> = history(Cadence::Month, steady(10_000, 70, 30))
        .into_iter()
        .zip(values)
        .map(|(mut observation, value)| {
            let Reading::Settled(sample) = &mut observation.reading else { panic!() };
            sample.value = Decimal::try_from(value).unwrap();
            sample.channels.clear();
            sample.digital.clear();
            if kpi == Kpi::Transactions {
                sample.base = None;
            }
            observation
        })
        .collect();
    let found = judge(kpi, Cadence::Month, &history, &Holidays::default(), &AlertSettings::default());
    assert_eq!(!found.episodes.is_empty(), alerts, "{found:?}");
}

#[test]
fn the_outlook_says_what_would_be_an_alert_and_where_the_level_goes() {
    let outlook = judged(Cadence::Week, &history(Cadence::Week, steady(10_000, 70, 40))).outlook.unwrap();
    let near = |value: Decimal, percent: i64, by: i64| {
        (value - Decimal::new(percent, 2)).abs() < Decimal::new(by, 2)
    };
    assert!(near(outlook.forecast.unwrap(), 70, 1), "{outlook:?}");
    assert!(near(outlook.expected_lower, 65, 3), "{outlook:?}");
    let short = judged(Cadence::Week, &history(Cadence::Week, steady(10_000, 70, 3)));
    assert_eq!(short.outlook, None, "three weeks say too little");
}

/// Histories of weeks without order or reason.
fn any_counts() -> impl Strategy<Value = Vec<Counts>> {
    prop::collection::vec((0_u64..20_000, 0_u64..20_000), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn at_most_one_fall_lasts_and_episodes_do_not_overlap(counts in any_counts()) {
        let found = episodes(Cadence::Week, counts);
        let falls: Vec<&Episode> =
            found.iter().filter(|one| matches!(one.cause, Cause::Fall | Cause::LostData)).collect();
        prop_assert!(falls.iter().filter(|fall| fall.ended.is_none()).count() <= 1);
        for pair in falls.windows(2) {
            prop_assert!(pair[0].ended.unwrap().0 <= pair[1].told_by);
        }
        for episode in &found {
            prop_assert!(episode.began <= episode.told_by && episode.told_by <= episode.latest);
        }
    }

    #[test]
    fn what_is_told_of_the_past_does_not_depend_on_the_future(counts in any_counts(), seen in 0_usize..80) {
        let all = history(Cadence::Week, counts);
        let seen = seen.min(all.len());
        let last = all.get(seen.wrapping_sub(1)).map(|one| one.period);
        let told = |history: &[Observation]| -> Vec<_> {
            let found = judged(Cadence::Week, history).episodes;
            found.into_iter().filter(|it| Some(it.told_by) <= last).map(|it| (it.began, it.told_by)).collect()
        };
        prop_assert_eq!(told(&all[..seen]), told(&all));
    }

    #[test]
    fn ten_times_the_transactions_hide_no_fall(points in 8_u64..40) {
        let counts = |scale: u64| {
            let counts = then(40, steady(10_000, 70 - points, 2));
            counts.into_iter().map(move |(digital, paper)| (digital * scale, paper * scale))
        };
        for scale in [1, 10, 100] {
            prop_assert_eq!(episodes(Cadence::Week, counts(scale)).len(), 1);
        }
    }

    #[test]
    fn any_value_makes_a_judgement_and_the_same_one_as_it_grows(
        counts in any_counts(),
        correction in (0_u64..20_000, 0_u64..20_000),
        corrected in 0_usize..80,
    ) {
        let (holidays, settings) = (Holidays::default(), AlertSettings::default());
        for cadence in Cadence::ALL {
            let mut known = history(cadence, counts.clone());
            let mut judging = Judging::new(Kpi::DigitalTakeup, cadence, &holidays, &settings);
            for seen in 1..=known.len() {
                prop_assert_eq!(judging.judge(&known[..seen], seen - 1), judged(cadence, &known[..seen]));
            }
            if corrected < known.len() {
                let mut counts = counts.clone();
                counts[corrected] = correction;
                known = history(cadence, counts);
            }
            prop_assert_eq!(judging.judge(&known, corrected), judged(cadence, &known));
        }
    }
}
