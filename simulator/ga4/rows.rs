//! What the property recorded, gathered into rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use kpi::Channel;

use super::filter::Expression;
use super::names::{DEVICES, EVENTS, GROUPS};
use crate::World;
use crate::world::{Service, Settling, draw, hours_of, local, part, share, signed};

/// Shares of devices and of channel groups, in thousandths; the last takes the rest.
const DEVICE_SHARES: [u64; 3] = [560, 380, 1000];
const GROUP_SHARES: [u64; 3] = [520, 300, 1000];

/// Counts of a row by kind of event, from which its metrics follow.
pub(super) type Tally = [u64; EVENTS.len()];

/// Where something was recorded, short of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    at: DateTime,
    event: usize,
    device: usize,
    group: usize,
}

/// What to gather.
pub(super) struct Question<'a> {
    pub(super) dimensions: &'a [String],
    pub(super) filter: Option<&'a Expression>,
    pub(super) dates: (Date, Date),
    pub(super) zone: &'a TimeZone,
    pub(super) now: Timestamp,
}

/// Splits a count into three with nothing lost.
fn split(count: u64, shares: [u64; 3], seed: u64) -> [u64; 3] {
    let [first, second, _] = shares;
    let one = share(count, first, seed);
    let two = share(count, second, draw(&[seed])).min(count - one);
    [one, two, count - one - two]
}

impl Question<'_> {
    fn speaks_of(&self, name: &str) -> bool {
        self.dimensions.iter().any(|dimension| dimension == name)
            || self.filter.is_some_and(|filter| filter.fields().iter().any(|field| field == name))
    }

    fn cells(&self, world: &World, service: &Service) -> BTreeMap<Cell, u64> {
        let by_hour = self.speaks_of("dateHour");
        let by_group = self.speaks_of("sessionDefaultChannelGroup");
        let mut cells = BTreeMap::new();
        for hour in hours_of(self.dates.0, self.dates.1, self.zone) {
            let counts = world.known(service, hour, Settling::GA4, self.now);
            let local = local(hour, self.zone);
            let at = if by_hour { local } else { local.date().into() };
            let seed = |purpose: &str| draw(&[world.seed(), service.key(), signed(hour), part(purpose)]);
            // Only users who accept analytics cookies are ever seen.
            let started = share(counts.started, service.consent, seed("consent"));
            let completed = share(counts.on(Channel::Digital), service.consent, seed("consent")).min(started);
            let visits = started + started / 8;
            for (event, count) in [visits, visits, completed, started, completed].into_iter().enumerate() {
                for (device, count) in split(count, DEVICE_SHARES, seed("device")).into_iter().enumerate() {
                    let groups =
                        if by_group { split(count, GROUP_SHARES, seed("group")) } else { [count, 0, 0] };
                    for (group, count) in groups.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                        *cells.entry(Cell { at, event, device, group }).or_default() += count;
                    }
                }
            }
        }
        cells
    }

    /// The rows, by the values of the dimensions asked for.
    pub(super) fn rows(&self, world: &World, service: &Service) -> BTreeMap<Vec<String>, Tally> {
        let mut rows: BTreeMap<Vec<String>, Tally> = BTreeMap::new();
        for (cell, count) in self.cells(world, service) {
            let value = |name: &str| cell.value(name, service);
            if self.filter.is_some_and(|filter| !filter.holds(&value)) {
                continue;
            }
            let key = self.dimensions.iter().map(|name| value(name)).collect();
            if let Some(sum) = rows.entry(key).or_default().get_mut(cell.event) {
                *sum += count;
            }
        }
        rows
    }
}

impl Cell {
    fn value(&self, dimension: &str, service: &Service) -> String {
        let (event, page) = EVENTS.get(self.event).copied().unwrap_or_default();
        let pick =
            |names: [&str; 3], index: usize| names.get(index).copied().unwrap_or("(not set)").to_owned();
        match dimension {
            "date" => self.at.strftime("%Y%m%d").to_string(),
            "dateHour" => self.at.strftime("%Y%m%d%H").to_string(),
            "year" => self.at.strftime("%Y").to_string(),
            "yearMonth" => self.at.strftime("%Y%m").to_string(),
            "month" => self.at.strftime("%m").to_string(),
            "isoYearIsoWeek" => {
                let week = self.at.date().iso_week_date();
                format!("{}{:02}", week.year(), week.week())
            }
            "eventName" => event.to_owned(),
            "pagePath" => page.to_owned(),
            "deviceCategory" => pick(DEVICES, self.device),
            "sessionDefaultChannelGroup" => pick(GROUPS, self.group),
            "hostName" => service.host(),
            "streamName" => service.id.to_string(),
            "customEvent:stage" if event.starts_with("application_") => {
                event.trim_start_matches("application_").to_owned()
            }
            _ => "(not set)".to_owned(),
        }
    }
}
