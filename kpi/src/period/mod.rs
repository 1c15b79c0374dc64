//! Spans of time that figures cover: half-open, in the service's own time zone, each of one kind.

mod kind;
mod parts;
mod text;

pub use kind::{PeriodKind, UnknownPeriodKind};
pub use text::PeriodTextError;

use std::ops::Range;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// First year a period may start in.
pub const FIRST_YEAR: i16 = 1900;
/// Last year a period may start in.
pub const LAST_YEAR: i16 = 2199;

const SECONDS_PER_HOUR: i64 = 3600;

/// The zone of UK public services.
pub fn london() -> TimeZone {
    // The zone database is compiled in, so the lookup cannot miss; UTC keeps this total.
    TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)
}

/// A period: a kind and where it starts.
///
/// Invariant: the start is one at which a period of this kind begins (a week on a Monday, a
/// financial year on 1 April) and lies in [`FIRST_YEAR`]..=[`LAST_YEAR`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    kind: PeriodKind,
    /// Days since 1970-01-01 of the first local day; for an hour, hours since 1970-01-01T00Z.
    index: i32,
}

/// Why a period cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The date is inside such a period, not at its beginning.
    #[error("no {kind} starts on {date}; the {kind} it falls in starts on {start}")]
    NotAStart {
        /// Kind asked for.
        kind: PeriodKind,
        /// Date given.
        date: Date,
        /// Start of the period the date falls in.
        start: Date,
    },
    /// Outside the years periods may lie in.
    #[error("{0} is outside the years {FIRST_YEAR} to {LAST_YEAR}")]
    OutOfRange(String),
    /// An hour is named by an instant, not by a date.
    #[error("an hour cannot be named by the date {0}; give an instant such as 2026-03-29T01:00Z")]
    HourByDate(Date),
}

impl Period {
    /// The period of `kind` that starts on `date`.
    pub fn starting(kind: PeriodKind, date: Date) -> Result<Self, PeriodError> {
        let period = Self::containing(kind, date)?;
        if period.start_date() == date {
            Ok(period)
        } else {
            Err(PeriodError::NotAStart { kind, date, start: period.start_date() })
        }
    }

