//! The metrics CSV of GOV.UK Forms: newest day first, UTC days, `No starts` where a rate would be.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kpi::Channel;

use crate::World;
use crate::world::{Service, Settling, days, today};

/// Longest history a form has, in months.
const MONTHS: i32 = 14;

/// The file of one service's form, from yesterday backwards to `first` or 14 months.
pub fn export(world: &World, service: &Service, first: Date) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["Date", "Started", "Completed", "Completion rate (%)", "Started but not completed"])?;
    let now = world.now();
    let yesterday = today(now, &TimeZone::UTC).saturating_sub(1.day());
    let earliest = first.max(yesterday.saturating_sub(MONTHS.months()));
    let mut dates: Vec<Date> = days(earliest, yesterday).collect();
    dates.reverse();
    for date in dates {
        let counts = world.span(service, (date, date), &TimeZone::UTC, Settling::NONE, now);
        let (started, completed) = (counts.started, counts.on(Channel::Digital));
        let rate = if started == 0 {
            "No starts".to_owned()
        } else {
            let tenths = (completed * 2000 + started) / (started * 2);
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        out.write_record([
            date.strftime("%d/%m/%Y").to_string(),
            started.to_string(),
            completed.to_string(),
            rate,
            started.saturating_sub(completed).to_string(),
        ])?;
    }
    out.into_inner().map_err(|error| error.into_error().into())
}
