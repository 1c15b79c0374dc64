//! A schedule runs when a person reading the clock on the wall expects it to, the two days of the
//! year on which the clocks change included.
#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the verdict")]

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pp_collector::plan::Schedule;
use proptest::prelude::*;
use rstest::rstest;

fn schedule(text: &str, zone: &str) -> Schedule {
    Schedule::parse(text, TimeZone::get(zone).unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next runs, as `day hour:minute` in the zone with its offset.
fn runs(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let mut last = at(after);
    let mut shown = Vec::new();
    while shown.len() < count {
        let Some(next) = schedule.next_after(last) else { break };
        shown.push(next.to_zoned(schedule.zone().clone()).strftime("%d %H:%M%:z").to_string());
        last = next;
    }
    shown
}

// London 2027: 01:00 becomes 02:00 on 28 March, 02:00 becomes 01:00 on 31 October.

#[rstest]
#[case::at_its_beginning("0 1 * * *")]
#[case::in_the_middle("30 1 * * *")]
#[case::several_times_in_it("0,15,59 1 * * *")]
fn a_time_left_out_in_spring_runs_once_at_the_end_of_the_gap(#[case] text: &str) {
    let spring = runs(&schedule(text, "Europe/London"), "2027-03-28T00:00Z", 1);
    assert_eq!(spring, ["28 02:00+01:00"]);
    let same_day = runs(&schedule(text, "Europe/London"), "2027-03-28T01:00Z", 1);
    assert_eq!(same_day[0][..3], *"29 ");
}

#[rstest]
#[case::daily("30 1 * * *", &["30 01:30+01:00", "31 01:30+01:00", "01 01:30+00:00"])]
#[case::at_midnight("0 0 * * *", &["30 00:00+01:00", "31 00:00+01:00", "01 00:00+00:00"])]
#[case::during_some_hours("0,30 1-2 * * *", &[
    "30 01:00+01:00", "30 01:30+01:00", "30 02:00+01:00", "30 02:30+01:00",
    "31 01:00+01:00", "31 01:30+01:00", "31 02:00+00:00", "31 02:30+00:00",
])]
fn a_time_that_comes_twice_in_autumn_runs_the_first_time(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(runs(&schedule(text, "Europe/London"), "2027-10-29T22:00Z", expected.len()), expected);
}

#[rstest]
#[case::every_half_hour("*/30 * * * *", &[
    "31 00:30+01:00", "31 01:00+01:00", "31 01:30+01:00", "31 01:00+00:00", "31 01:30+00:00", "31 02:00+00:00",
])]
#[case::hourly("@hourly", &["31 01:00+01:00", "31 01:00+00:00", "31 02:00+00:00"])]
#[case::quarter_past("15 * * * *", &[
    "31 00:15+01:00", "31 01:15+01:00", "31 01:15+00:00", "31 02:15+00:00",
])]
fn frequent_runs_go_through_the_repeated_hour_twice_and_in_order(
    #[case] text: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(runs(&schedule(text, "Europe/London"), "2027-10-30T23:00Z", expected.len()), expected);
}

#[rstest]
#[case::every_half_hour("*/30 * * * *", &["28 00:30+00:00", "28 02:00+01:00", "28 02:30+01:00"])]
#[case::half_past("30 * * * *", &["28 00:30+00:00", "28 02:30+01:00", "28 03:30+01:00"])]
#[case::on_the_hour("0 * * * *", &["28 02:00+01:00", "28 03:00+01:00"])]
fn frequent_runs_lose_nothing_in_spring(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(runs(&schedule(text, "Europe/London"), "2027-03-28T00:00Z", expected.len()), expected);
}

#[rstest]
#[case::half_an_hour("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T12:00Z", "04 01:45+11:00")]
#[case::gap_of_half_an_hour("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00Z", "03 02:30+11:00")]
#[case::gap_at_midnight("30 0 * * *", "America/Santiago", "2027-09-04T12:00Z", "05 01:00-03:00")]
#[case::no_changes("30 1 * * *", "UTC", "2027-03-28T00:00Z", "28 01:30+00:00")]
fn other_zones_follow_the_same_rule(
    #[case] text: &str,
    #[case] zone: &str,
    #[case] after: &str,
    #[case] expected: &str,
) {
    assert_eq!(runs(&schedule(text, zone), after, 1), [expected]);
}

