//! What Prometheus is given: well named, described, without doubles, and documented.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;
#[path = "support/monitoring.rs"]
#[allow(dead_code, unreachable_pub)]
mod monitoring;

use std::collections::BTreeSet;

use daemon::{Daemon, checkout};
use pp_collector::metrics::{DECLARED, Type};

fn exposed() -> String {
    let data = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(data.path(), &checkout("config/default.toml"));
    daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    let (status, body, kind) = daemon.get("/metrics");
    assert_eq!((status, kind.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    body
}

#[test]
fn promtool_finds_nothing_to_say_about_the_exposition() {
    let Some(promtool) = monitoring::promtool() else { return };
    let checked = monitoring::check(&promtool, &["check", "metrics"], exposed().as_bytes());
    assert!(checked.status.success(), "{}", monitoring::said(&checked));
    assert_eq!(monitoring::said(&checked), "");
}

#[test]
fn no_series_is_exposed_twice_and_every_name_is_declared() {
    let text = exposed();
    let mut seen = BTreeSet::new();
    let declared: BTreeSet<&str> = DECLARED.iter().map(|metric| metric.name).collect();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(seen.insert(series.to_owned()), "{series} is exposed twice");
        assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
        let name = series.split('{').next().unwrap();
        let base =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let known = declared.contains(name) || declared.contains(base) || name.starts_with("process_");
        assert!(known, "{name} is not in the table of metrics");
    }
}

/// The value of a label of a series.
fn label<'a>(series: &'a str, name: &str) -> &'a str {
    series.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}

#[test]
fn every_service_is_described_once_and_every_kpi_is_in_one_state() {
    let text = exposed();
    let samples: Vec<(&str, &str)> = text.lines().filter_map(|line| line.rsplit_once(' ')).collect();
    let of = |name: &'static str| {
        let name = format!("{name}{{");
        samples.iter().filter(move |(series, _)| series.starts_with(&name)).copied()
    };
    let described: Vec<&str> = of("pp_service_info").map(|(series, _)| label(series, "service")).collect();
    let services: BTreeSet<&str> = described.iter().copied().collect();
    assert_eq!(described.len(), services.len());
    assert!(services.len() > 30, "{}", services.len());
    assert!(samples.contains(&("pp_services", services.len().to_string().as_str())));

    let kpi = |series| ["service", "kpi", "period"].map(|name| label(series, name));
    let states: Vec<_> = of("pp_kpi_state").map(|(series, _)| kpi(series)).collect();
    let in_one: BTreeSet<_> = states.iter().copied().collect();
    assert_eq!(states.len(), in_one.len(), "a KPI is in two states");
    let known = |series: &str| label(series, "state") == "known";
    let known: BTreeSet<_> =
        of("pp_kpi_state").filter(|(series, _)| known(series)).map(|(series, _)| kpi(series)).collect();
    let valued: BTreeSet<_> = of("pp_digital_takeup_ratio")
        .map(|(series, _)| [label(series, "service"), "digital_takeup", label(series, "period")])
        .collect();
    let known_takeups: BTreeSet<_> =
        known.iter().copied().filter(|[_, kpi, _]| *kpi == "digital_takeup").collect();
    assert!(valued.len() > 30, "{}", valued.len());
    assert_eq!(valued, known_takeups, "a value is there exactly where the state is known");
    assert!(in_one.len() > known.len(), "and something is not known");
    for (series, _) in of("pp_kpi_period_end_timestamp_seconds") {
        assert!(in_one.contains(&kpi(series)), "{series} has no state");
    }
}

#[test]
fn the_manual_lists_exactly_the_metrics_there_are() {
    let manual = std::fs::read_to_string(checkout("docs/metrics.md")).unwrap();
    // The table of what is not there yet has no column for a type.
    let is_declared = |line: &&str| line.starts_with("| `") && line.matches(" | ").count() >= 3;
    let rows: Vec<&str> = manual.lines().filter(is_declared).collect();
    let expected: Vec<String> = DECLARED
        .iter()
        .map(|metric| {
            let kind = match metric.kind {
                Type::Gauge => "gauge",
                Type::Counter => "counter",
                Type::Histogram => "histogram",
            };
            format!("| `{}` | {kind} | {} | {} |", metric.name, metric.labels.join(", "), metric.help)
        })
        .collect();
    assert_eq!(rows, expected);
}
