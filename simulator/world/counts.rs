//! What happened in an hour, and how much of it a source knows yet.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kpi::Channel;

use super::chance::{MILLION, THOUSAND, round, share};
use super::script::effect;
use super::service::{Character, hour_of_day, weekday};
use super::{Hour, Service, Settling, World, age, hours_of, local, today};

/// Share of digital journeys begun in an outage all the same, in thousandths.
const STARTED_IN_OUTAGE: u64 = 400;
/// Share of users who telephone when the digital journey is down, in thousandths.
const PHONE_IN_OUTAGE: u64 = 300;
/// Volume of a bank holiday, in thousandths.
const HOLIDAY: u64 = 350;
/// Share of digital users who leave a rating, in thousandths.
const RATED: u64 = 80;

/// Counts of one service over some hours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Digital journeys started.
    pub started: u64,
    /// Transactions completed by channel, in the order of the service's channels.
    pub completed: Vec<(Channel, u64)>,
}

impl Counts {
    /// Transactions completed on one channel.
    pub fn on(&self, channel: Channel) -> u64 {
        self.completed.iter().filter(|(of, _)| *of == channel).map(|(_, count)| count).sum()
    }

    fn add(&mut self, other: Self) {
        self.started += other.started;
        for (channel, count) in other.completed {
            match self.completed.iter_mut().find(|(of, _)| *of == channel) {
                Some((_, sum)) => *sum += count,
                None => self.completed.push((channel, count)),
            }
        }
    }
}

impl World {
    /// What truly happened in an hour, restatements known at `now` included.
    pub fn hour(&self, service: &Service, hour: Hour, now: Timestamp) -> Counts {
        let local = local(hour, &self.zone);
        let date = local.date();
        if matches!(service.character, Character::Silent { since } if date >= since) {
            return Counts::default();
        }
        let effect = effect(&self.events, &service.id, date, today(now, &self.zone));
        let day_number = hour.div_euclid(24);
        // The same for every hour of a UTC day: days differ from one another by a few per cent.
        let day = 930 + self.draw(service, "day", day_number) % 140;
        let holiday = if effect.holiday { HOLIDAY } else { THOUSAND };
        let factors = [service.character.month(date), weekday(date), hour_of_day(local.hour()), day, holiday];
        let expected = factors
            .iter()
            .fold(service.daily * MILLION, |expected, thousandths| expected * thousandths / THOUSAND);
        let draw = |purpose: &str| self.draw(service, purpose, hour);

        let digital = service.channels.iter().find(|(channel, _)| *channel == Channel::Digital);
        let digital_share = digital.map_or(0, |(_, share)| *share);
        let lost = (effect.points_lost * 10).min(digital_share);
        let mut counts = Counts::default();
        for (channel, thousandths) in &service.channels {
            let thousandths = match channel {
                Channel::Digital => digital_share - lost,
                Channel::Phone if effect.outage => {
                    thousandths + lost + digital_share * PHONE_IN_OUTAGE / THOUSAND
                }
                Channel::Phone => thousandths + lost,
                _ => *thousandths,
            };
            let expected = expected * thousandths / THOUSAND;
            let count = if *channel == Channel::Digital {
                let mut started = round(expected * THOUSAND / service.completion.max(1), draw("started"));
                let completed = share(started, service.completion, draw("digital"));
                if effect.outage {
                    started = share(started, STARTED_IN_OUTAGE, draw("outage"));
                }
                counts.started = started;
                if effect.outage { 0 } else { completed }
            } else {
                round(expected, draw(channel.as_str()))
            };
            counts.completed.push((*channel, count));
        }
        if let Some(thousandths) = effect.restated {
            let restate = |count: u64| round(count * thousandths * THOUSAND, draw("restated"));
            counts.started = restate(counts.started);
            counts.completed.iter_mut().for_each(|(_, count)| *count = restate(*count));
        }
        counts
    }

    /// What a source with this delay knows at `now` of what happened in an hour.
    pub fn known(&self, service: &Service, hour: Hour, settling: Settling, now: Timestamp) -> Counts {
        let thousandths = settling.known(age(hour, now));
        if thousandths == 0 {
            return Counts::default();
        }
        let mut counts = self.hour(service, hour, now);
        if thousandths < THOUSAND {
            let arrived = |count, purpose| share(count, thousandths, self.draw(service, purpose, hour));
            counts.started = arrived(counts.started, "started arrives");
            for (channel, count) in &mut counts.completed {
                *count = arrived(*count, channel.as_str());
            }
        }
        counts
    }

    /// What a source knows at `now` of the days from `first` to `last` of a zone.
    pub fn span(
        &self,
        service: &Service,
        (first, last): (Date, Date),
        zone: &TimeZone,
        settling: Settling,
        now: Timestamp,
    ) -> Counts {
        let mut sum = Counts::default();
        for hour in hours_of(first, last, zone) {
            sum.add(self.known(service, hour, settling, now));
        }
        sum
    }

    /// Ratings 1 to 5 left for a London day, once it is over.
    pub fn ratings(&self, service: &Service, date: Date, now: Timestamp) -> [u64; 5] {
        if date >= today(now, &self.zone) {
            return [0; 5];
        }
        let completed =
            self.span(service, (date, date), &self.zone, Settling::NONE, now).on(Channel::Digital);
        let number = i64::from(date.day_of_year()) + i64::from(date.year()) * 1000;
        let rated = share(completed, RATED, self.draw(service, "rated", number));
        let mut left = rated;
        let mut ratings = [0; 5];
        for (index, (rating, thousandths)) in ratings.iter_mut().zip(service.ratings).enumerate() {
            let drawn =
                super::draw(&[self.draw(service, "rating", number), u64::try_from(index).unwrap_or(0)]);
            *rating = share(rated, thousandths, drawn).min(left);
            left -= *rating;
        }
        if let Some(best) = ratings.last_mut() {
            *best += left;
        }
        ratings
    }

    /// What a London day cost, in pence.
    pub fn cost(&self, service: &Service, date: Date, now: Timestamp) -> u64 {
        let counts = self.span(service, (date, date), &self.zone, Settling::NONE, now);
        let (digital, other) = service.unit_cost;
        counts
            .completed
            .iter()
            .map(|(channel, count)| count * if *channel == Channel::Digital { digital } else { other })
            .sum()
    }
}