// 1 February 2027 is a Monday.
#[rstest]
#[case::sunday_as_0("0 6 * * 0", &["07", "14"])]
#[case::sunday_as_7("0 6 * * 7", &["07", "14"])]
#[case::sunday_by_name("0 6 * * sun", &["07", "14"])]
#[case::monday_as_1("0 6 * * 1", &["01", "08"])]
#[case::saturday_as_6("0 6 * * 6", &["06", "13"])]
#[case::working_days("0 6 * * 1-5", &["01", "02", "03", "04", "05", "08"])]
#[case::working_days_by_name("0 6 * * MON-Fri", &["01", "02", "03", "04", "05", "08"])]
#[case::range_to_7("0 6 * * 5-7", &["05", "06", "07", "12"])]
#[case::range_from_0("0 6 * * 0-1", &["01", "07", "08"])]
#[case::list("0 6 * * 1,3,7", &["01", "03", "07", "08"])]
#[case::step("0 6 * * */2", &["02", "04", "06", "07", "09"])]
#[case::open_step("0 6 * * 1/2", &["01", "03", "05", "08"])]
#[case::range_with_step("0 6 * * 1-5/2", &["01", "03", "05", "08"])]
#[case::both_days_must_hold("0 6 1-7 * MON", &["01", "01", "05"])]
#[case::no_day_of_month("0 6 ? * 2", &["02", "09"])]
fn weekdays_are_numbered_as_everywhere(#[case] text: &str, #[case] days: &[&str]) {
    let shown: Vec<String> = runs(&schedule(text, "Europe/London"), "2027-02-01T00:00Z", days.len())
        .into_iter()
        .map(|run| run[..2].to_owned())
        .collect();
    assert_eq!(shown, days);
}

#[rstest]
#[case::five("30 6 * * *", "2027-02-01T06:30:00Z")]
#[case::six("15 30 6 * * *", "2027-02-01T06:30:15Z")]
#[case::seven("15 30 6 * * * 2028", "2028-01-01T06:30:15Z")]
#[case::month_by_name("0 6 1 apr *", "2027-04-01T05:00:00Z")]
#[case::daily("@daily", "2027-02-02T00:00:00Z")]
#[case::weekly("@weekly", "2027-02-07T00:00:00Z")]
#[case::monthly("@monthly", "2027-03-01T00:00:00Z")]
#[case::yearly("@yearly", "2028-01-01T00:00:00Z")]
#[case::leap_day("0 0 29 2 *", "2028-02-29T00:00:00Z")]
#[case::spaces("  0   6 *  * * ", "2027-02-01T06:00:00Z")]
fn five_six_and_seven_fields_and_names_are_understood(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(schedule(text, "Europe/London").next_after(at("2027-02-01T00:00Z")), Some(at(expected)));
}

#[test]
fn years_that_are_over_hold_no_further_run() {
    assert_eq!(schedule("0 0 6 1 1 * 2020", "Europe/London").next_after(at("2027-02-01T00:00Z")), None);
}

