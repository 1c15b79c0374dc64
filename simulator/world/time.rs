//! Hours and days of the world.

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The clock of the world. Nothing in this crate asks the machine what time it is.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A clock that stands still at `instant`.
pub fn frozen(instant: Timestamp) -> Now {
    Arc::new(move || instant)
}

/// Hours since 1970-01-01T00Z: the grain at which the world happens.
pub type Hour = i64;

const HOUR: i64 = 3600;

/// The hours that begin in `[from, to)`, counted in seconds since 1970.
pub(crate) fn hours_between(from: i64, to: i64) -> Range<Hour> {
    ceiling(from)..ceiling(to)
}

fn ceiling(second: i64) -> Hour {
    second.div_euclid(HOUR) + i64::from(second.rem_euclid(HOUR) > 0)
}

/// The first second of a local day.
pub(crate) fn midnight(date: Date, zone: &TimeZone) -> i64 {
    zone.to_ambiguous_zoned(DateTime::from(date))
        .compatible()
        .map_or(0, |zoned| zoned.timestamp().as_second())
}

/// The hours of the days from `first` to `last`: 23 or 25 a day when the clock changes.
pub(crate) fn hours_of(first: Date, last: Date, zone: &TimeZone) -> Range<Hour> {
    hours_between(midnight(first, zone), midnight(last.saturating_add(1.day()), zone))
}

/// When an hour begins, on the clocks of a zone.
pub(crate) fn local(hour: Hour, zone: &TimeZone) -> DateTime {
    Timestamp::from_second(hour * HOUR).map_or(DateTime::MIN, |instant| zone.to_datetime(instant))
}

/// Seconds from the end of an hour to `now`.
pub(crate) fn age(hour: Hour, now: Timestamp) -> i64 {
    now.as_second() - (hour + 1) * HOUR
}

/// The day it is in a zone.
pub(crate) fn today(now: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(now).date()
}

/// The days from `first` to `last`.
pub(crate) fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |date| *date <= last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_of_a_clock_change_has_23_or_25_hours() {
        let london = kpi::period::london();
        let length = |date| hours_of(date, date, &london).count();
        assert_eq!(length(date(2026, 3, 29)), 23);
        assert_eq!(length(date(2026, 10, 25)), 25);
        assert_eq!(length(date(2026, 11, 16)), 24);
    }
}
