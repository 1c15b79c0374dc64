//! Downtime leaves no hole, late data is asked for again, and a backfill never disturbs the forward
//! cursor: whatever the kind of period, the size of a window and the moments runs happen at.
#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the verdict")]

use std::collections::BTreeSet;

use collectors::{PeriodSpan, Reading, Window};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use kpi::period::london;
use kpi::{Period, PeriodKind};
use pp_collector::plan::{Backfill, BackfillError, Due, Plan, Situation, Why, cursor_after, plan};
use proptest::prelude::*;
use rstest::rstest;

fn windows(period_kind: PeriodKind, largest: u32, look_back: u32) -> Reading {
    Reading::Windows { period_kind, largest, settles_after: SignedDuration::ZERO, look_back }
}

fn day(text: &str) -> Period {
    Period::starting(PeriodKind::Day, text.parse().unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

struct Case {
    reading: Reading,
    cursor: Option<Period>,
    start: Option<Date>,
    now: Timestamp,
    backfill: Option<Backfill>,
    most_windows: usize,
}

impl Case {
    fn of(reading: Reading, now: &str) -> Self {
        Self { reading, cursor: None, start: None, now: at(now), backfill: None, most_windows: 100 }
    }

    fn plan(&self) -> Plan {
        plan(&Situation {
            reading: &self.reading,
            cursor: self.cursor,
            start: self.start,
            look_back: None,
            now: self.now,
            zone: &london(),
            backfill: self.backfill.as_ref(),
            most_windows: self.most_windows,
        })
    }

    fn shown(&self) -> Vec<String> {
        let show = |due: &Due| match due.window {
            Window::Everything => format!("everything {}", due.why.as_str()),
            Window::Span(PeriodSpan { first, last }) => {
                format!("{}..{} {}", first.start_date(), last.start_date(), due.why.as_str())
            }
        };
        self.plan().due.iter().map(show).collect()
    }
}

#[test]
fn the_day_that_has_just_ended_is_due_and_today_is_not() {
    let yesterday = Case {
        cursor: Some(day("2026-11-20")),
        ..Case::of(windows(PeriodKind::Day, 7, 0), "2026-11-22T06:00Z")
    };
    assert_eq!(yesterday.shown(), ["2026-11-21..2026-11-21 schedule"]);
}

#[rstest]
#[case::a_second_before_midnight_in_summer("2026-06-30T22:59:59Z", "2026-06-29")]
#[case::midnight_in_london_is_eleven_in_utc("2026-06-30T23:00:00Z", "2026-06-30")]
fn a_day_ends_at_midnight_in_london(#[case] now: &str, #[case] newest: &str) {
    assert_eq!(
        Case::of(windows(PeriodKind::Day, 7, 0), now).shown(),
        [format!("{newest}..{newest} schedule")]
    );
}

#[test]
fn look_back_and_new_periods_are_asked_for_together() {
    let case = Case {
        cursor: Some(day("2026-11-20")),
        ..Case::of(windows(PeriodKind::Day, 7, 3), "2026-11-22T06:00Z")
    };
    assert_eq!(case.shown(), ["2026-11-18..2026-11-21 schedule"]);
}

#[test]
fn downtime_is_caught_up_oldest_first_in_windows_no_larger_than_the_source_allows() {
    let case = Case {
        cursor: Some(day("2026-11-01")),
        ..Case::of(windows(PeriodKind::Day, 7, 2), "2026-11-22T06:00Z")
    };
    assert_eq!(
        case.shown(),
        [
            "2026-10-31..2026-11-06 catch_up",
            "2026-11-07..2026-11-13 catch_up",
            "2026-11-14..2026-11-20 catch_up",
            "2026-11-21..2026-11-21 schedule",
        ]
    );
    let capped = Case { most_windows: 2, ..case };
    assert_eq!(capped.shown().len(), 2);
    assert!(capped.plan().more_due);
}

#[test]
fn a_first_run_begins_on_the_start_date_and_without_one_with_the_look_back() {
    let fresh = Case::of(windows(PeriodKind::Day, 30, 2), "2026-11-22T06:00Z");
    assert_eq!(fresh.shown(), ["2026-11-19..2026-11-21 schedule"]);
    let dated = Case { start: Some(date(2026, 11, 1)), ..fresh };
    assert_eq!(dated.shown(), ["2026-11-01..2026-11-21 schedule"]);
    let early = Case { cursor: Some(day("2026-11-01")), ..dated };
    assert_eq!(early.shown(), ["2026-11-01..2026-11-21 schedule"], "look-back stops at the start date");
}

#[test]
fn a_cap_smaller_than_the_look_back_still_reaches_the_new_periods() {
    let case = Case {
        cursor: Some(day("2026-11-20")),
        most_windows: 1,
        ..Case::of(windows(PeriodKind::Day, 2, 5), "2026-11-22T06:00Z")
    };
    assert_eq!(
        case.shown(),
        [
            "2026-11-16..2026-11-17 look_back",
            "2026-11-18..2026-11-19 look_back",
            "2026-11-20..2026-11-21 schedule"
        ]
    );
    assert!(!case.plan().more_due);
}

#[test]
fn a_source_read_whole_has_one_window() {
    let case = Case { cursor: Some(day("2026-11-01")), ..Case::of(Reading::Whole, "2026-11-22T06:00Z") };
    assert_eq!(case.shown(), ["everything schedule"]);
}

#[rstest]
#[case::weeks(PeriodKind::Week, "2026-11-22T06:00Z", "2026-11-09")]
#[case::months(PeriodKind::Month, "2026-11-22T06:00Z", "2026-10-01")]
#[case::quarters(PeriodKind::Quarter, "2026-11-22T06:00Z", "2026-07-01")]
#[case::financial_years(PeriodKind::FinancialYear, "2026-11-22T06:00Z", "2025-04-01")]
#[case::rolling_years(PeriodKind::YearTo, "2026-11-22T06:00Z", "2025-11-01")]
#[case::hours(PeriodKind::Hour, "2026-11-22T06:30Z", "2026-11-22")]
fn only_periods_that_have_ended_are_due(
    #[case] kind: PeriodKind,
    #[case] now: &str,
    #[case] first_day: &str,
) {
    assert_eq!(Case::of(windows(kind, 9, 0), now).shown(), [format!("{first_day}..{first_day} schedule")]);
}

#[test]
fn a_cursor_of_another_kind_of_period_is_no_cursor() {
    let case = Case {
        cursor: Some(day("2026-11-20")),
        start: Some(date(2026, 8, 1)),
        ..Case::of(windows(PeriodKind::Month, 12, 0), "2026-11-22T06:00Z")
    };
    assert_eq!(case.shown(), ["2026-08-01..2026-10-01 schedule"]);
}

#[test]
fn a_backfill_comes_after_the_new_periods_and_ends_where_they_begin() {
    let reading = windows(PeriodKind::Day, 7, 1);
    let backfill = Backfill::of_days(&reading, date(2026, 11, 1), date(2026, 11, 30), &london()).unwrap();
    let case = Case {
        cursor: Some(day("2026-11-20")),
        backfill: Some(backfill),
        ..Case::of(reading, "2026-11-22T06:00Z")
    };
    assert_eq!(
        case.shown(),
        [
            "2026-11-20..2026-11-21 schedule",
            "2026-11-01..2026-11-07 backfill",
            "2026-11-08..2026-11-14 backfill",
            "2026-11-15..2026-11-19 backfill",
        ]
    );
    let due = case.plan().due;
    assert_eq!(cursor_after(case.cursor, &due[1]), case.cursor);
    let resumed = due.iter().take(2).fold(backfill, Backfill::after);
    assert_eq!(resumed.next, day("2026-11-08"));
    assert_eq!(resumed.progress(), (7, 30));
}

#[test]
fn a_backfill_of_hours_covers_the_whole_of_both_days() {
    let reading = windows(PeriodKind::Hour, 24, 0);
    let backfill = Backfill::of_days(&reading, date(2027, 3, 28), date(2027, 3, 28), &london()).unwrap();
    assert_eq!(backfill.progress(), (0, 23), "the day the clocks go forward");
}

#[test]
fn a_backfill_that_cannot_be_is_refused_in_words() {
    let days = windows(PeriodKind::Day, 1, 0);
    let backwards = Backfill::of_days(&days, date(2026, 2, 2), date(2026, 2, 1), &london()).unwrap_err();
    assert_eq!(
        backwards.to_string(),
        "a backfill from 2026-02-02 to 2026-02-01 runs backwards; give the earlier day first"
    );
    let whole = Backfill::of_days(&Reading::Whole, date(2026, 2, 1), date(2026, 2, 1), &london());
    assert_eq!(whole, Err(BackfillError::ReadWhole));
    let long_ago = Backfill::of_days(&days, date(1066, 2, 1), date(2026, 2, 1), &london()).unwrap_err();
    assert!(long_ago.to_string().contains("outside the years 1900 to 2199"));
}

#[test]
fn a_window_that_leaves_a_hole_does_not_move_the_cursor() {
    let due = |first, last, why| Due {
        window: Window::Span(PeriodSpan { first: day(first), last: day(last) }),
        why,
    };
    let cursor = Some(day("2026-11-10"));
    let beyond = due("2026-11-12", "2026-11-13", Why::CatchUp);
    assert_eq!(cursor_after(cursor, &beyond), cursor);
    let next = due("2026-11-11", "2026-11-13", Why::CatchUp);
    assert_eq!(cursor_after(cursor, &next), Some(day("2026-11-13")));
    let behind = due("2026-11-08", "2026-11-09", Why::LookBack);
    assert_eq!(cursor_after(cursor, &behind), cursor);
}

fn any_kind() -> impl Strategy<Value = PeriodKind> {
    prop::sample::select(PeriodKind::ALL.to_vec())
}

prop_compose! {
    fn any_reading()(kind in any_kind(), largest in 1_u32..40, look_back in 0_u32..12) -> Reading {
        windows(kind, largest, look_back)
    }
}

fn period_kind(reading: &Reading) -> PeriodKind {
    match reading {
        Reading::Windows { period_kind, .. } => *period_kind,
        Reading::Whole => unreachable!("no property is about sources read whole"),
    }
}

fn periods_of(due: &Due) -> Vec<Period> {
    let Window::Span(span) = due.window else { return Vec::new() };
    std::iter::successors(Some(span.first), |period| Some(period.next()))
        .take_while(|period| *period <= span.last)
        .collect()
}

proptest! {
    /// Runs at any moments, some of which fail half way, ask for every period in the end.
    #[test]
    fn downtime_of_any_length_leaves_no_hole(
        reading in any_reading(),
        pauses_hours in prop::collection::vec(1_i64..2000, 1..8),
        stored_per_run in prop::collection::vec(0_usize..6, 8),
        most_windows in 1_usize..5,
    ) {
        let start = date(2026, 1, 1);
        let mut case = Case { start: Some(start), most_windows, ..Case::of(reading, "2026-03-01T00:00Z") };
        let mut stored = BTreeSet::new();
        for (pause, survives) in pauses_hours.iter().zip(stored_per_run) {
            case.now += pause.hours();
            for due in case.plan().due.iter().take(survives) {
                stored.extend(periods_of(due));
                case.cursor = cursor_after(case.cursor, due);
            }
        }
        // At last nothing fails any more.
        loop {
            let plan = case.plan();
            for due in &plan.due {
                stored.extend(periods_of(due));
                case.cursor = cursor_after(case.cursor, due);
            }
            if !plan.more_due { break }
        }
        let (Some(&first), Some(&last)) = (stored.first(), stored.last()) else { return Ok(()) };
        prop_assert!(first.start_date() <= start || first.kind() == PeriodKind::Hour);
        let mut period = first;
        while period <= last {
            prop_assert!(stored.contains(&period), "{period:?} was never asked for");
            period = period.next();
        }
        prop_assert!(last.span(&london()).end <= case.now);
        prop_assert!(last.next().span(&london()).end > case.now);

        let again = case.plan();
        prop_assert!(!again.more_due);
        prop_assert!(again.due.iter().all(|due| due.why == Why::LookBack));
    }

    #[test]
    fn windows_never_overlap_and_are_never_larger_than_the_source_allows(
        reading in any_reading(),
        since_cursor_hours in 1_i64..9000,
        from_days in 0_i32..700,
        length_days in 0_i32..700,
        most_windows in 1_usize..50,
    ) {
        let Reading::Windows { largest, .. } = reading else { unreachable!() };
        let now = at("2026-11-22T06:00Z");
        let kind = period_kind(&reading);
        let cursor = pp_collector::plan::windows::newest_closed(kind, now - since_cursor_hours.hours(), &london());
        let from = date(2025, 1, 1).saturating_add(from_days.days());
        let backfill = Backfill::of_days(&reading, from, from.saturating_add(length_days.days()), &london()).unwrap();
        let case = Case { cursor, backfill: Some(backfill), most_windows, ..Case::of(reading, "2026-11-22T06:00Z") };

        let mut seen = BTreeSet::new();
        let mut progress = backfill;
        for due in case.plan().due {
            let periods = periods_of(&due);
            prop_assert!(!periods.is_empty() && periods.len() <= usize::try_from(largest).unwrap());
            for period in periods {
                prop_assert!(seen.insert(period), "{period:?} is asked for twice");
            }
            if due.why == Why::Backfill {
                prop_assert_eq!(cursor_after(cursor, &due), cursor);
                progress = progress.after(&due);
            }
        }
        prop_assert!(progress.next >= backfill.next);
    }
}
