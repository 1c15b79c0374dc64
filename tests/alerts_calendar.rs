//! The bank holidays that come with the program are those of the law: each standing one by its rule, each
//! moved or added day by its date.

#![allow(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use pp_collector::alerts::calendar::{Calendar, CalendarError, Nation};
use rstest::rstest;
use simulator::labelled::{bank_holidays, easter};

const YEARS: std::ops::RangeInclusive<i16> = 2012..=2028;

fn days(nation: Nation, year: i16) -> Vec<Date> {
    Calendar::compiled_in().of(nation).map(|(date, _)| date).filter(|date| date.year() == year).collect()
}

/// The day itself, or the next free weekday.
fn kept(day: Date, taken: &[Date]) -> Date {
    let is_free =
        |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !taken.contains(day);
    day.series(1.day()).find(is_free).unwrap()
}

fn first_monday(year: i16, month: i8) -> Date {
    date(year, month, 1).series(1.day()).find(|day| day.weekday() == Weekday::Monday).unwrap()
}

#[rstest]
#[case(2012, date(2012, 4, 8))]
#[case(2024, date(2024, 3, 31))]
#[case(2025, date(2025, 4, 20))]
#[case(2026, date(2026, 4, 5))]
#[case(2027, date(2027, 3, 28))]
fn easter_is_on_its_day(#[case] year: i16, #[case] expected: Date) {
    assert_eq!(easter(year), expected);
}

#[test]
fn england_and_wales_keep_their_holidays() {
    for year in YEARS {
        assert_eq!(days(Nation::EnglandAndWales, year), bank_holidays(year), "{year}");
    }
}

#[test]
fn northern_ireland_keeps_two_more() {
    for year in YEARS {
        let mut expected = bank_holidays(year);
        expected.extend([kept(date(year, 3, 17), &expected), kept(date(year, 7, 12), &expected)]);
        expected.sort_unstable();
        assert_eq!(days(Nation::NorthernIreland, year), expected, "{year}");
    }
}

#[test]
fn scotland_keeps_its_own() {
    for year in YEARS {
        let mut expected = bank_holidays(year);
        let summer = first_monday(year, 9).saturating_sub(7.days());
        expected.retain(|day| *day != easter(year).saturating_add(1.day()) && *day != summer);
        let new_year = kept(date(year, 1, 1), &[]);
        expected.push(kept(date(year, 1, 2), &[new_year]));
        expected.push(first_monday(year, 8));
        expected.push(kept(date(year, 11, 30), &[]));
        expected.extend((year == 2026).then_some(date(2026, 6, 15)));
        expected.sort_unstable();
        assert_eq!(days(Nation::Scotland, year), expected, "{year}");
    }
}

#[rstest]
#[case(date(2012, 6, 5), "Diamond Jubilee")]
#[case(date(2020, 5, 8), "VE day")]
#[case(date(2022, 6, 2), "Spring")]
#[case(date(2022, 6, 3), "Platinum Jubilee")]
#[case(date(2022, 9, 19), "State Funeral")]
#[case(date(2023, 5, 8), "coronation")]
fn days_that_were_moved_or_added_are_there_in_every_nation(#[case] day: Date, #[case] name: &str) {
    let calendar = Calendar::compiled_in();
    for nation in Nation::ALL {
        let (_, found) = calendar.of(nation).find(|(date, _)| *date == day).unwrap();
        assert!(found.contains(name), "{nation}: {found}");
    }
}

#[rstest]
#[case("2026-12-25", CalendarError::Malformed { line: 1, text: "2026-12-25".to_owned() })]
#[case("# a remark\n25.12.2026,Christmas", CalendarError::Malformed { line: 2, text: "25.12.2026,Christmas".to_owned() })]
#[case("2026-12-26,B\n2026-12-25,A", CalendarError::OutOfOrder { line: 2, date: date(2026, 12, 25) })]
#[case("date,name\n", CalendarError::Empty)]
fn a_file_that_is_no_calendar_is_refused(#[case] text: &str, #[case] expected: CalendarError) {
    let mut calendar = Calendar::compiled_in();
    assert_eq!(calendar.replace(Nation::Scotland, text), Err(expected));
    assert_eq!(calendar, Calendar::compiled_in(), "what was known stays");
}
