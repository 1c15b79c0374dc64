//! An export of Feedback Explorer to ratings.
//!
//! Each night the ratings of the day before are added up in rows of the type
//! `aggregated-service-feedback`, one for each level that somebody gave; the answers with a comment stay
//! beside them and are in those sums (support-api, README, "Aggregated service feedback"). So only the
//! sums are counted, and what people wrote is neither kept nor quoted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use kpi::{
    Batch, BatchBuilder, Channel, Coverage, Measure, Note, Period, PeriodKind, Point, Quality, Rating,
    SeriesKey, ServiceId, Value,
};

use super::config::Services;
use crate::spreadsheet::config::OnError;
use crate::spreadsheet::header::{self, Field, Header};
use crate::spreadsheet::plan::{Plan, Role};
use crate::spreadsheet::read::Outcome;
use crate::spreadsheet::report::{Origin, Place, Problem, shown};
use crate::spreadsheet::table::{Row, Table};

const AGGREGATED: &str = "aggregated-service-feedback";
const INDIVIDUAL: &str = "service-feedback";
/// Problems listed for one file; the rest are counted.
const PROBLEMS_LISTED: usize = 1000;

/// Reads a file.
pub(super) fn read(plan: &Plan, services: &Services, file: &str, bytes: &[u8]) -> Outcome {
    let whole =
        |message: String| Outcome::Rejected { message: format!("{file}: {message}"), details: Vec::new() };
    let table = match Table::open(plan, file, bytes) {
        Ok(table) => table,
        Err(message) => return whole(message),
    };
    let header = match header::find(plan, &table, file) {
        Ok(header) => header,
        Err(message) => {
            return whole(format!("{message}; export it again from Feedback Explorer, with every column"));
        }
    };
    let origin = Origin { file: Arc::from(file), sheet: None };
    let mut export = Export::new(plan, services, origin, header);
    let mut short = None;
    let needed = export.header.names.len();
    let read = table.rows(&mut |row| {
        // A sum that is missing would count as a zero: a file cut short is not read at all.
        if row.number > export.header.row && row.width() < needed {
            short = Some((row.number, row.width()));
            return ControlFlow::Break(());
        }
        if row.number > export.header.row {
            export.row(row);
        }
        ControlFlow::Continue(())
    });
    if let Some((number, cells)) = short {
        return whole(format!(
            "cells in row {number}: {cells}, where the header has {needed}; the file may be cut short: download it again"
        ));
    }
    match read {
        Ok(()) => export.finish(file),
        Err(message) => whole(message),
    }
}

/// The slug in `/done/slug`, in a whole address, or alone.
pub(super) fn slug(path: &str) -> &str {
    let path = path.trim().split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// The level and count in `Rating of 4: 17`.
fn rating(text: &str) -> Option<(Rating, u64)> {
    let (level, count) = text.trim().strip_prefix("Rating of ")?.split_once(':')?;
    let level: u8 = level.trim().parse().ok()?;
    let rating = Rating::ALL.into_iter().find(|rating| rating.level() == level)?;
    Some((rating, count.trim().replace(',', "").parse().ok()?))
}

/// What has been read of a file.
struct Export<'p> {
    plan: &'p Plan,
    services: &'p Services,
    origin: Origin,
    header: Header,
    /// The counts of each service and day, with the row each is in.
    days: BTreeMap<(ServiceId, Period), BTreeMap<u8, (u64, u32)>>,
    /// Days with answers that nothing has added up so far.
    individual: BTreeSet<(ServiceId, Period)>,
    /// Days, or with `None` every day, of which a sum could not be read: what is not there is not zero.
    spoiled: BTreeSet<(ServiceId, Option<Period>)>,
    other_services: BTreeSet<String>,
    problems: Vec<Problem>,
    unlisted: u64,
}

impl<'p> Export<'p> {
    fn new(plan: &'p Plan, services: &'p Services, origin: Origin, header: Header) -> Self {
        Self {
            plan,
            services,
            origin,
            header,
            days: BTreeMap::new(),
            individual: BTreeSet::new(),
            spoiled: BTreeSet::new(),
            other_services: BTreeSet::new(),
            problems: Vec::new(),
            unlisted: 0,
        }
    }

