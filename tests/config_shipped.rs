//! What is shipped works as it is.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod config_support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use config_support::source;
use kpi::{Channel, Measure, Period, PeriodKind, ServiceId};
use pp_collector::config::load;
use rust_decimal::Decimal;

#[test]
fn every_shipped_configuration_loads() {
    for file in ["config/default.toml", "config/example.toml"] {
        if let Err(problems) = load(&source(Path::new(file), BTreeMap::new())) {
            panic!("{problems}");
        }
    }
    let sheet = BTreeMap::from([("SHEET".to_owned(), "services.csv".to_owned())]);
    let settings = load(&source(Path::new("config/examples/transactional-services.toml"), sheet)).unwrap();
    assert!(settings.services.is_empty());
    assert_eq!(settings.collectors.len(), 1);
}

#[test]
fn the_default_configuration_is_read_when_none_is_named() {
    let mut unnamed = source(Path::new(""), BTreeMap::new());
    unnamed.file = None;
    let settings = load(&unnamed).unwrap();
    assert_eq!(settings.services.len(), 33);
    assert_eq!(settings.collectors[0].name.as_str(), "sample");
}

#[test]
fn the_sample_holds_figures_of_every_declared_service_and_no_other() {
    let settings = load(&source(Path::new("config/default.toml"), BTreeMap::new())).unwrap();
    let declared: BTreeSet<ServiceId> =
        settings.services.iter().map(|one| one.description.id.clone()).collect();
    let mut sampled = BTreeSet::new();
    let mut keys = BTreeSet::new();
    let mut sample = csv::Reader::from_path("config/sample/department-for-education.csv").unwrap();
    assert_eq!(
        sample.headers().unwrap().iter().collect::<Vec<_>>(),
        ["service", "period_kind", "period_start", "measure", "channel", "value"]
    );
    for row in sample.records() {
        let row = row.unwrap();
        let service: ServiceId = row[0].parse().unwrap();
        let kind: PeriodKind = row[1].parse().unwrap();
        let period = Period::from_start_text(kind, &row[2]).unwrap();
        let measure: Measure = row[3].parse().unwrap();
        let channel: Channel = row[4].parse().unwrap();
        row[5].parse::<Decimal>().unwrap();
        assert!(keys.insert((service.clone(), period, measure, channel)), "{row:?} is there twice");
        sampled.insert(service);
    }
    assert_eq!(sampled, declared);
}
