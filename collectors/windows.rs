//! The periods of a window, and which of them the source may still revise.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kpi::{Period, PeriodKind, Quality};

use crate::{CollectError, PeriodSpan, Reason, Window};

/// More periods than a run asks for: 11 years of hours.
const MOST: usize = 100_000;

impl PeriodSpan {
    /// Every period of the span, in order.
    pub fn periods(self) -> impl Iterator<Item = Period> {
        std::iter::successors(Some(self.first), |period| Some(period.next()))
            .take_while(move |period| *period <= self.last)
            .take(MOST)
    }
}

/// The span of a window; refused where the window is of another kind than the collector answers in.
pub(crate) fn span(window: &Window, kind: PeriodKind) -> Result<PeriodSpan, CollectError> {
    let Window::Span(span) = window else {
        let problem = "this source answers for a span of periods; give the first and the last";
        return Err(CollectError::new(Reason::Config, problem));
    };
    if span.first.kind() != kind || span.last.kind() != kind {
        let problem = format!("this source is asked for a {kind} at a time, not for a {}", span.first.kind());
        return Err(CollectError::new(Reason::Config, problem));
    }
    Ok(*span)
}

/// The newest period that is over.
pub(crate) fn newest_closed(kind: PeriodKind, now: Timestamp, zone: &TimeZone) -> Option<Period> {
    let current = match kind {
        PeriodKind::Hour => Period::hour_containing(now),
        // Twelve months that begin now are far from over: the newest ones begin a year before.
        PeriodKind::YearTo => {
            let year_ago = now.to_zoned(zone.clone()).date().saturating_sub(jiff::Span::new().years(1));
            return Period::containing(kind, year_ago).ok();
        }
        kind => Period::containing(kind, now.to_zoned(zone.clone()).date()),
    };
    current.ok().map(Period::previous)
}

/// When a source no longer revises what it said.
#[derive(Debug, Clone)]
pub(crate) struct Settling {
    /// The zone its periods are of.
    pub(crate) zone: TimeZone,
    /// How long after its end a period is final.
    pub(crate) after: SignedDuration,
}

impl Settling {
    /// Periods of a zone that are final some hours after their end.
    pub(crate) fn hours(zone: TimeZone, hours: u32) -> Self {
        Self { zone, after: SignedDuration::from_hours(hours.into()) }
    }

    /// The name of the zone, for messages.
    pub(crate) fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("the time zone set")
    }

    /// Whether a period is final by now.
    pub(crate) fn settled(&self, period: Period, now: Timestamp) -> bool {
        period.span(&self.zone).end.checked_add(self.after).is_ok_and(|final_at| final_at <= now)
    }

    /// The quality of a figure about which nothing else is known: provisional until the period is final.
    pub(crate) fn quality(&self, period: Period, now: Timestamp) -> Quality {
        Quality { provisional: !self.settled(period, now), ..Quality::default() }
    }
}
