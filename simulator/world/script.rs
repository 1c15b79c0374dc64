//! What happens in the world, by date.

use jiff::civil::Date;
use kpi::ServiceId;

/// An event of the script. Dates are days in London.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Digital take-up of a service falls: its users telephone instead.
    TakeUpDrop {
        /// Service it happens to.
        service: ServiceId,
        /// First day of it.
        from: Date,
        /// Last day of it; `None` while it lasts.
        to: Option<Date>,
        /// Percentage points lost.
        points: u64,
    },
    /// The digital journey is down: some still start, nobody completes.
    Outage {
        /// Service it happens to.
        service: ServiceId,
        /// First day of it.
        from: Date,
        /// Last day of it.
        to: Date,
    },
    /// The owner restates a day after the fact.
    Revision {
        /// Service it happens to.
        service: ServiceId,
        /// Day whose figures change.
        date: Date,
        /// Day from whose beginning the new figures are answered.
        known: Date,
        /// New figures in thousandths of the old.
        thousandths: u64,
    },
    /// A bank holiday: every service is quiet.
    Holiday {
        /// The day.
        date: Date,
    },
}

/// The events in force for one service on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) points_lost: u64,
    pub(crate) outage: bool,
    pub(crate) holiday: bool,
    pub(crate) restated: Option<u64>,
}

/// What the script means for `service` on `date`, as known on `today`.
pub(crate) fn effect(events: &[Event], service: &ServiceId, date: Date, today: Date) -> Effect {
    let mut effect = Effect::default();
    for event in events {
        match event {
            Event::TakeUpDrop { service: of, from, to, points }
                if of == service && date >= *from && to.is_none_or(|to| date <= to) =>
            {
                effect.points_lost += points;
            }
            Event::Outage { service: of, from, to } if of == service && date >= *from && date <= *to => {
                effect.outage = true;
            }
            Event::Revision { service: of, date: on, known, thousandths }
                if of == service && date == *on && today >= *known =>
            {
                effect.restated = Some(*thousandths);
            }
            Event::Holiday { date: on } if date == *on => effect.holiday = true,
            _ => {}
        }
    }
    effect
}
