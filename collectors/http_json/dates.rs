//! The start of a period as sources write it in JSON.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use kpi::{Period, PeriodKind};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A way of writing the start of a period, or an instant within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DateFormat {
    /// `2026-11-16`
    Date,
    /// `20261116`
    Compact,
    /// `2026-11-16T00:00:00Z`, with a zone
    Instant,
    /// `2026-11-16T00:00:00`, in the collector's zone
    LocalTime,
    /// Seconds since 1970
    Epoch,
    /// Milliseconds since 1970
    EpochMillis,
    /// As `strptime` reads it
    Pattern(String),
}

/// Formats tried where none are configured. Numbers are not among them: 20261116 is also an epoch.
pub(super) const USUAL: [DateFormat; 3] = [DateFormat::Date, DateFormat::Instant, DateFormat::LocalTime];

/// What a text names before the kind of period is considered.
enum Named {
    Day(Date),
    Instant(Timestamp),
}

impl DateFormat {
    /// Reads a setting.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "date" => Ok(Self::Date),
            "compact" => Ok(Self::Compact),
            "instant" => Ok(Self::Instant),
            "local_time" => Ok(Self::LocalTime),
            "epoch" => Ok(Self::Epoch),
            "epoch_ms" => Ok(Self::EpochMillis),
            pattern
                if pattern.contains('%')
                    && jiff::fmt::strtime::format(pattern, &Zoned::default()).is_ok() =>
            {
                Ok(Self::Pattern(pattern.to_owned()))
            }
            other => Err(format!(
                "{other:?} is no way to write a period; use date, compact, instant, local_time, epoch, epoch_ms or a \
                 pattern such as %d/%m/%Y"
            )),
        }
    }

    fn read(&self, text: &str, zone: &TimeZone) -> Option<Named> {
        // A local time is refused where the clock shows it twice or never.
        let local = |time: DateTime| zone.to_ambiguous_timestamp(time).unambiguous().ok().map(Named::Instant);
        match self {
            Self::Date => Date::strptime("%Y-%m-%d", text).ok().map(Named::Day),
            Self::Compact if text.len() == 8 => Date::strptime("%Y%m%d", text).ok().map(Named::Day),
            Self::Compact => None,
            Self::Instant => text.parse().ok().map(Named::Instant),
            Self::LocalTime => text.contains(':').then(|| text.parse().ok()).flatten().and_then(local),
            Self::Epoch => Timestamp::from_second(whole(text)?).ok().map(Named::Instant),
            Self::EpochMillis => Timestamp::from_millisecond(whole(text)?).ok().map(Named::Instant),
            Self::Pattern(pattern) => {
                let mut parts = BrokenDownTime::parse(pattern, text).ok()?;
                if let Ok(instant) = parts.to_timestamp() {
                    return Some(Named::Instant(instant));
                }
                if parts.hour().is_some() {
                    return parts.to_datetime().ok().and_then(local);
                }
                if parts.day().is_none() && parts.to_date().is_err() {
                    parts.set_day(Some(1)).ok()?;
                }
                parts.to_date().ok().map(Named::Day)
            }
        }
    }
}

/// A number of seconds, of which a fraction does not matter.
fn whole(text: &str) -> Option<i64> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()?.floor().to_i64()
}

/// The period a text names. A date is its first day; an instant may be anywhere in it.
pub(super) fn period(
    formats: &[DateFormat],
    text: &str,
    kind: PeriodKind,
    zone: &TimeZone,
) -> Result<Period, String> {
    let text = text.trim();
    let named = formats.iter().find_map(|format| format.read(text, zone));
    let period = match named {
        None => {
            return Err("expected the start of a period in one of the ways `period_formats` lists".to_owned());
        }
        Some(Named::Day(day)) => Period::starting(kind, day),
        Some(Named::Instant(instant)) if kind == PeriodKind::Hour => Period::hour_containing(instant),
        Some(Named::Instant(instant)) => Period::containing(kind, instant.to_zoned(zone.clone()).date()),
    };
    period.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("date", "2026-07-01", "2026-07-01")]
    #[case("compact", "20260701", "2026-07-01")]
    #[case("instant", "2026-06-30T23:30:00Z", "2026-07-01")]
    #[case("local_time", "2026-07-01T00:10:00", "2026-07-01")]
    #[case("epoch", "1782860400", "2026-07-01")]
    #[case("epoch", "1782860400.75", "2026-07-01")]
    #[case("epoch_ms", "1782860399999", "2026-06-30")]
    #[case("%d/%m/%Y", "01/07/2026", "2026-07-01")]
    #[case("%Y-%m", "2026-07", "2026-07-01")]
    #[case("%d %b %Y %H:%M", "30 Jun 2026 23:59", "2026-06-30")]
    fn a_start_is_read(#[case] format: &str, #[case] text: &str, #[case] start: &str) {
        let formats = [DateFormat::parse(format).unwrap()];
        let found = period(&formats, text, PeriodKind::Day, &kpi::period::london()).unwrap();
        assert_eq!(found.start_text(), start);
    }

    #[test]
    fn a_time_the_clock_shows_twice_is_refused() {
        let zone = kpi::period::london();
        let formats = [DateFormat::LocalTime];
        assert!(period(&formats, "2026-10-25T01:30:00", PeriodKind::Hour, &zone).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", index in 0..7_usize) {
            let words = ["date", "compact", "instant", "local_time", "epoch", "epoch_ms", "%d/%m/%y %H"];
            let formats = [DateFormat::parse(words[index]).unwrap()];
            for kind in PeriodKind::ALL {
                let _ = period(&formats, &text, kind, &TimeZone::UTC);
            }
        }
    }
}
