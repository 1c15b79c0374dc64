//! What an answer holds, the same for every database, and what its cells say.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use kpi::{Period, PeriodKind, Value};
use rust_decimal::Decimal;

use crate::words::shown;

/// Rows of an answer under the names of its columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// How far a replica has come; `None` where the server that is written to answers.
    pub(super) replica: Option<Replica>,
}

/// A copy of a database that follows it, later by some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Replica {
    /// When the newest transaction it has followed was committed; `None` where it cannot say.
    pub(super) follows_until: Option<Timestamp>,
}

impl Table {
    /// Up to when the answer can hold everything, at `now`.
    pub(super) fn complete_until(&self, now: Timestamp) -> Timestamp {
        let replica = self.replica.map(|replica| replica.follows_until.unwrap_or(Timestamp::MIN));
        replica.map_or(now, |until| until.min(now))
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Number(Decimal),
    Text(String),
    Date(Date),
    /// A date and time on the clocks of nowhere in particular.
    DateTime(DateTime),
    Instant(Timestamp),
    /// Something no figure is made of, and what to do about it.
    Unreadable(String),
}

/// Longer texts are no names, dates or numbers, and are not kept.
const LONGEST_TEXT_BYTES: usize = 1000;

impl Cell {
    /// A text, unless it is too long to be any part of a figure.
    pub(super) fn text(text: &str) -> Self {
        if text.len() > LONGEST_TEXT_BYTES {
            return Self::Unreadable(format!(
                "a text of {} bytes; select a name, date or number",
                text.len()
            ));
        }
        Self::Text(text.to_owned())
    }

    /// A binary fraction by its shortest decimal text, which is the number as people wrote it for up to
    /// 15 digits.
    pub(super) fn float(number: f64) -> Self {
        if !number.is_finite() {
            return Self::Unreadable(format!(
                "{number}, which is no number; leave such rows out in the query"
            ));
        }
        Decimal::from_str_exact(&number.to_string()).map_or_else(
            |_| {
                Self::Unreadable(format!(
                    "{number:e}, which has too many digits; cast it to numeric and round it"
                ))
            },
            Self::Number,
        )
    }

    /// The cell as a word; `None` where it is empty.
    pub(super) fn word(&self) -> Result<Option<&str>, String> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            other => Err(other.said("a text")),
        }
    }

    /// The cell as a figure. Empty is not provided, and never zero.
    pub(super) fn value(&self) -> Result<Value, String> {
        match self {
            Self::Null => Ok(Value::NotProvided),
            Self::Number(number) => Ok(Value::Known(*number)),
            Self::Text(text) => Decimal::from_str_exact(text.trim())
                .map(Value::Known)
                .map_err(|_| format!("{:?} is not a number; cast it in the query", shown(text))),
            other => Err(other.said("a number")),
        }
    }

    /// The period of a kind that begins with this cell.
    pub(super) fn period(&self, kind: PeriodKind, zone: &TimeZone) -> Result<Period, String> {
        let zoned = match self {
            Self::Date(date) if kind != PeriodKind::Hour => return starting(kind, *date),
            Self::Text(text) => return text_period(text.trim(), kind, zone),
            Self::DateTime(time) => at_clock_time(*time, zone)?,
            Self::Instant(instant) => instant.to_zoned(zone.clone()),
            other => return Err(other.said("the start of a period")),
        };
        begins_with(kind, &zoned)
    }

    fn said(&self, wanted: &str) -> String {
        match self {
            Self::Null => format!("is empty where {wanted} is needed"),
            Self::Number(number) => format!("is the number {number} where {wanted} is needed"),
            Self::Text(text) => format!("is {:?} where {wanted} is needed", shown(text)),
            Self::Date(date) => format!("is the date {date} where {wanted} is needed"),
            Self::DateTime(time) => format!("is the time {time} where {wanted} is needed"),
            Self::Instant(instant) => format!("is the instant {instant} where {wanted} is needed"),
            Self::Unreadable(why) => format!("is {why}"),
        }
    }
}

fn text_period(text: &str, kind: PeriodKind, zone: &TimeZone) -> Result<Period, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return begins_with(kind, &instant.to_zoned(zone.clone()));
    }
    let time: DateTime = text.parse().map_err(|_| {
        format!("{:?} is not a date such as 2026-04-01; cast it to one in the query", shown(text))
    })?;
    // A bare date is read as its midnight, which some zone may not have.
    if kind != PeriodKind::Hour && time.time() == Time::midnight() {
        return starting(kind, time.date());
    }
    begins_with(kind, &at_clock_time(time, zone)?)
}

/// A clock time is an instant only where the clocks show it once.
fn at_clock_time(time: DateTime, zone: &TimeZone) -> Result<Zoned, String> {
    zone.to_ambiguous_zoned(time)
        .unambiguous()
        .map_err(|_| format!("the clocks show {time} twice or not at all; select the instant as timestamptz"))
}

fn begins_with(kind: PeriodKind, zoned: &Zoned) -> Result<Period, String> {
    if kind == PeriodKind::Hour {
        let period = Period::hour_containing(zoned.timestamp()).map_err(|error| error.to_string())?;
        let begins = period.span(&TimeZone::UTC).start;
        return if begins == zoned.timestamp() {
            Ok(period)
        } else {
            Err(format!("no hour starts at {}; truncate it to the hour in the query", zoned.timestamp()))
        };
    }
    let midnight = zoned.start_of_day().map_err(|error| error.to_string())?;
    if midnight.timestamp() != zoned.timestamp() {
        return Err(format!(
            "{} is not midnight in {}; truncate it to the {kind} in that time zone in the query",
            zoned.datetime(),
            zoned.time_zone().iana_name().unwrap_or("the time zone")
        ));
    }
    starting(kind, zoned.date())
}

fn starting(kind: PeriodKind, date: Date) -> Result<Period, String> {
    Period::starting(kind, date).map_err(|error| error.to_string())
}
