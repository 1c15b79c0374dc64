//! What a source gives is made into a submission: only what cannot be a figure is refused, and what is
//! left out is said.
#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the verdict")]

#[path = "support/running/mod.rs"]
mod running;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use kpi::service::{ServiceDescription, ServiceRules};
use kpi::{Batch, Period, PeriodKind, ServiceId, Value};
use pp_collector::config::settings::{Publish, ServiceSettings, Targets};
use pp_collector::run::{Acceptance, Rules, ServiceBook, accept};
use pp_collector::store::Provenance;
use running::{day, figures};

fn describe(id: &str, name: &str) -> ServiceDescription {
    ServiceDescription { id: id.parse().unwrap(), name: name.to_owned(), department: None, agency: None }
}

fn visas() -> ServiceSettings {
    ServiceSettings {
        description: describe("visas", "Apply for a visa"),
        aliases: vec!["visa-applications".parse().unwrap()],
        rules: ServiceRules::undeclared(),
        targets: Targets::default(),
        publish: Publish::default(),
        alerts: std::sync::Arc::default(),
    }
}

fn accepted_at(now: &str, batch: Batch, days: Option<(Date, Date)>) -> Acceptance {
    let now: Timestamp = now.parse().unwrap();
    let provenance =
        Provenance { collector: "sheet".parse().unwrap(), adopts: Vec::new(), collected_at: now };
    accept(batch, provenance, &Rules { book: &ServiceBook::new(&[visas()]), days, now })
}

fn accepted(batch: Batch) -> Acceptance {
    accepted_at("2026-11-20T06:00Z", batch, None)
}

fn together(batches: Vec<Batch>) -> Batch {
    let mut all = Batch::default();
    for batch in batches {
        all.series.extend(batch.series);
        all.services.extend(batch.services);
    }
    all
}

fn values(acceptance: &Acceptance) -> Vec<(String, Period, Value)> {
    let series = &acceptance.submission.series;
    let all = series.iter().flat_map(|one| one.points.iter().map(move |point| (one, point)));
    all.map(|(one, point)| (one.key.service.to_string(), point.period, point.value)).collect()
}

fn texts(acceptance: &Acceptance) -> Vec<String> {
    acceptance.notes.iter().map(|note| format!("{}: {}", note.place, note.text)).collect()
}

#[test]
fn impossible_values_are_kept_raw() {
    let odd = figures("visas", &[(day("2026-11-18"), -3)]);
    let acceptance = accepted(odd);
    assert_eq!(values(&acceptance), [("visas".to_owned(), day("2026-11-18"), Value::Known((-3).into()))]);
    assert!(acceptance.whole && acceptance.notes.is_empty());
}

#[test]
fn a_period_that_has_not_ended_waits_and_is_said_once_a_series() {
    let batch = figures(
        "visas",
        &[(day("2026-11-19"), 1), (day("2026-11-20"), 2), (day("2026-11-21"), 3), (day("2026-11-22"), 4)],
    );
    let acceptance = accepted(batch.clone());
    assert_eq!(values(&acceptance).len(), 1);
    assert!(!acceptance.whole);
    assert_eq!(
        texts(&acceptance),
        [
            "visas, completed, digital: left out the day 2026-11-20 and 2 more: not ended yet; a figure is taken once \
its period has ended"
        ]
    );
    assert!(accepted_at("2026-11-23T00:00Z", batch, None).whole);
}

#[test]
fn a_period_ends_in_the_zone_of_its_service() {
    let batch = || figures("visas", &[(day("2026-06-30"), 1)]);
    assert!(!accepted_at("2026-06-30T22:59:59Z", batch(), None).whole);
    assert!(accepted_at("2026-06-30T23:00:00Z", batch(), None).whole);
}

#[test]
fn figures_under_an_alias_become_those_of_the_service() {
    let mut batch = together(vec![
        figures("visa-applications", &[(day("2026-11-18"), 1), (day("2026-11-17"), 7)]),
        figures("visas", &[(day("2026-11-19"), 2), (day("2026-11-17"), 7)]),
    ]);
    batch.services = vec![
        describe("visa-applications", "Visa applications"),
        describe("visas", "Apply for a visa"),
        describe("passports", "Get a passport"),
    ];
    let acceptance = accepted(batch);
    let known = |number: i64| Value::Known(number.into());
    assert_eq!(
        values(&acceptance),
        [
            ("visas".to_owned(), day("2026-11-17"), known(7)),
            ("visas".to_owned(), day("2026-11-18"), known(1)),
            ("visas".to_owned(), day("2026-11-19"), known(2)),
        ]
    );
    assert_eq!(acceptance.submission.series.len(), 1);
    let names: Vec<&str> =
        acceptance.submission.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["Apply for a visa", "Get a passport"], "its own description goes before an alias's");
}

#[test]
fn two_values_under_two_names_are_a_conflict_and_neither_is_taken() {
    let batch = together(vec![
        figures("visa-applications", &[(day("2026-11-18"), 1)]),
        figures("visas", &[(day("2026-11-18"), 2)]),
    ]);
    let acceptance = accepted(batch);
    assert!(values(&acceptance).is_empty());
    assert!(texts(&acceptance)[0].contains("left out the day 2026-11-18: given as 1 and as 2"));
}

#[test]
fn only_the_days_asked_for_are_kept() {
    let batch = figures("visas", &[(day("2026-11-16"), 1), (day("2026-11-17"), 2), (day("2026-11-18"), 3)]);
    let days = Some((date(2026, 11, 17), date(2026, 11, 17)));
    let acceptance = accepted_at("2026-11-20T06:00Z", batch, days);
    assert_eq!(values(&acceptance).len(), 1);
    assert!(!acceptance.whole, "so that the bookmark is not kept");
    assert!(acceptance.notes.is_empty(), "it was asked for");
}

#[test]
fn a_period_of_another_kind_than_its_series_is_a_fault_that_is_said() {
    let mut batch = figures("visas", &[(day("2026-11-16"), 1)]);
    let mut stray = batch.series[0].points[0];
    stray.period = Period::starting(PeriodKind::Month, date(2026, 10, 1)).unwrap();
    batch.series[0].points.push(stray);
    let acceptance = accepted(batch);
    assert_eq!(values(&acceptance).len(), 1);
    assert!(texts(&acceptance)[0].contains("left out the month 2026-10-01: not a day like the rest"));
}

#[test]
fn the_submission_says_who_gathered_it_and_when() {
    let acceptance = accepted(figures("visas", &[(day("2026-11-16"), 1)]));
    let provenance = Arc::new(acceptance.submission).provenance.clone();
    assert_eq!(provenance.collector.as_str(), "sheet");
    assert_eq!(provenance.collected_at.to_string(), "2026-11-20T06:00:00Z");
    assert_eq!("visas".parse::<ServiceId>().unwrap().as_str(), "visas");
}
