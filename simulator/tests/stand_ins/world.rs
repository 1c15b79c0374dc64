use jiff::ToSpan;
use jiff::civil::date;
use jiff::tz::TimeZone;
use kpi::{Channel, period::london};
use simulator::world::{Counts, Settling};
use simulator::{Character, Event, Service, World};

use crate::support::{Clock, world};

fn service<'a>(world: &'a World, id: &str) -> &'a Service {
    world.service(&id.parse().unwrap()).unwrap()
}

fn day(world: &World, id: &str, back: i32, settling: Settling) -> Counts {
    let date = date(2026, 11, 23).saturating_sub(back.days());
    world.span(service(world, id), (date, date), &london(), settling, world.now())
}

#[test]
fn the_same_seed_tells_the_same_history() {
    let clock = Clock::new();
    let all = |seed| {
        let world = world(seed, clock.now());
        world.services().iter().map(|it| day(&world, it.id.as_str(), 3, Settling::NONE)).collect::<Vec<_>>()
    };
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
}

#[test]
fn a_take_up_drop_falls_on_its_day() {
    let world = world(1, Clock::new().now());
    let take_up = |back| {
        let counts = day(&world, "renew-kite-permit", back, Settling::NONE);
        let all: u64 = counts.completed.iter().map(|(_, count)| count).sum();
        counts.on(Channel::Digital) * 100 / all
    };
    assert!((71..80).contains(&take_up(11)), "{}", take_up(11));
    assert!((48..58).contains(&take_up(10)), "{}", take_up(10));
}

#[test]
fn each_character_shows() {
    let world = world(1, Clock::new().now());
    let outage = day(&world, "apply-juggling-licence", 75, Settling::NONE);
    assert!(outage.started > 0);
    assert_eq!(outage.on(Channel::Digital), 0);
    assert_eq!(day(&world, "report-lost-anchor", 40, Settling::NONE), Counts::default());
    assert!(day(&world, "report-lost-anchor", 41, Settling::NONE).started > 0);
    let paper = day(&world, "claim-winter-coal", 5, Settling::NONE);
    assert_eq!((paper.started, paper.on(Channel::Digital)), (0, 0));
    assert!(paper.on(Channel::Paper) > 50);
    let seasonal = service(&world, "file-tree-return");
    let month = |month: i8| {
        let dates = (date(2026, month, 2), date(2026, month, 8));
        world.span(seasonal, dates, &london(), Settling::NONE, world.now()).started
    };
    assert!(month(2) > month(7) * 4);
    assert!(world.ratings(seasonal, date(2026, 2, 2), world.now()).iter().sum::<u64>() > 100);
}

#[test]
fn yesterday_rises_until_it_is_settled() {
    let clock = Clock::new();
    let world = world(1, clock.now());
    let mut seen = Vec::new();
    for _ in 0..30 {
        seen.push(day(&world, "file-tree-return", 1, Settling::GA4).started);
        clock.forward(2);
    }
    assert!(seen.is_sorted());
    assert!(seen[0] < seen[10] && seen[10] < seen[23], "{seen:?}");
    assert_eq!(seen[20..].first(), seen[20..].last());
    assert_eq!(seen.last(), Some(&day(&world, "file-tree-return", 1, Settling::NONE).started));
}

#[test]
fn a_restated_day_changes_when_it_is_known() {
    let clock = Clock::new();
    let id = "steady";
    let restated = date(2026, 11, 20);
    let event = Event::Revision {
        service: id.parse().unwrap(),
        date: restated,
        known: date(2026, 11, 24),
        thousandths: 1500,
    };
    let world = World::new(7, clock.now()).with(Service::new(id, Character::Steady, 1000)).when(event);
    let before = day(&world, id, 3, Settling::NONE).started;
    let other = day(&world, id, 4, Settling::NONE).started;
    clock.forward(24);
    let after = day(&world, id, 3, Settling::NONE).started;
    assert!(after * 100 / before >= 145, "{before} {after}");
    assert_eq!(day(&world, id, 4, Settling::NONE).started, other);
}

#[test]
fn zones_cut_one_history_into_different_days() {
    let world = world(1, Clock::new().now());
    let it = service(&world, "file-tree-return");
    let count =
        |from, to, zone: &TimeZone| world.span(it, (from, to), zone, Settling::NONE, world.now()).started;
    let (summer, from, to) = (date(2026, 2, 14), date(2026, 2, 1), date(2026, 3, 28));
    assert_eq!(count(from, to, &london()), count(from, to, &TimeZone::UTC));
    let pacific = TimeZone::get("America/Los_Angeles").unwrap();
    assert_ne!(count(summer, summer, &london()), count(summer, summer, &pacific));
}
