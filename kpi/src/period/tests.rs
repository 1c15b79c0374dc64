use jiff::civil::date;
use proptest::prelude::*;
use rstest::rstest;

use super::*;

#[rstest]
#[case::spring_forward(date(2026, 3, 29), 23)]
#[case::fall_back(date(2026, 10, 25), 25)]
#[case::ordinary(date(2026, 6, 1), 24)]
fn a_london_day_has_the_hours_the_clock_gives_it(#[case] day: Date, #[case] hours: usize) {
    let day = Period::starting(PeriodKind::Day, day).unwrap();
    assert_eq!(day.parts(PeriodKind::Hour, &london()).unwrap().len(), hours);
}

#[rstest]
#[case(PeriodKind::Week, date(2026, 12, 31), date(2026, 12, 28), date(2027, 1, 4))] // ISO week 53
#[case(PeriodKind::Quarter, date(2016, 8, 9), date(2016, 7, 1), date(2016, 10, 1))]
#[case(PeriodKind::FinancialYear, date(2026, 3, 31), date(2025, 4, 1), date(2026, 4, 1))]
#[case(PeriodKind::FinancialYear, date(2026, 4, 1), date(2026, 4, 1), date(2027, 4, 1))]
#[case(PeriodKind::YearTo, date(2016, 2, 29), date(2016, 2, 1), date(2017, 2, 1))]
#[case(PeriodKind::Month, date(2024, 2, 29), date(2024, 2, 1), date(2024, 3, 1))]
fn a_period_contains_its_dates(
    #[case] kind: PeriodKind,
    #[case] inside: Date,
    #[case] start: Date,
    #[case] end: Date,
) {
    let period = Period::containing(kind, inside).unwrap();
    assert_eq!((period.start_date(), period.end_date()), (start, end));
    assert_eq!(Period::ending(kind, end).unwrap(), period);
}

#[test]
fn a_year_to_that_is_not_aligned_is_made_of_months_only() {
    let rolling = Period::starting(PeriodKind::YearTo, date(2016, 2, 1)).unwrap();
    assert_eq!(rolling.parts(PeriodKind::Quarter, &london()), None);
    assert_eq!(rolling.parts(PeriodKind::Month, &london()).unwrap().len(), 12);
    assert_eq!(rolling.to_string(), "year to January 2017");
}

#[test]
fn a_date_inside_a_period_does_not_name_it() {
    let error = Period::starting(PeriodKind::Week, date(2026, 11, 25)).unwrap_err();
    assert_eq!(error.to_string(), "no week starts on 2026-11-25; the week it falls in starts on 2026-11-23");
}

fn any_date() -> impl Strategy<Value = Date> {
    (1901..2199_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| date(year, month, day))
}

fn dated_kind() -> impl Strategy<Value = PeriodKind> {
    proptest::sample::select(&PeriodKind::ALL[1..])
}

proptest! {
    #[test]
    fn a_period_survives_storage_text_and_its_neighbours(kind in dated_kind(), day in any_date()) {
        let period = Period::containing(kind, day).unwrap();
        prop_assert!(period.start_date() <= day && day < period.end_date());
        prop_assert_eq!(Period::from_index(kind, period.index()).unwrap(), period);
        prop_assert_eq!(Period::from_start_text(kind, &period.start_text()).unwrap(), period);
        prop_assert_eq!(period.next().previous(), period);
        prop_assert_eq!(Period::ending(kind, period.end_date()).unwrap(), period);
    }

    #[test]
    fn parts_tile_the_whole(kind in dated_kind(), day in any_date()) {
        let period = Period::containing(kind, day).unwrap();
        let zone = london();
        for part_kind in PeriodKind::ALL {
            let Some(parts) = period.parts(part_kind, &zone) else { continue };
            prop_assert_eq!(parts.first().unwrap().span(&zone).start, period.span(&zone).start);
            prop_assert_eq!(parts.last().unwrap().span(&zone).end, period.span(&zone).end);
            for pair in parts.windows(2) {
                prop_assert_eq!(pair[0].span(&zone).end, pair[1].span(&zone).start);
            }
        }
    }

    #[test]
    fn an_hour_survives_storage_and_text(index in -600_000..2_000_000_i32) {
        let hour = Period::from_index(PeriodKind::Hour, index).unwrap();
        prop_assert_eq!(Period::from_start_text(PeriodKind::Hour, &hour.start_text()).unwrap(), hour);
    }
}
