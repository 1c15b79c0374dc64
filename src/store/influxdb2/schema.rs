//! What lies where on the server. `docs/store-influxdb2.md` says it for people who query by hand.
//!
//! Every revision is a point of its own, in the second after the one before it: nothing that was
//! acknowledged is ever overwritten, and the order in which writes arrive does not matter.

use kpi::{Period, PeriodKind};

/// Figures, one point for each revision.
pub(super) const FIGURE: &str = "pp_figure";
/// Which collector feeds a series, one point each time that changes.
pub(super) const SERIES: &str = "pp_series";
/// Services as collectors describe them, one point for each change.
pub(super) const SERVICE: &str = "pp_service";
/// Submissions: begun, complete, given up.
pub(super) const SUBMISSION: &str = "pp_submission";

/// The tags of a figure and of a series, in the order line protocol wants them.
pub(super) const SERIES_TAGS: [&str; 5] = ["channel", "coverage", "measure", "period_kind", "service"];

const SECONDS_PER_HOUR: i64 = 3600;
const SECONDS_PER_DAY: i64 = 86_400;

/// Before the first and after the last period there can be, in seconds since 1970.
pub(super) const ALL_TIME: (i64, i64) = (-2_208_988_800, 7_258_118_400);

/// How many points of one figure there is room for before the next period of its series begins: a second
/// each. Periods longer than a day get a day's worth.
pub(super) const fn slots(kind: PeriodKind) -> i64 {
    unit_secs(kind)
}

const fn unit_secs(kind: PeriodKind) -> i64 {
    match kind {
        PeriodKind::Hour => SECONDS_PER_HOUR,
        PeriodKind::Day
        | PeriodKind::Week
        | PeriodKind::Month
        | PeriodKind::Quarter
        | PeriodKind::Year
        | PeriodKind::FinancialYear
        | PeriodKind::YearTo => SECONDS_PER_DAY,
    }
}

/// Where the points of a figure begin: the hour itself, or midnight UTC of the period's first date.
pub(super) fn start_secs(period: Period) -> i64 {
    i64::from(period.index()) * unit_secs(period.kind())
}

/// The figure a point belongs to and its place among the points of that figure; `None` where no period
/// of the kind begins.
pub(super) fn place(kind: PeriodKind, secs: i64) -> Option<(Period, i64)> {
    let unit = unit_secs(kind);
    let index = i32::try_from(secs.div_euclid(unit)).ok()?;
    Some((Period::from_index(kind, index).ok()?, secs.rem_euclid(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_point_leads_back_to_its_figure(kind in proptest::sample::select(&PeriodKind::ALL[1..]),
            day in (1901..2199_i16, 1..=12_i8, 1..=28_i8), slot in 0..SECONDS_PER_DAY) {
            let period = Period::containing(kind, date(day.0, day.1, day.2)).unwrap();
            prop_assert_eq!(place(kind, start_secs(period) + slot), Some((period, slot)));
            prop_assert!(start_secs(period) + slots(kind) <= start_secs(period.next()));
            prop_assert!((ALL_TIME.0..ALL_TIME.1).contains(&start_secs(period)));
        }

        #[test]
        fn an_hour_too(index in -600_000..2_000_000_i32, slot in 0..SECONDS_PER_HOUR) {
            let hour = Period::from_index(PeriodKind::Hour, index).unwrap();
            prop_assert_eq!(place(PeriodKind::Hour, start_secs(hour) + slot), Some((hour, slot)));
        }
    }

    #[test]
    fn the_hours_of_a_changed_clock_are_apart() {
        let hour = |text| Period::from_start_text(PeriodKind::Hour, text).unwrap();
        // 01:00 and again 01:00 on the clock of London.
        assert_eq!(
            start_secs(hour("2026-10-25T01:00:00Z")) - start_secs(hour("2026-10-25T00:00:00Z")),
            SECONDS_PER_HOUR
        );
    }
}