    /// The period of `kind` that `date` falls in. For `year_to`, the 12 months that end with the
    /// month of `date` are *not* meant: it is the one that starts in that month.
    pub fn containing(kind: PeriodKind, date: Date) -> Result<Self, PeriodError> {
        if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
            return Err(PeriodError::OutOfRange(date.to_string()));
        }
        let month = date.month();
        let start = match kind {
            PeriodKind::Hour => return Err(PeriodError::HourByDate(date)),
            PeriodKind::Day => date,
            PeriodKind::Week => {
                let back = date.weekday().since(Weekday::Monday);
                date.saturating_sub(i32::from(back).days())
            }
            PeriodKind::Month | PeriodKind::YearTo => date.first_of_month(),
            PeriodKind::Quarter => first_of(date, (month - 1) / 3 * 3 + 1, 0),
            PeriodKind::Year => first_of(date, 1, 0),
            PeriodKind::FinancialYear => first_of(date, 4, i16::from(month < 4)),
        };
        if start.year() < FIRST_YEAR {
            return Err(PeriodError::OutOfRange(date.to_string()));
        }
        Ok(Self { kind, index: days_since_epoch(start) })
    }

    /// The hour that `instant` falls in.
    pub fn hour_containing(instant: Timestamp) -> Result<Self, PeriodError> {
        let hours = instant.as_second().div_euclid(SECONDS_PER_HOUR);
        i32::try_from(hours)
            .ok()
            .and_then(|index| Self::from_index(PeriodKind::Hour, index).ok())
            .ok_or_else(|| PeriodError::OutOfRange(instant.to_string()))
    }

    /// The period with a stored [`index`](Self::index).
    pub fn from_index(kind: PeriodKind, index: i32) -> Result<Self, PeriodError> {
        if kind == PeriodKind::Hour {
            let date = date_from_days(index.div_euclid(24));
            return match date {
                Some(date) if (FIRST_YEAR..=LAST_YEAR).contains(&date.year()) => Ok(Self { kind, index }),
                _ => Err(PeriodError::OutOfRange(format!("hour {index}"))),
            };
        }
        let date = date_from_days(index).ok_or_else(|| PeriodError::OutOfRange(format!("day {index}")))?;
        Self::starting(kind, date)
    }

    /// A number that orders periods of one kind and, with the kind, names the period: days since
    /// 1970-01-01 of its first local day, or for an hour the hours since 1970-01-01T00Z.
    pub const fn index(self) -> i32 {
        self.index
    }

    /// Its kind.
    pub const fn kind(self) -> PeriodKind {
        self.kind
    }

    /// First local day; for an hour, its day in UTC.
    pub fn start_date(self) -> Date {
        let days = if self.kind == PeriodKind::Hour { self.index.div_euclid(24) } else { self.index };
        date_from_days(days).unwrap_or(Date::MIN)
    }

    /// The local day after the last one; for an hour, the day its end falls on in UTC.
    pub fn end_date(self) -> Date {
        let start = self.start_date();
        match self.kind {
            PeriodKind::Hour => date_from_days((self.index + 1).div_euclid(24)).unwrap_or(Date::MAX),
            PeriodKind::Day => start.saturating_add(1.day()),
            PeriodKind::Week => start.saturating_add(7.days()),
            PeriodKind::Month => start.saturating_add(1.month()),
            PeriodKind::Quarter => start.saturating_add(3.months()),
            PeriodKind::Year | PeriodKind::FinancialYear | PeriodKind::YearTo => {
                start.saturating_add(1.year())
            }
        }
    }

    /// The instants it runs from and to (exclusive) in a zone. A day lasts 23 or 25 hours where the
    /// clocks change.
    pub fn span(self, zone: &TimeZone) -> Range<Timestamp> {
        if self.kind == PeriodKind::Hour {
            let at = |hour: i32| {
                Timestamp::from_second(i64::from(hour) * SECONDS_PER_HOUR).unwrap_or(Timestamp::MAX)
            };
            return at(self.index)..at(self.index + 1);
        }
        let midnight =
            |date: Date| date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
        midnight(self.start_date())..midnight(self.end_date())
    }

    /// The period of the same kind that begins where this one ends; for `year_to`, one month later.
    #[must_use]
    pub fn next(self) -> Self {
        let index = match self.kind {
            PeriodKind::Hour => self.index + 1,
            PeriodKind::YearTo => days_since_epoch(self.start_date().saturating_add(1.month())),
            _ => days_since_epoch(self.end_date()),
        };
        Self { index, ..self }
    }

    /// The period of the same kind before this one; for `year_to`, one month earlier.
    #[must_use]
    pub fn previous(self) -> Self {
        let start = self.start_date();
        let index = match self.kind {
            PeriodKind::Hour | PeriodKind::Day => self.index - 1,
            PeriodKind::Week => self.index - 7,
            PeriodKind::Month | PeriodKind::YearTo => days_since_epoch(start.saturating_sub(1.month())),
            PeriodKind::Quarter => days_since_epoch(start.saturating_sub(3.months())),
            PeriodKind::Year | PeriodKind::FinancialYear => days_since_epoch(start.saturating_sub(1.year())),
        };
        Self { index, ..self }
    }

    /// The period of `kind` whose exclusive end is `date`, the way reports name it.
    pub fn ending(kind: PeriodKind, date: Date) -> Result<Self, PeriodError> {
        let start = match kind {
            PeriodKind::Hour => return Err(PeriodError::HourByDate(date)),
            PeriodKind::Day => date.saturating_sub(1.day()),
            PeriodKind::Week => date.saturating_sub(7.days()),
            PeriodKind::Month => date.saturating_sub(1.month()),
            PeriodKind::Quarter => date.saturating_sub(3.months()),
            PeriodKind::Year | PeriodKind::FinancialYear | PeriodKind::YearTo => {
                date.saturating_sub(1.year())
            }
        };
        Self::starting(kind, start)
    }
}

fn first_of(date: Date, month: i8, years_back: i16) -> Date {
    Date::new(date.year() - years_back, month, 1).unwrap_or(date)
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

fn days_since_epoch(date: Date) -> i32 {
    date.since((jiff::Unit::Day, EPOCH)).map_or(i32::MIN, |span| span.get_days())
}

fn date_from_days(days: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

#[cfg(test)]
mod tests;
