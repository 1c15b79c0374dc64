//! Bank holidays of England and Wales by rule.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// Easter Sunday of a year: the anonymous Gregorian algorithm.
pub fn easter(year: i16) -> Date {
    let year_number = i32::from(year);
    let (golden, century, of_century) = (year_number % 19, year_number / 100, year_number % 100);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - correction + 15) % 30;
    let to_sunday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * to_sunday) / 451;
    let number = epact + to_sunday - 7 * late + 114;
    let month = i8::try_from(number / 31).unwrap_or(4);
    let day = i8::try_from(number % 31 + 1).unwrap_or(1);
    Date::new(year, month, day).unwrap_or(date(year, 4, 1))
}

/// The bank holidays of England and Wales in a year: the standing ones by rule, substitute days for those
/// on a weekend, and the days moved or added since 2012.
pub fn bank_holidays(year: i16) -> Vec<Date> {
    let easter = easter(year);
    let mut days = vec![easter.saturating_sub(2.days()), easter.saturating_add(1.day())];
    let first_monday = |month: i8| nth_monday(date(year, month, 1));
    let last_monday = |month: i8| first_monday(month + 1).saturating_sub(7.days());
    days.push(if year == 2020 { date(2020, 5, 8) } else { first_monday(5) });
    match year {
        2012 => days.extend([date(2012, 6, 4), date(2012, 6, 5)]),
        2022 => days.extend([date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19)]),
        2023 => days.extend([date(2023, 5, 8), last_monday(5)]),
        _ => days.push(last_monday(5)),
    }
    days.push(last_monday(8));
    days.push(weekday_from(date(year, 1, 1), &[]));
    // Boxing Day keeps its own weekday where it has one, and Christmas gives way to it.
    let (christmas, boxing) = (date(year, 12, 25), date(year, 12, 26));
    let boxing_day = if is_weekend(boxing) { None } else { Some(boxing) };
    let christmas_day = weekday_from(christmas, boxing_day.as_slice());
    days.extend([christmas_day, boxing_day.unwrap_or_else(|| weekday_from(boxing, &[christmas_day]))]);
    days.sort_unstable();
    days
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn weekday_from(mut day: Date, taken: &[Date]) -> Date {
    while is_weekend(day) || taken.contains(&day) {
        day = day.saturating_add(1.day());
    }
    day
}

fn nth_monday(first_of_month: Date) -> Date {
    let ahead = (8 - first_of_month.weekday().to_monday_one_offset()) % 7;
    first_of_month.saturating_add(i32::from(ahead).days())
}
