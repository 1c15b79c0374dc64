//! The periods of a window, and which of them the source may still revise.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kpi::{Period, PeriodKind};

use crate::{CollectError, Reason, Window};

/// More periods than a run asks for: 11 years of hours.
const MOST: usize = 100_000;

/// The periods of a window, in order; refused where the window is of another kind.
pub(crate) fn periods(window: &Window, kind: PeriodKind) -> Result<Vec<Period>, CollectError> {
    let Window::Span(span) = window else {
        let problem = "this source answers for a span of periods; give the first and the last";
        return Err(CollectError::new(Reason::Config, problem));
    };
    if span.first.kind() != kind || span.last.kind() != kind {
        let problem = format!("this source is asked for a {kind} at a time, not for a {}", span.first.kind());
        return Err(CollectError::new(Reason::Config, problem));
    }
    let following = std::iter::successors(Some(span.first), |period| Some(period.next()));
    Ok(following.take_while(|period| *period <= span.last).take(MOST).collect())
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
    /// Whether a period is final by now.
    pub(crate) fn settled(&self, period: Period, now: Timestamp) -> bool {
        period.span(&self.zone).end.checked_add(self.after).is_ok_and(|final_at| final_at <= now)
    }
}