#[rstest]
#[case("", "it has 0 fields; give 5 fields")]
#[case("0 6 * *", "it has 4 fields; give 5 fields")]
#[case("0 0 6 * * * 2027 x", "it has 8 fields; give 5 fields")]
#[case("@reboot", "there is no such name; give 5 fields")]
#[case("60 6 * * *", "the minute field has \"60\"; give *, a number from 0 to 59, a range")]
#[case("0 24 * * *", "the hour field has \"24\"; give *, a number from 0 to 23, a range")]
#[case("0 6 0 * *", "the day-of-month field has \"0\"; give *, a number from 1 to 31, a range")]
#[case(
    "0 6 * 13 *",
    "the month field has \"13\"; give *, a number from 1 to 12 or a name from jan to dec, a range"
)]
#[case(
    "0 6 * * 8",
    "the day-of-week field has \"8\"; give *, a number from 0 to 7 or a name from sun to sat, where 0 and 7 are Sunday"
)]
#[case("0 6 * * fri-mon", "the day-of-week field has the range \"fri-mon\", which runs backwards")]
#[case("*/0 * * * *", "the minute field has the step \"*/0\"; give a whole number above 0")]
#[case("0 0 6 * * * 1969", "the year field has \"1969\"")]
#[case("0 6 L * *", "the day-of-month field has \"L\"")]
#[case("? 6 * * *", "the minute field has \"?\"")]
#[case("0 6 31 2 *", "it names a date that never comes, such as 31 February")]
#[case("0 6 31 4,6,9,11 *", "it names a date that never comes")]
#[case("0 0 6 29 2 * 2027", "it names a date that never comes")]
fn a_refused_schedule_says_what_to_write(#[case] text: &str, #[case] problem: &str) {
    let error = Schedule::parse(text, TimeZone::UTC).unwrap_err();
    assert!(error.problem.starts_with(problem), "{}", error.problem);
    assert!(error.to_string().starts_with(&format!("{text:?} is not a schedule: ")));
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

#[rstest]
#[case::every_second("* * * * * *", 1)]
#[case::every_quarter_of_an_hour("*/15 * * * *", HOUR / 4)]
#[case::hourly("@hourly", HOUR)]
#[case::daily_and_an_hour_in_autumn("0 6 * * *", DAY + HOUR)]
#[case::office_hours("0 9-17 * * 1-5", 2 * DAY + 17 * HOUR)]
#[case::twice_around_the_fold("30 0,1,2 * * *", 22 * HOUR)]
#[case::weekly("0 6 * * 1", 7 * DAY + HOUR)]
#[case::monthly("0 6 1 * *", 31 * DAY + HOUR)]
#[case::leap_days("0 6 29 2 *", 1461 * DAY)]
fn the_longest_gap_counts_weekends_months_and_changes_of_the_clocks(
    #[case] text: &str,
    #[case] seconds: u64,
) {
    assert_eq!(schedule(text, "Europe/London").longest_gap(), Duration::from_secs(seconds));
}

#[test]
fn a_schedule_that_runs_once_has_no_end_to_its_gap() {
    assert_eq!(schedule("0 0 6 1 1 * 2020", "Europe/London").longest_gap(), Duration::MAX);
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let minutes = prop::sample::select(vec!["0", "30", "*/10", "5,59", "*"]);
    let hours = prop::sample::select(vec!["*", "0", "1", "2", "*/2", "0-3", "9-17"]);
    let dates = prop::sample::select(vec!["* * *", "* * 0", "* * 1-5", "1 * *", "28-31 3,10 *", "1-7 * 7"]);
    let zones = prop::sample::select(vec!["Europe/London", "Australia/Lord_Howe", "America/Santiago", "UTC"]);
    (minutes, hours, dates, zones)
        .prop_map(|(minutes, hours, dates, zone)| schedule(&format!("{minutes} {hours} {dates}"), zone))
}

/// The end of the two years that the longest gap is looked for in.
const LOOKED_AHEAD_TO: &str = "2026-01-01T00:00Z";

/// Any instant of 2024 and 2025, and more often one near a change of the clocks in London.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let near = |text: &str| at(text).as_second();
    let spring = near("2025-03-30T01:00Z");
    let autumn = near("2025-10-26T01:00Z");
    prop_oneof![
        near("2024-01-01T00:00Z")..near(LOOKED_AHEAD_TO),
        (spring - 9000)..(spring + 9000),
        (autumn - 9000)..(autumn + 9000),
    ]
    .prop_map(|second| Timestamp::from_second(second).unwrap())
}

proptest! {
    #[test]
    fn runs_follow_each_other_and_none_is_skipped_by_asking_late(
        schedule in any_schedule(),
        from in any_instant(),
    ) {
        let gap = schedule.longest_gap();
        let first = schedule.next_after(from).unwrap();
        let mut last = first;
        prop_assert!(first > from);
        for _ in 0..60 {
            let next = schedule.next_after(last).unwrap();
            prop_assert!(next > last);
            prop_assert!(next > at(LOOKED_AHEAD_TO) || next.duration_since(last).unsigned_abs() <= gap);
            // Asking at any moment in between names the same run.
            let between = last + (next.duration_since(last) / 2);
            prop_assert_eq!(schedule.next_after(between), Some(next));
            last = next;
        }
    }
}
