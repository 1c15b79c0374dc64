//! `pp-collector demo`: six services with their KPIs from one command, and a start again that changes nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.
#![cfg(feature = "demo")]

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use collectors::{Clock, Context, Http, MachineRandomness, NoQuotaMeter};
use daemon::{Daemon, Said, program, say};
use pp_collector::config;
use pp_collector::demo::{self, DemoClock, Folder};
use serde_json::Value;

/// Past on any machine that runs this, because `kpi` goes by the machine's clock.
const STORY: [&str; 4] = ["--anchor", "2026-06-15", "--seed", "7"];
const PAPER: &str = "claim-winter-coal";
const SILENT: &str = "report-lost-anchor";
const SERVICES: [&str; 6] =
    ["book-canal-mooring", PAPER, "file-tree-return", "register-lighthouse", "renew-kite-permit", SILENT];

fn once(data: &Path) -> Said {
    let said = say(data, &[&["demo", "--once"][..], &STORY].concat());
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    said
}

/// A command on what the demonstration in `data` has gathered, by the configuration it wrote.
fn of_demo(data: &Path, arguments: &[&str]) -> String {
    let folder = data.join("demo");
    let config = folder.join("pp-collector.toml");
    let said = say(&folder, &[&["--config", config.to_str().unwrap()], arguments].concat());
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    said.out
}

/// Rows by service and KPI.
fn kpis(data: &Path, arguments: &[&str]) -> BTreeMap<(String, String), Value> {
    let text = of_demo(data, &[&["kpi", "--json", "--period", "month"], arguments].concat());
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| {
        let of = |place: &str| row.pointer(place).unwrap().as_str().unwrap().to_owned();
        ((of("/subject/id"), of("/kpi")), row.clone())
    })
    .collect()
}

fn state(rows: &BTreeMap<(String, String), Value>, service: &str, kpi: &str) -> String {
    let row = rows.get(&(service.to_owned(), kpi.to_owned()));
    row.map_or_else(|| "absent".to_owned(), |row| row["state"].as_str().unwrap().to_owned())
}

/// What `store stats` says of figures: not how often they were asked for.
fn figures(data: &Path) -> Vec<String> {
    let wanted = ["figures ", "superseded ", "series ", "newest day "];
    let said = of_demo(data, &["store", "stats"]);
    said.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name))).map(str::to_owned).collect()
}

#[test]
fn six_services_show_their_kpis_and_a_second_start_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let said = once(data.path());
    let took = began.elapsed();
    assert!(took < Duration::from_mins(1), "a new user waits a minute at most, and this took {took:?}");
    for service in SERVICES {
        assert!(said.out.contains(service), "{service} is not in:\n{}", said.out);
    }

    let newest = kpis(data.path(), &[]);
    for service in SERVICES {
        let takeup = state(&newest, service, "digital_takeup");
        assert_eq!(takeup, if service == PAPER { "not_applicable" } else { "known" }, "{service}");
        for kpi in ["transactions", "cost_per_transaction"] {
            assert_eq!(state(&newest, service, kpi), "known", "{kpi} of {service}");
        }
        for kpi in ["completion_rate", "user_satisfaction"] {
            assert!(service == PAPER || state(&newest, service, kpi) == "known", "{kpi} of {service}");
        }
    }
    let count = newest.keys().filter(|(_, kpi)| kpi == "transactions").count();
    assert_eq!(count, SERVICES.len(), "no service but these");
    let ends =
        |service: &str| newest[&(service.to_owned(), "transactions".to_owned())]["period"]["end"].clone();
    assert_eq!(ends("file-tree-return"), "2026-06-01");
    assert_eq!(ends(SILENT), "2026-05-01", "it fell silent on 6 May");
    let may = kpis(data.path(), &["--ending", "2026-06-01"]);
    for kpi in ["transactions", "digital_takeup", "completion_rate"] {
        assert_ne!(state(&may, SILENT, kpi), "known", "{kpi}");
        assert_eq!(state(&may, "renew-kite-permit", kpi), "known", "{kpi}");
    }

    let before = figures(data.path());
    assert_eq!(before.len(), 4, "{before:?}");
    let again = once(data.path());
    let collected: Vec<&str> = again.out.lines().filter(|line| line.ends_with(" revised")).collect();
    assert_eq!(collected.len(), 6, "a line for each source: {}", again.out);
    for line in collected {
        assert!(line.contains(": 0 new,") && line.ends_with(", 0 revised"), "{line}");
    }
    assert_eq!(figures(data.path()), before);
    of_demo(data.path(), &["store", "verify"]);
}

