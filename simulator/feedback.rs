//! Feedback Explorer exports: ratings of GOV.UK "done" pages as a CSV.
//!
//! Each night the ratings of the day before are gathered into rows `Rating of N: COUNT`; the ratings
//! that came with a comment stay beside them, and are counted in them already. A day that is not
//! gathered yet has single rows only.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::World;
use crate::world::{Service, days, draw, part, signed};

const HEADER: [&str; 12] = [
    "creation date",
    "path or service name",
    "feedback",
    "service satisfaction rating",
    "browser name",
    "browser version",
    "browser platform",
    "user agent",
    "referrer",
    "type",
    "primary organisation",
    "all organisations",
];

/// Hour of the night at which the day before is gathered.
const GATHERED_AT: i8 = 2;
/// A comment, of several lines as comments often are. None was written by a user.
const COMMENT: &str = "Sample comment, \"quoted\",\non two lines";

/// The export of the days from `first` to `last` for every digital service, as of the world's clock.
pub fn export(world: &World, first: Date, last: Date) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(HEADER)?;
    for date in days(first, last) {
        for service in world.services().iter().filter(|service| service.is_digital()) {
            day(world, service, date, &mut out)?;
        }
    }
    out.into_inner().map_err(|error| error.into_error().into())
}

/// The name such a file is given.
pub fn file_name(first: Date, last: Date) -> String {
    format!("feedex_{first}_{last}_.csv")
}

fn day(
    world: &World,
    service: &Service,
    date: Date,
    out: &mut csv::Writer<Vec<u8>>,
) -> Result<(), csv::Error> {
    let now = world.now();
    let ratings = world.ratings(service, date, now);
    let local = world.zone().to_datetime(now);
    let gathered = date.saturating_add(1.day()).at(GATHERED_AT, 0, 0, 0) <= local;
    let done = format!("/done/{}", service.id);
    let mut row = |time: String, name: &str, text: &str, rating: String, kind: &str| {
        let browser = if kind == "service-feedback" { "Firefox" } else { "" };
        let none = "";
        let columns = [
            &time,
            name,
            text,
            &rating,
            browser,
            none,
            none,
            none,
            none,
            kind,
            "simulated-office",
            "simulated-office",
        ];
        out.write_record(columns)
    };
    for (rating, count) in (1_u64..).zip(ratings) {
        if gathered && count > 0 {
            let text = format!("Rating of {rating}: {count}");
            row(format!("{date} 00:00:00"), &done, &text, rating.to_string(), "aggregated-service-feedback")?;
        }
        let commented = count / 12;
        let single = if gathered { commented } else { count };
        for number in 0..single {
            let seed = draw(&[
                world.seed(),
                service.key(),
                part("comment"),
                rating,
                number,
                signed(i64::from(date.day_of_year())),
            ]);
            let second = seed % 86_400;
            let time = format!("{date} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
            let text = if number < commented { COMMENT } else { "" };
            row(time, service.id.as_str(), text, rating.to_string(), "service-feedback")?;
        }
    }
    Ok(())
}
