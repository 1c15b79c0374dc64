//! Hours in which a receiver is not told.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::alerts::Severity;

/// Whether a critical alert waits for the end of quiet hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum Critical {
    /// Like every other.
    #[default]
    Waits,
    /// It is told at once.
    Passes,
}

/// Hours of the day, and days, in which a receiver is not told. What is decided in them waits for their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    /// Quiet from this time of day on.
    pub from: Time,
    /// Until this time of day, of the next day where it is not after `from`.
    pub to: Time,
    /// Whether Saturday and Sunday are quiet all day.
    pub weekends: bool,
    /// The zone the hours are in.
    pub zone: TimeZone,
    /// Whether critical alerts wait too.
    pub critical: Critical,
}

/// More steps than any run of quiet hours and days takes.
const MOST_STEPS: usize = 16;

impl QuietHours {
    /// When something of this severity may be told: `now`, or the end of the quiet hours it is in.
    pub fn end(&self, severity: Severity, now: Timestamp) -> Timestamp {
        if severity == Severity::Critical && self.critical == Critical::Passes {
            return now;
        }
        let mut local = now.to_zoned(self.zone.clone());
        for _ in 0..MOST_STEPS {
            match self.step(&local) {
                Some(later) if later.timestamp() > local.timestamp() => local = later,
                _ => break,
            }
        }
        local.timestamp()
    }

    /// The end of the quiet hours, or quiet day, that an instant is in; `None` where it is in none.
    fn step(&self, local: &Zoned) -> Option<Zoned> {
        let at = |zoned: &Zoned, time: Time| zoned.date().to_datetime(time).to_zoned(self.zone.clone()).ok();
        let tomorrow = || local.checked_add(1.day()).ok();
        if self.weekends && matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return at(&tomorrow()?, Time::midnight());
        }
        let time = local.time();
        if self.from < self.to {
            return if self.from <= time && time < self.to { at(local, self.to) } else { None };
        }
        if time >= self.from {
            return at(&tomorrow()?, self.to);
        }
        if time < self.to { at(local, self.to) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn nights(critical: Critical) -> QuietHours {
        QuietHours {
            from: "18:00".parse().unwrap(),
            to: "09:00".parse().unwrap(),
            weekends: true,
            zone: kpi::period::london(),
            critical,
        }
    }

    #[rstest]
    #[case::in_the_day("2026-11-25T11:00:00Z", "2026-11-25T11:00:00Z")]
    #[case::evening("2026-11-25T18:00:00Z", "2026-11-26T09:00:00Z")]
    #[case::early("2026-11-25T03:00:00Z", "2026-11-25T09:00:00Z")]
    #[case::friday_evening("2026-11-27T19:00:00Z", "2026-11-30T09:00:00Z")]
    #[case::sunday_noon("2026-11-29T12:00:00Z", "2026-11-30T09:00:00Z")]
    #[case::the_clocks_go_forward_in_the_night("2026-03-27T20:00:00Z", "2026-03-30T08:00:00Z")]
    fn what_is_decided_at_night_waits_for_the_morning(#[case] now: &str, #[case] end: &str) {
        let (now, end): (Timestamp, Timestamp) = (now.parse().unwrap(), end.parse().unwrap());
        assert_eq!(nights(Critical::Waits).end(Severity::Warning, now), end);
        assert_eq!(nights(Critical::Waits).end(Severity::Critical, now), end);
        assert_eq!(nights(Critical::Passes).end(Severity::Critical, now), now);
    }

    #[test]
    fn hours_within_one_day_end_on_it() {
        let quiet = QuietHours {
            from: "12:00".parse().unwrap(),
            to: "14:00".parse().unwrap(),
            weekends: false,
            ..nights(Critical::Waits)
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(quiet.end(Severity::Warning, at("2026-11-28T13:00:00Z")), at("2026-11-28T14:00:00Z"));
        assert_eq!(quiet.end(Severity::Warning, at("2026-11-28T14:00:00Z")), at("2026-11-28T14:00:00Z"));
    }
}
