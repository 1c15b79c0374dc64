//! A backfill: history somebody asked for, and how far it has come.

use collectors::{PeriodSpan, Reading, Window};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kpi::{Period, PeriodKind};

use super::windows::{Due, Why, first_of};

/// A backfill under way. Invariant: `next` is a period of the span's kind, not before its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// What was asked for.
    pub span: PeriodSpan,
    /// The first period not yet stored.
    pub next: Period,
}

/// Why a backfill cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackfillError {
    /// The last day comes before the first.
    #[error("a backfill from {from} to {to} runs backwards; give the earlier day first")]
    Backwards {
        /// First day given.
        from: Date,
        /// Last day given.
        to: Date,
    },
    /// A day that no period can lie in.
    #[error(
        "a backfill from {from} to {to} lies outside the years {} to {}",
        kpi::period::FIRST_YEAR,
        kpi::period::LAST_YEAR
    )]
    OutOfRange {
        /// First day given.
        from: Date,
        /// Last day given.
        to: Date,
    },
    /// The source is read as a whole, so that it has no part to ask for.
    #[error(
        "its source is read whole on every run, so there is nothing to backfill; collect it by hand instead"
    )]
    ReadWhole,
}

impl Backfill {
    /// A backfill of every period that has a day from `from` to `to`, both included.
    pub fn of_days(reading: &Reading, from: Date, to: Date, zone: &TimeZone) -> Result<Self, BackfillError> {
        let Reading::Windows { period_kind, .. } = reading else { return Err(BackfillError::ReadWhole) };
        let span = span_of_days(*period_kind, from, to, zone)?;
        Ok(Self { span, next: span.first })
    }

    /// How many periods are stored already, of how many asked for.
    pub fn progress(&self) -> (usize, usize) {
        let (mut done, mut total) = (0, 0);
        let mut period = self.span.first;
        while period <= self.span.last {
            total += 1;
            done += usize::from(period < self.next);
            period = period.next();
        }
        (done, total)
    }

    /// How far it has come once a window is stored; windows that are not its own leave it as it is.
    #[must_use]
    pub fn after(self, due: &Due) -> Self {
        match due {
            Due { window: Window::Span(span), why: Why::Backfill } if span.first <= self.next => {
                Self { next: self.next.max(span.last.next()), ..self }
            }
            _ => self,
        }
    }
}

fn span_of_days(
    kind: PeriodKind,
    from: Date,
    to: Date,
    zone: &TimeZone,
) -> Result<PeriodSpan, BackfillError> {
    if to < from {
        return Err(BackfillError::Backwards { from, to });
    }
    let last_of = |date: Date| match kind {
        // The hour before the one the next day begins with.
        PeriodKind::Hour => first_of(kind, date.checked_add(1.day()).ok()?, zone).map(Period::previous),
        _ => first_of(kind, date, zone),
    };
    match (first_of(kind, from, zone), last_of(to)) {
        (Some(first), Some(last)) => Ok(PeriodSpan { first, last }),
        _ => Err(BackfillError::OutOfRange { from, to }),
    }
}
