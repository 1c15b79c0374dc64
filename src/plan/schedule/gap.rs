//! The longest time a schedule lets pass between two runs.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::{Schedule, Wall};

const SECONDS_PER_DAY: i64 = 86_400;
const LOOK_AHEAD_DAYS: i64 = 2 * 366;

/// Looks at days, not at runs: two years of runs every second would be 63 million.
pub(super) fn longest(schedule: &Schedule) -> Duration {
    let from = Wall(-1 + seconds_at_2024());
    let mut days = schedule.expression.days_after(from).peekable();
    match days.peek() {
        Some(_) => over(schedule, days),
        // All its years lie before 2024.
        None => over(schedule, schedule.expression.days_after(Wall(-1))),
    }
}

/// A fixed beginning, so that the answer is the same on every day it is asked for; a leap year, so
/// that 29 February is seen.
fn seconds_at_2024() -> i64 {
    date(2024, 1, 1).to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second())
}

fn over(schedule: &Schedule, days: impl Iterator<Item = Wall>) -> Duration {
    let times = schedule.expression.times;
    let mut longest_seconds = i64::from(times.widest_gap);
    let mut first_day = None;
    let mut last_run: Option<Timestamp> = None;
    for day in days {
        let began = *first_day.get_or_insert(day);
        let at = |seconds: u32| Wall(day.0 + i64::from(seconds)).first_instant(&schedule.zone);
        let (Some(first), Some(last)) = (at(times.first), at(times.last)) else { break };
        if let Some(before) = last_run {
            longest_seconds = longest_seconds.max(first.as_second() - before.as_second());
        }
        let enough = day.0 - began.0 >= LOOK_AHEAD_DAYS * SECONDS_PER_DAY && last_run.is_some();
        last_run = Some(last);
        if enough {
            break;
        }
    }
    if let (Some(began), Some(ended)) = (first_day, last_run) {
        longest_seconds = longest_seconds.max(over_changes_of_the_clocks(schedule, began, ended));
    }
    match u64::try_from(longest_seconds) {
        Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
        _ => Duration::MAX,
    }
}

/// Where the clocks go back, a run by the wall waits for the repeated hour to pass as well.
fn over_changes_of_the_clocks(schedule: &Schedule, began: Wall, ended: Timestamp) -> i64 {
    let zone = &schedule.zone;
    let Some(began) = began.first_instant(zone) else { return 0 };
    zone.following(began)
        .take_while(|change| change.timestamp() < ended)
        .filter_map(|change| {
            let shown_before = i64::from(zone.to_offset(began_just_before(change.timestamp())).seconds());
            let wall = Wall(change.timestamp().as_second() + shown_before);
            let before = schedule.expression.last_before(wall)?.first_instant(zone)?;
            let after = schedule.next_after(before)?;
            Some(after.as_second() - before.as_second())
        })
        .max()
        .unwrap_or(0)
}

fn began_just_before(change: Timestamp) -> Timestamp {
    Timestamp::from_second(change.as_second() - 1).unwrap_or(change)
}
