//! What people send in once a day as tables: volumes of contact centre, post room and case system, costs,
//! and ratings.
//!
//! Long CSV files with a row a figure. A service that has fallen silent has no rows any more, which is
//! not the same as rows of zero.

use jiff::ToSpan;
use jiff::civil::Date;
use kpi::Channel;

use crate::World;
use crate::world::{Character, Service, Settling, days};

const HEADER: [&str; 5] = ["service", "day", "measure", "channel", "value"];

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Completed transactions that no web analytics sees: telephone and paper, and all channels of a
    /// service whose analytics see only users who consent.
    Volumes,
    /// Cost of each day, in pounds.
    Costs,
    /// Ratings 1 to 5 left on the last page.
    Ratings,
}

impl Return {
    /// The table of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "volumes" => Some(Self::Volumes),
            "costs" => Some(Self::Costs),
            "ratings" => Some(Self::Ratings),
            _ => None,
        }
    }
}

/// The table of the days from `first` to yesterday.
pub fn export(world: &World, kind: Return, first: Date) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(HEADER)?;
    let last = world.today().saturating_sub(1.day());
    for service in world.services() {
        let id = service.id.as_str();
        for date in days(first, last).take_while(|date| reports(service, *date)) {
            let day = date.to_string();
            for (measure, channel, value) in rows(world, kind, service, date) {
                out.write_record([id, &day, &measure, channel, &value])?;
            }
        }
    }
    out.into_inner().map_err(|error| error.into_error().into())
}

fn reports(service: &Service, date: Date) -> bool {
    !matches!(service.character, Character::Silent { since } if date >= since)
}

/// Measure, channel and value of each row of a day.
fn rows(world: &World, kind: Return, service: &Service, date: Date) -> Vec<(String, &'static str, String)> {
    let now = world.now();
    match kind {
        Return::Volumes => {
            let counts = world.span(service, (date, date), world.zone(), Settling::NONE, now);
            let seen_by_analytics = |channel| channel == Channel::Digital && service.consent == 1000;
            let sent = counts.completed.into_iter().filter(|(channel, _)| !seen_by_analytics(*channel));
            sent.map(|(channel, count)| ("completed".to_owned(), channel.as_str(), count.to_string()))
                .collect()
        }
        Return::Costs => {
            let pence = world.cost(service, date, now);
            let pounds = format!("{}.{:02}", pence / 100, pence % 100);
            vec![("cost".to_owned(), Channel::AllChannels.as_str(), pounds)]
        }
        Return::Ratings if !service.is_digital() => Vec::new(),
        Return::Ratings => (1..)
            .zip(world.ratings(service, date, now))
            .map(|(level, count)| (format!("rating_{level}"), Channel::Digital.as_str(), count.to_string()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::frozen;
    use jiff::civil::date;

    #[test]
    fn the_silent_service_has_rows_until_it_falls_silent() {
        let anchor = date(2026, 6, 15);
        let world = World::demo(1, anchor, frozen("2026-06-15T08:00:00Z".parse().unwrap()));
        let text = String::from_utf8(export(&world, Return::Volumes, date(2026, 5, 1)).unwrap()).unwrap();
        let last = |service: &str| text.lines().rfind(|line| line.starts_with(service)).unwrap().to_owned();
        assert!(last("report-lost-anchor").starts_with("report-lost-anchor,2026-05-05,completed,paper,"));
        assert!(last("claim-winter-coal").contains(",2026-06-14,"));
        assert!(text.contains("book-canal-mooring,2026-06-14,completed,digital,"));
        assert!(!text.contains("file-tree-return,2026-06-14,completed,digital,"));
    }
}
