//! What `:from` and `:to` are for a window: half-open, so that a row is in one period only.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kpi::{Period, PeriodKind};

use super::config::Bind;
use super::plan::Plan;
use crate::PeriodSpan;

/// The two values bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounds {
    Dates([Date; 2]),
    Timestamps([Timestamp; 2]),
}

impl Bounds {
    pub(super) fn of(span: PeriodSpan, bind: Bind, zone: &TimeZone) -> Self {
        match bind {
            Bind::Dates => Self::Dates([span.first.start_date(), span.last.end_date()]),
            Bind::Timestamps => Self::Timestamps([span.first.span(zone).start, span.last.span(zone).end]),
        }
    }
}

/// Bounds to explain a query with: yesterday, or the hour now.
pub(super) fn sample(plan: &Plan, now: Timestamp) -> Bounds {
    let zone = &plan.mapping.settling.zone;
    let today = now.to_zoned(zone.clone()).date();
    let period = match plan.mapping.period_kind {
        PeriodKind::Hour => Period::hour_containing(now),
        kind => Period::containing(kind, today),
    };
    period.map_or(Bounds::Dates([today, today]), |period| {
        let period = period.previous();
        Bounds::of(PeriodSpan { first: period, last: period }, plan.bind, zone)
    })
}
