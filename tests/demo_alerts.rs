//! The demonstration's dropping service raises one alert, its silent one another, and nothing else does; a
//! second start raises nothing anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.
#![cfg(feature = "demo")]

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::path::Path;

use daemon::{Daemon, program, say};
use serde_json::Value;

const STORY: [&str; 4] = ["--anchor", "2026-06-15", "--seed", "7"];
const DROPPING: &str = "renew-kite-permit";
const SILENT: &str = "report-lost-anchor";

fn start(data: &Path) -> Daemon {
    Daemon::launch(program(data).args([&["demo", "--day-seconds", "2"][..], &STORY].concat()))
}

fn alerts(body: &str) -> Vec<Value> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["alerts"].as_array().cloned().unwrap_or_default()
}

/// The last day, as the answer writes it, of what the drop was seen in.
fn drop_seen_in(alerts: &[Value]) -> Option<String> {
    let drop = alerts.iter().find(|alert| alert["rule"] == "drop" && alert["state"] == "open")?;
    drop["latest"]["start"].as_str().map(str::to_owned)
}

/// All alerts, once the drop has been seen in figures of the day or later.
fn alerts_seen_in(daemon: &Daemon, day: &str) -> Vec<Value> {
    alerts(&daemon.get_until("/api/v1/alerts", |_, body| {
        drop_seen_in(&alerts(body)).is_some_and(|seen| seen.as_str() >= day)
    }))
}

/// Service, rule and beginning of each.
fn told(alerts: &[Value]) -> Vec<(String, String, String)> {
    let of = |alert: &Value, key: &str| alert[key].as_str().unwrap_or_default().to_owned();
    let mut told: Vec<_> = alerts
        .iter()
        .map(|alert| (of(alert, "service"), of(alert, "rule"), of(alert, "raised_at")))
        .collect();
    told.sort();
    told
}

#[test]
fn the_dropping_service_raises_one_alert_and_a_second_start_raises_none() {
    let data = tempfile::tempdir().unwrap();
    let daemon = start(data.path());
    // The last day of history, then days that pass: each is judged as it comes.
    let first = told(&alerts_seen_in(&daemon, "2026-06-16"));
    let what: Vec<_> = first.iter().map(|(service, rule, _)| (service.as_str(), rule.as_str())).collect();
    assert_eq!(what, [(DROPPING, "drop"), (SILENT, "overdue")], "{first:?}\n{}", daemon.log());
    assert_eq!(daemon.stop(), Some(0));

    let daemon = start(data.path());
    assert_eq!(told(&alerts_seen_in(&daemon, "2026-06-18")), first, "{}", daemon.log());
    assert_eq!(daemon.stop(), Some(0));

    let folder = data.path().join("demo");
    let config = folder.join("pp-collector.toml");
    let listed = say(&folder, &["--config", config.to_str().unwrap(), "alerts", "list"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    for service in [DROPPING, SILENT] {
        assert!(listed.out.contains(service), "{}", listed.out);
    }
}
