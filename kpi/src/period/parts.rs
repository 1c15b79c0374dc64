use jiff::tz::TimeZone;

use super::{Period, PeriodKind};

impl Period {
    /// The periods of `kind` that make up this one exactly, in order; `None` where they do not fit
    /// (a month is not made of weeks, nor 12 months from February of calendar quarters).
    pub fn parts(self, kind: PeriodKind, zone: &TimeZone) -> Option<Vec<Self>> {
        if !self.kind().summed_from().contains(&kind) {
            return None;
        }
        if kind == PeriodKind::Hour {
            return self.hours(zone);
        }
        let end = self.end_date();
        let mut part = Self::starting(kind, self.start_date()).ok()?;
        let mut parts = Vec::new();
        while part.start_date() < end {
            parts.push(part);
            part = part.next();
        }
        (part.start_date() == end).then_some(parts)
    }

    fn hours(self, zone: &TimeZone) -> Option<Vec<Self>> {
        let span = self.span(zone);
        let mut hour = Self::hour_containing(span.start).ok()?;
        // A zone off UTC by a part of an hour has no hours of its own here.
        if hour.span(zone).start != span.start {
            return None;
        }
        let mut hours = Vec::with_capacity(25);
        while hour.span(zone).start < span.end {
            hours.push(hour);
            hour = hour.next();
        }
        Some(hours)
    }
}
