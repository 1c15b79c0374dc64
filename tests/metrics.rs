//! What Prometheus is given: well named, described, without doubles, and documented.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

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
    let Ok(mut promtool) = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        assert!(
            std::env::var_os("CI").is_none(),
            "promtool is not installed: the Debian package is prometheus"
        );
        println!("absent: promtool (Debian package prometheus); this test proves nothing without it");
        return;
    };
    promtool.stdin.take().unwrap().write_all(exposed().as_bytes()).unwrap();
    let said = promtool.wait_with_output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(String::from_utf8_lossy(&said.stderr), "");
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

#[test]
fn the_manual_lists_exactly_the_metrics_there_are() {
    let manual = std::fs::read_to_string(checkout("docs/metrics.md")).unwrap();
    // The table of what is not there yet has no column for a type.
    let is_declared = |line: &&str| line.starts_with("| `pp_") && line.matches(" | ").count() >= 3;
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