    fn text<'r>(&self, row: &Row<'r>, role: Role) -> &'r str {
        match self.header.fields.get(&role) {
            Some(Field::Column(index)) => row.text(*index),
            _ => "",
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        // Problem reports and the like are exported too.
        let aggregated = match self.text(row, Role::Measure) {
            AGGREGATED => true,
            INDIVIDUAL => false,
            _ => return,
        };
        let slug = slug(self.text(row, Role::Service)).to_lowercase();
        let service = match self.services.get(&slug) {
            Some(service) => service.clone(),
            None if !self.services.is_empty() => {
                self.other_services.insert(shown(&slug));
                return;
            }
            None => {
                let Ok(service) = slug.parse() else {
                    let text =
                        "expected a path such as /done/a-service; or list the services wanted in `services`";
                    return self.problem(row, Role::Service, format!("{:?}: {text}", shown(&slug)));
                };
                service
            }
        };
        let written = self.text(row, Role::Period);
        let (date, time) = written.split_once([' ', 'T']).unwrap_or((written, ""));
        let day = match self.plan.dates.period(date, Some(PeriodKind::Day)) {
            // A sum is dated the midnight its day begins with. Another time is that of another zone, and
            // the day with it.
            Ok(_) if aggregated && time.bytes().any(|byte| matches!(byte, b'1'..=b'9')) => {
                Err("a sum is dated midnight; export the file with London times".to_owned())
            }
            read => read,
        };
        match day {
            Ok(day) if aggregated => self.sum(row, service, day),
            Ok(day) => {
                self.individual.insert((service, day));
            }
            Err(expected) => {
                self.problem(row, Role::Period, format!("{:?}: {expected}", shown(written)));
                if aggregated {
                    self.spoiled.insert((service, None));
                }
            }
        }
    }

    fn sum(&mut self, row: &Row<'_>, service: ServiceId, day: Period) {
        let Some((rating, count)) = rating(self.text(row, Role::Value)) else {
            let text =
                "a sum that does not read \"Rating of N: COUNT\" with N from 1 to 5; export the file again";
            self.problem(row, Role::Value, text.to_owned());
            self.spoiled.insert((service, Some(day)));
            return;
        };
        let level = rating.level();
        let counts = self.days.entry((service.clone(), day)).or_default();
        let before = *counts.entry(level).or_insert((count, row.number));
        if before.0 != count {
            let (count_before, row_before) = before;
            let text = format!(
                "rating {level} of {day} is {count} here and {count_before} in row {row_before}; export the file again"
            );
            self.problem(row, Role::Value, text);
            self.spoiled.insert((service, Some(day)));
        }
    }

    /// A problem of a cell, which is not quoted: it may be what somebody wrote.
    fn problem(&mut self, row: &Row<'_>, role: Role, text: String) {
        if self.problems.len() >= PROBLEMS_LISTED {
            self.unlisted += 1;
            return;
        }
        let place = match self.header.fields.get(&role) {
            Some(Field::Column(index)) => Place::cell(&self.origin, row.number, self.header.column(*index)),
            _ => Place::row(&self.origin, row.number),
        };
        self.problems.push(Problem { place, text });
    }

    fn finish(self, file: &str) -> Outcome {
        if !self.problems.is_empty() && self.plan.on_error == OnError::RejectFile {
            let count = self.problems.len();
            let mut details: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
            if self.unlisted > 0 {
                details.push(format!("{file}: and {} more", self.unlisted));
            }
            let things = if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") };
            let message = format!(
                "{file}: {things}, and none of its figures taken; correct the file, or set `on_error`"
            );
            return Outcome::Rejected { message, details };
        }
        let mut batch = self.figures(file);
        batch.notes.extend(self.problems.into_iter().map(Problem::into_note));
        if self.unlisted > 0 {
            let text = format!("and {} more", self.unlisted);
            batch.notes.push(Note { place: file.to_owned(), text });
        }
        Outcome::Figures(batch)
    }

    fn figures(&self, file: &str) -> Batch {
        let mut builder = BatchBuilder::new();
        for ((service, day), counts) in &self.days {
            let spoiled = |day| self.spoiled.contains(&(service.clone(), day));
            if spoiled(None) || spoiled(Some(*day)) {
                continue;
            }
            for rating in Rating::ALL {
                // A level that nobody gave has no row on a day that has been added up.
                let count = counts.get(&rating.level()).map_or(0, |(count, _)| *count);
                let key = SeriesKey {
                    service: service.clone(),
                    measure: Measure::Rating(rating),
                    channel: Channel::Digital,
                    coverage: Coverage::All,
                    period_kind: PeriodKind::Day,
                };
                let value = Value::Known(count.into());
                builder.push(key, Point { period: *day, value, quality: Quality::default() });
            }
        }
        let waiting: BTreeSet<&(ServiceId, Period)> =
            self.individual.iter().filter(|day| !self.days.contains_key(*day)).collect();
        for (service, day) in waiting.iter().take(20) {
            let text = format!(
                "the answers about {service} on {day} are not added up in this export, and left out; a later one has them"
            );
            builder.note(file, text);
        }
        if let Some(more) = waiting.len().checked_sub(20).filter(|more| *more > 0) {
            builder.note(file, format!("and {more} more days that are not added up"));
        }
        if !self.other_services.is_empty() {
            let count = self.other_services.len();
            builder.note(file, format!("services that `services` does not list are left out: {count}"));
        }
        builder.finish().0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Rating of 4: 17", Some((Rating::Four, 17)))]
    #[case("Rating of 5: 1,204", Some((Rating::Five, 1204)))]
    #[case("Rating of 6: 1", None)]
    #[case("Rating of 1: -1", None)]
    #[case("I would give it a Rating of 1: awful", None)]
    fn a_sum_is_read(#[case] text: &str, #[case] expected: Option<(Rating, u64)>) {
        assert_eq!(rating(text), expected);
    }

    #[rstest]
    #[case("/done/a-service", "a-service")]
    #[case("https://www.gov.uk/done/a-service/?from=x", "a-service")]
    #[case("a-service", "a-service")]
    fn a_slug_is_found(#[case] path: &str, #[case] expected: &str) {
        assert_eq!(slug(path), expected);
    }

    proptest! {
        #[test]
        fn no_file_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300), body in "[0-9/,:\"\na-z -]{0,300}") {
            let (plan, services) = super::super::config::plan(&"file = \"x.csv\"".parse().unwrap()).unwrap();
            let _ = read(&plan, &services, "x.csv", &bytes);
            let text = format!(
                "creation date,path or service name,feedback,type\n2026-11-16,a,Rating of 1: 2,aggregated-service-feedback\n{body}"
            );
            let _ = read(&plan, &services, "x.csv", text.as_bytes());
        }
    }
}
