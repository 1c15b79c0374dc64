//! The world of `pp-collector demo`: one service of each character.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Character, Event, Now, Service, World};

impl World {
    /// Seven services of different character, and a script around `anchor`.
    ///
    /// The script hangs on the anchor and not on the clock: a world made again later tells the same
    /// history, so a second start finds nothing revised.
    pub fn demo(seed: u64, anchor: Date, now: Now) -> Self {
        let day = |back: i32| anchor.saturating_sub(back.days());
        let mut world = Self::new(seed, now)
            .with(Service::new("apply-juggling-licence", Character::Steady, 2400).map(|it| it.with_fee(8250)))
            .with(Service::new("file-tree-return", Character::Seasonal, 5200))
            .with(Service::new("register-lighthouse", Character::Small, 9))
            .with(Service::new("renew-kite-permit", Character::Dropping, 1500).map(|it| it.with_fee(3400)))
            .with(Service::new("report-lost-anchor", Character::Silent { since: day(40) }, 320))
            .with(Service::new("book-canal-mooring", Character::Consented, 900))
            .with(Service::new("claim-winter-coal", Character::Paper, 140));
        if let Ok(service) = "renew-kite-permit".parse() {
            world = world.when(Event::TakeUpDrop { service, from: day(10), to: None, points: 22 });
        }
        if let Ok(service) = "apply-juggling-licence".parse() {
            world = world.when(Event::Outage { service, from: day(75), to: day(74) });
        }
        if let Ok(service) = "book-canal-mooring".parse() {
            world = world.when(Event::Revision { service, date: day(6), known: day(2), thousandths: 1080 });
        }
        // As far back as a backfill reaches, and as far ahead as a fast clock is likely to come.
        for year in anchor.year().saturating_sub(2)..=anchor.year().saturating_add(2) {
            for (month, day) in [(1, 1), (12, 25), (12, 26)] {
                if let Ok(date) = Date::new(year, month, day) {
                    world = world.when(Event::Holiday { date });
                }
            }
        }
        world
    }
}
