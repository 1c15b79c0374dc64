//! A cron expression in a named time zone, right on the days the clocks change.

mod expression;
mod gap;

use std::time::Duration;

use chrono::{DateTime, Utc};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};

use expression::Expression;

/// When a collector runs.
///
/// The text has 5 fields (minute, hour, day of month, month, day of week), 6 (seconds first) or 7 (year
/// last), or is a name such as `@daily`. Days of the week are numbered as everywhere but in the crate
/// underneath: 0 and 7 are Sunday, 1 is Monday. Where both the day of the month and the day of the week
/// are given, a day must satisfy **both**: `0 6 1-7 * MON` is the first Monday of the month. (Vixie cron
/// would take either.)
///
/// Around a change of the clocks:
///
/// - An expression that names every hour goes by elapsed time: it runs in both passes of a repeated
///   hour, in order, and in no hour that is left out.
/// - Any other goes by the clock on the wall: a time that is left out runs once, at the end of the gap; a
///   time that comes twice runs the first time only.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    zone: TimeZone,
    expression: Expression,
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a schedule: {problem}")]
pub struct ScheduleError {
    /// The text given.
    pub text: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl Schedule {
    /// Reads a cron expression of 5, 6 or 7 fields, or a name such as `@daily`.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, ScheduleError> {
        match Expression::parse(text) {
            Ok(expression) => Ok(Self { text: text.to_owned(), zone, expression }),
            Err(problem) => Err(ScheduleError { text: text.to_owned(), problem }),
        }
    }

    /// The expression as given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone it runs in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first run after an instant; `None` where the years given are over.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        if self.expression.names_every_hour {
            self.next_by_elapsed_time(after)
        } else {
            self.next_by_wall(after)
        }
    }

    /// The longest interval between two runs, over two years or, where it runs more rarely, its first
    /// two runs; [`Duration::MAX`] where it runs only once.
    pub fn longest_gap(&self) -> Duration {
        gap::longest(self)
    }

    /// Every wall-clock time stands for one instant, and later times never for earlier instants, so
    /// the first time whose instant lies ahead is the next run.
    fn next_by_wall(&self, after: Timestamp) -> Option<Timestamp> {
        let mut wall = Wall::of(after, &self.zone);
        loop {
            wall = self.expression.next_after(wall)?;
            let instant = wall.first_instant(&self.zone)?;
            if instant > after {
                return Some(instant);
            }
        }
    }

    /// Between two changes of the clocks wall and elapsed time agree; at a change the search starts
    /// anew from what the wall then shows.
    fn next_by_elapsed_time(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = after;
        let mut wall = Wall::of(after, &self.zone);
        loop {
            let offset_seconds = i64::from(self.zone.to_offset(from).seconds());
            let next = self.expression.next_after(wall)?;
            let instant = Timestamp::from_second(next.0 - offset_seconds).ok()?;
            match self.zone.following(from).next() {
                Some(change) if change.timestamp() <= instant => {
                    from = change.timestamp();
                    // A run at the very change counts, so the search starts a second before it.
                    wall = Wall(Wall::of(from, &self.zone).0 - 1);
                }
                _ => return Some(instant),
            }
        }
    }
}

/// What a clock on the wall shows, in seconds since 1970-01-01T00:00:00 *on that clock*. Handed to the
/// cron crate dressed as UTC, whose every second exists once: its handling of zones loses runs in
/// gaps and puts folds out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wall(i64);

impl Wall {
    fn of(instant: Timestamp, zone: &TimeZone) -> Self {
        let floor = instant.as_nanosecond().div_euclid(1_000_000_000);
        let seconds = i64::try_from(floor).unwrap_or(i64::MAX);
        Self(seconds.saturating_add(i64::from(zone.to_offset(instant).seconds())))
    }

    fn from_utc(disguised: DateTime<Utc>) -> Self {
        Self(disguised.timestamp())
    }

    fn as_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.0, 0)
    }

    /// The first instant at which the wall shows this, or the end of the gap that leaves it out.
    fn first_instant(self, zone: &TimeZone) -> Option<Timestamp> {
        let shown: civil::DateTime = TimeZone::UTC.to_datetime(Timestamp::from_second(self.0).ok()?);
        let at = |offset: jiff::tz::Offset| Timestamp::from_second(self.0 - i64::from(offset.seconds())).ok();
        match zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset),
            AmbiguousOffset::Fold { before, .. } => at(before),
            // Read with the offset in force after it, a time in the gap lies before the change.
            AmbiguousOffset::Gap { after, .. } => {
                zone.following(at(after)?).next().map(|change| change.timestamp())
            }
        }
    }
}
