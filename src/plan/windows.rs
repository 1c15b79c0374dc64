//! The windows due: closed periods after the cursor, the trailing look-back and a requested backfill.
//!
//! Nothing here reads a clock or a store, and what was collected already is never asked: asking for a
//! period again is safe, and only the cursor says what may be left out.

use collectors::{PeriodSpan, Reading, Window};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kpi::{Period, PeriodKind};

use super::Backfill;

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// How the source is read.
    pub reading: &'a Reading,
    /// The last period up to which everything is stored, if any. One of another kind than the source
    /// now answers in is no cursor.
    pub cursor: Option<Period>,
    /// First day to collect where there is no cursor. Without either, the newest closed period and
    /// the look-back before it are asked for.
    pub start: Option<Date>,
    /// Closed periods up to the cursor to ask for again; `None` for what the source needs by itself.
    pub look_back: Option<u32>,
    /// The present.
    pub now: Timestamp,
    /// The zone whose days the periods are.
    pub zone: &'a TimeZone,
    /// A backfill under way.
    pub backfill: Option<&'a Backfill>,
    /// The most windows of new periods, and the most of a backfill, to plan. Windows of nothing but
    /// look-back come on top: without them the cap could hold back the new periods for ever.
    pub most_windows: usize,
}

/// A window to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Due {
    /// What to ask for.
    pub window: Window,
    /// Why it is due.
    pub why: Why,
}

/// Why a window is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// It holds the newest closed period, not collected before.
    Schedule,
    /// It holds periods not collected before, the newest not among them.
    CatchUp,
    /// All of it was collected before and may have been revised since.
    LookBack,
    /// Somebody asked for it.
    Backfill,
}

impl Why {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::CatchUp => "catch_up",
            Self::LookBack => "look_back",
            Self::Backfill => "backfill",
        }
    }
}

/// The windows due, in the order to ask for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Look-back and new periods, oldest first, then the backfill, oldest first. They never overlap.
    pub due: Vec<Due>,
    /// New periods the cap left for the next run.
    pub more_due: bool,
}

/// Plans a run.
pub fn plan(situation: &Situation<'_>) -> Plan {
    let Reading::Windows { period_kind, largest, look_back, .. } = *situation.reading else {
        let why = if situation.backfill.is_some() { Why::Backfill } else { Why::Schedule };
        return Plan { due: vec![Due { window: Window::Everything, why }], more_due: false };
    };
    let Some(newest) = newest_closed(period_kind, situation.now, situation.zone) else {
        return Plan::default();
    };
    let cursor = situation.cursor.filter(|cursor| cursor.kind() == period_kind);
    let look_back = situation.look_back.unwrap_or(look_back);
    let start = situation.start.and_then(|date| first_of(period_kind, date, situation.zone));
    let forward = match (cursor, start) {
        (Some(cursor), _) => back_by(cursor.next(), look_back, start),
        (None, Some(start)) => start,
        (None, None) => back_by(newest, look_back, None),
    };

    let mut plan = Plan::default();
    let mut room = situation.most_windows.max(1);
    for span in chunks(forward, newest, largest) {
        let why = match cursor {
            Some(cursor) if span.last <= cursor => Why::LookBack,
            _ if span.last == newest => Why::Schedule,
            _ => Why::CatchUp,
        };
        if why != Why::LookBack {
            if room == 0 {
                plan.more_due = true;
                break;
            }
            room -= 1;
        }
        plan.due.push(Due { window: Window::Span(span), why });
    }
    plan.due.extend(backfill_due(situation, forward, newest, largest));
    plan
}

/// Every run asks for the periods from `forward` on, until they are stored: a backfill ends before.
fn backfill_due(situation: &Situation<'_>, forward: Period, newest: Period, largest: u32) -> Vec<Due> {
    let Some(backfill) = situation.backfill.filter(|backfill| backfill.span.first.kind() == newest.kind())
    else {
        return Vec::new();
    };
    let last = backfill.span.last.min(newest).min(forward.previous());
    chunks(backfill.next, last, largest)
        .take(situation.most_windows.max(1))
        .map(|span| Due { window: Window::Span(span), why: Why::Backfill })
        .collect()
}

/// The windows of a span somebody asks for once, by hand: what of it is closed, oldest first. As with a
/// backfill, the cursor is left alone.
pub fn plan_span(span: PeriodSpan, largest: u32, now: Timestamp, zone: &TimeZone) -> Plan {
    let Some(newest) = newest_closed(span.first.kind(), now, zone) else { return Plan::default() };
    let due = chunks(span.first, span.last.min(newest), largest)
        .map(|span| Due { window: Window::Span(span), why: Why::Backfill })
        .collect();
    Plan { due, more_due: false }
}

/// The cursor once a window is stored. It never goes back, and it never passes over a period that was
/// not asked for.
#[must_use]
pub fn cursor_after(cursor: Option<Period>, due: &Due) -> Option<Period> {
    let Window::Span(span) = due.window else { return cursor };
    if due.why == Why::Backfill {
        return cursor;
    }
    match cursor.filter(|cursor| cursor.kind() == span.first.kind()) {
        None => Some(span.last),
        Some(cursor) if span.first <= cursor.next() => Some(cursor.max(span.last)),
        Some(cursor) => Some(cursor),
    }
}

/// The newest period whose last moment has passed.
pub fn newest_closed(kind: PeriodKind, now: Timestamp, zone: &TimeZone) -> Option<Period> {
    let mut period = match kind {
        PeriodKind::Hour => Period::hour_containing(now).ok()?,
        _ => Period::containing(kind, now.to_zoned(zone.clone()).date()).ok()?,
    };
    // Once for most kinds; twelve times for rolling years, of which each month begins one.
    while period.span(zone).end > now {
        period = period.previous();
    }
    Some(period)
}

/// The period of a kind that the beginning of a local day falls in.
pub(super) fn first_of(kind: PeriodKind, date: Date, zone: &TimeZone) -> Option<Period> {
    match kind {
        PeriodKind::Hour => Period::hour_containing(date.to_zoned(zone.clone()).ok()?.timestamp()).ok(),
        _ => Period::containing(kind, date).ok(),
    }
}

/// `count` periods before `from`, and not before `floor` unless `from` is.
fn back_by(from: Period, count: u32, floor: Option<Period>) -> Period {
    let floor_index = floor.map_or(i32::MIN, Period::index);
    let mut period = from;
    for _ in 0..count {
        if period.index() <= floor_index || period.start_date().year() <= kpi::period::FIRST_YEAR {
            break;
        }
        period = period.previous();
    }
    period
}

/// `first` to `last` in spans of at most `largest` periods.
fn chunks(first: Period, last: Period, largest: u32) -> impl Iterator<Item = PeriodSpan> {
    let mut next = first;
    std::iter::from_fn(move || {
        if next > last {
            return None;
        }
        let mut span = PeriodSpan { first: next, last: next };
        for _ in 1..largest.max(1) {
            if span.last >= last {
                break;
            }
            span.last = span.last.next();
        }
        next = span.last.next();
        Some(span)
    })
}
