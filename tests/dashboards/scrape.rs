//! The real Prometheus, on the shipped configuration and rules, scrapes the program.

use std::path::Path;

use serde_json::Value;

use crate::boards::expressions;
use crate::daemon::{Daemon, checkout};
use crate::monitoring::{Server, Webhook, prometheus};
use crate::text;

/// A job without `honor_labels`, of which little is kept.
const FORGETFUL: &str = r#"
  - job_name: forgetful
    static_configs: [{ targets: ["TARGET"], labels: { service: shadow } }]
    metric_relabel_configs: [{ source_labels: [__name__], regex: pp_kpi_revisions, action: keep }]
"#;

/// The shipped files as they are, but for addresses, pace, and labels that get in the way of ours; and a
/// second job that has forgotten `honor_labels`.
fn configure(folder: &Path, target: &str, alertmanager: &str) -> std::path::PathBuf {
    for file in ["recording.rules.yml", "process.rules.yml", "kpi.rules.yml"] {
        let rules = text(&format!("prometheus/{file}"));
        assert!(rules.contains("interval: 1m\n"), "{file}");
        std::fs::write(folder.join(file), rules.replace("interval: 1m\n", "interval: 1s\n")).unwrap();
    }
    let mut config = text("prometheus/prometheus.example.yml");
    for (from, to) in [
        ("scrape_interval: 60s", "scrape_interval: 1s".to_owned()),
        ("[\"127.0.0.1:9093\"]", format!("[\"{alertmanager}\"]")),
        ("[\"127.0.0.1:9480\"]", format!("[\"{target}\"]\n        labels: {{ service: shadow }}")),
    ] {
        assert_eq!(config.matches(from).count(), 1, "{from}");
        config = config.replace(from, &to);
    }
    config += &FORGETFUL.replace("TARGET", target);
    let file = folder.join("prometheus.yml");
    std::fs::write(&file, config).unwrap();
    file
}

fn one(server: &Server, expression: &str) -> Option<f64> {
    server.query(expression).first().map(|(_, value)| *value)
}

#[test]
fn prometheus_scrapes_what_there_is_and_the_rules_and_boards_work_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&folder.path().join("data"), &checkout("config/default.toml"));
    let exposed = daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    let alertmanager = Webhook::start();
    let host = |address: &str| address.trim_start_matches("http://").trim_end_matches("/hook").to_owned();
    let config = configure(folder.path(), &host(&daemon.address), &host(&alertmanager.address));
    let Some(server) = prometheus(&config, folder.path()) else { return };

    server.until("both jobs scraped", |server| (one(server, "sum(up)") == Some(2.0)).then_some(()));
    for target in server.json("/api/v1/targets")["activeTargets"].as_array().unwrap() {
        assert_eq!((&target["health"], &target["lastError"]), (&"up".into(), &"".into()), "{target}");
    }
    let lines =
        |name: &str| exposed.lines().filter(|line| line.starts_with(&format!("{name}{{"))).count() as f64;
    for name in
        ["pp_service_info", "pp_kpi_state", "pp_digital_takeup_ratio", "pp_transactions", "target_info"]
    {
        assert_eq!(
            one(&server, &format!("count({name}{{job=\"pp-collector\"}})")),
            Some(lines(name)),
            "{name}"
        );
    }
    let shadowed = server.query("count by (job) ({exported_service!=\"\"})");
    let jobs: Vec<&Value> = shadowed.iter().map(|(labels, _)| &labels["job"]).collect();
    assert_eq!(jobs, ["forgetful"], "honor_labels keeps the service of every figure");

    let rules = server.until("every rule evaluated", |server| {
        let groups = server.json("/api/v1/rules")["groups"].as_array().unwrap().clone();
        let rules: Vec<Value> =
            groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect();
        rules.iter().all(|rule| rule["health"] != "unknown").then_some(rules)
    });
    assert!(rules.len() > 15, "{}", rules.len());
    for rule in &rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
    // The sample is of one department, whose take-up our own answer gives too.
    server.until("departments summed", |server| one(server, "department_period:pp_digital_takeup:ratio"));

    let mut with_data = 0;
    for (place, expression) in expressions() {
        // Prometheus finds two series where one is expected only when it meets them.
        let samples = server.query(&expression);
        with_data += usize::from(!samples.is_empty());
        println!("{place}: {} samples", samples.len());
    }
    assert!(with_data > 30, "{with_data}");
}