#[test]
fn the_daemon_of_the_demo_serves_six_services_and_time_passes() {
    let data = tempfile::tempdir().unwrap();
    let arguments = [&["demo", "--day-seconds", "2"][..], &STORY].concat();
    let daemon = Daemon::launch(program(data.path()).args(&arguments));
    daemon.get_until("/readyz", |status, _| status == 200);
    let metrics = daemon.get("/metrics").1;
    for service in SERVICES {
        let of_service = format!("service=\"{service}\"");
        assert!(metrics.contains(&of_service), "{service} is not in:\n{metrics}");
    }
    // The day after the anchor is over, so its figures are there.
    let path = "/api/v1/figures?service=claim-winter-coal&measure=completed&from=2026-06-15";
    daemon.get_until(path, |_, body| body.contains("2026-06-15"));
    // And a source asked over HTTP has been asked, which is counted.
    let path = "/api/v1/figures?service=renew-kite-permit&measure=completed&from=2026-06-16";
    daemon.get_until(path, |_, body| body.contains("\"2026-06-16\""));
    let metrics = daemon.get("/metrics").1;
    let counted =
        |metric: &str| metrics.lines().any(|line| line.starts_with(metric) && !line.ends_with(" 0"));
    assert!(counted("pp_http_client_requests_total{code=\"2xx\""), "{metrics}");
    assert!(counted("pp_http_client_request_duration_seconds_count{"), "{metrics}");
    // What alerts expect of the figures to come is there as well.
    for metric in ["expected_lower_ratio", "forecast_ratio"] {
        assert!(counted(&format!("pp_digital_takeup_{metric}{{")), "{metric} is not in:\n{metrics}");
    }
    assert!(counted("pp_kpi_next_due_timestamp_seconds{"), "{metrics}");
    assert_eq!(daemon.stop(), Some(0));
    let now = std::fs::read_to_string(data.path().join("demo/story.toml")).unwrap();
    assert!(!now.contains("2026-06-15T08:00:00Z"), "{now}");
    of_demo(data.path(), &["store", "verify"]);
}

#[tokio::test]
async fn every_source_of_the_demo_can_be_probed() {
    let data = tempfile::tempdir().unwrap();
    let folder = Folder::open(data.path(), None, None, jiff::civil::date(2026, 6, 15)).unwrap();
    let clock = DemoClock::new(folder.story.now);
    let sources = demo::start(&folder.story, &clock).await.unwrap();
    let file = folder.configure(&sources, "127.0.0.1:0").unwrap();
    let settings = config::load(&config::Source { file: Some(file), ..config::Source::default() }).unwrap();
    assert_eq!(settings.services.len(), SERVICES.len());
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let http =
        Http::new(collectors::http::client().unwrap(), Arc::clone(&clock), Arc::new(MachineRandomness));
    let context = Context { clock, http, bookmark: None, quota: Arc::new(NoQuotaMeter) };
    for collector in settings.collectors {
        let probed = collector.collector.probe(&context).await;
        assert!(probed.is_ok(), "{}: {}", collector.name, probed.unwrap_err());
    }
    sources.stop().await;
}

#[test]
fn another_story_in_the_same_folder_is_refused() {
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("demo")).unwrap();
    let story = "anchor = \"2026-06-15\"\nseed = 7\nnow = \"2026-06-15T08:00:00Z\"\n";
    std::fs::write(data.path().join("demo/story.toml"), story).unwrap();
    let said = say(data.path(), &["demo", "--once", "--anchor", "2026-01-01"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("began on 2026-06-15 with seed 7; leave out --anchor"), "{}", said.err);
}
