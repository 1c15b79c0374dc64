//! When the next figures are due.

use jiff::civil::{Date, Weekday, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use kpi::Period;

use super::KpiHistory;
use crate::alerts::calendar::Holidays;
use crate::alerts::observation::Observation;
use crate::alerts::settings::CadenceSettings;

/// A period whose figures are awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The first period nothing is known of yet.
    pub period: Period,
    /// After this instant its figures are overdue.
    pub at: Timestamp,
}

/// Newest periods that say how long figures usually take.
const LATELY: usize = 8;
/// A figure that took longer than this many periods was filled in later: it says nothing of how long
/// figures usually take.
const FILLED_IN_AFTER: i32 = 4;

/// When the period after the newest known one is due: its end, and the longer of the grace that is
/// configured and what figures lately took with half of that again; on a working day at noon.
/// `None` where nothing was ever known.
pub fn next_due(
    history: &KpiHistory,
    settings: &CadenceSettings,
    zone: &TimeZone,
    holidays: &Holidays,
) -> Option<Due> {
    let newest = history.observations.iter().rposition(|one| one.collected_at.is_some())?;
    let known = history.observations.get(..=newest)?;
    let period = known.last()?.period.next();
    let length = period.span(zone).end.duration_since(period.span(zone).start);
    let took = |one: &Observation| {
        let took = one.collected_at?.duration_since(one.period.span(zone).end);
        (took <= length * FILLED_IN_AFTER).then_some(took)
    };
    let longest = known.iter().rev().take(LATELY).filter_map(took).max().unwrap_or_default();
    let grace = SignedDuration::from_hours(settings.overdue_after_hours.into());
    let at = period.span(zone).end.checked_add(grace.max(longest + longest / 2)).ok()?;
    Some(Due { period, at: on_a_working_day(at, zone, holidays) })
}

/// The instant itself on a working day, else noon of the next.
fn on_a_working_day(at: Timestamp, zone: &TimeZone, holidays: &Holidays) -> Timestamp {
    let is_free =
        |date: Date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) || holidays.contains(date);
    let mut date = at.to_zoned(zone.clone()).date();
    if !is_free(date) {
        return at;
    }
    while is_free(date) {
        date = date.saturating_add(1.day());
    }
    date.to_datetime(time(12, 0, 0, 0)).to_zoned(zone.clone()).map_or(at, |noon| noon.timestamp())
}
