//! A small country: services with volumes, channels and ratings that follow from a seed, and a script of events.
//!
//! Everything happens by the hour in UTC, so that sources with different time zones cut the same
//! history into different days. Nothing is stored: each figure is computed when asked for, from the
//! seed, the service and the hour alone.

mod chance;
mod counts;
mod demo;
mod script;
mod service;
mod settling;
mod time;

pub use counts::Counts;
pub use script::Event;
pub use service::{Character, Service};
pub use settling::Settling;
pub use time::{Hour, Now, frozen};

pub(crate) use chance::{draw, part, share, signed};
pub(crate) use time::{age, days, hours_between, hours_of, local, today};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kpi::ServiceId;

/// The services, what happens to them, and what time it is.
#[derive(Clone)]
pub struct World {
    seed: u64,
    services: Vec<Service>,
    events: Vec<Event>,
    now: Now,
    zone: TimeZone,
}

impl World {
    /// An empty world. Its services keep London time.
    pub fn new(seed: u64, now: Now) -> Self {
        Self { seed, services: Vec::new(), events: Vec::new(), now, zone: kpi::period::london() }
    }

    /// The same world with one more service.
    #[must_use]
    pub fn with(mut self, service: impl Into<Option<Service>>) -> Self {
        self.services.extend(service.into());
        self
    }

    /// The same world without a service.
    #[must_use]
    pub fn without(mut self, id: &str) -> Self {
        self.services.retain(|service| service.id.as_str() != id);
        self
    }

    /// The same world with one more event.
    #[must_use]
    pub fn when(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Every service, in the order they were added. Sources number them in this order.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service with an id.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == *id)
    }

    /// The service a source numbers `number`, counting from 1.
    pub(crate) fn numbered(&self, number: u64) -> Option<&Service> {
        usize::try_from(number).ok().and_then(|number| self.services.get(number.checked_sub(1)?))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// The day it is in London.
    pub fn today(&self) -> Date {
        today(self.now(), &self.zone)
    }

    /// The zone the services keep.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn draw(&self, service: &Service, purpose: &str, number: i64) -> u64 {
        draw(&[self.seed, service.key(), part(purpose), signed(number)])
    }
}
