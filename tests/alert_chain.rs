//! A drop reaches a person, and so does its end: through Prometheus and Alertmanager with what
//! `dashboards/` ships, and from the daemon to Alertmanager directly.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.
#![cfg(feature = "demo")]

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;
#[path = "support/monitoring.rs"]
#[allow(dead_code, unreachable_pub)]
mod monitoring;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use daemon::{Daemon, checkout, program};
use jiff::{ToSpan, Zoned};
use monitoring::{Webhook, alertmanager, prometheus};
use serde_json::Value;

const DROPPING: &str = "renew-kite-permit";

fn shipped(path: &str) -> String {
    std::fs::read_to_string(checkout("dashboards").join(path)).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

/// A shipped file in which these settings have another duration; nothing else of it is changed.
fn paced(path: &str, durations: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for line in shipped(path).lines() {
        let found = durations.iter().find_map(|(setting, duration)| {
            let (before, value) = line.split_once(&format!("{setting}: "))?;
            before.chars().all(|c| c == ' ').then(|| {
                let rest = value.split_once(' ').map(|(_, rest)| format!(" {rest}")).unwrap_or_default();
                format!("{before}{setting}: {duration}{rest}")
            })
        });
        writeln!(text, "{}", found.as_deref().unwrap_or(line)).unwrap();
    }
    text
}

/// Alertmanager's configuration as shipped, without its waits, and with one webhook for every address.
fn routes(folder: &Path, hook: &str) -> PathBuf {
    let text =
        paced("alertmanager/alertmanager.example.yml", &[("group_wait", "0s"), ("group_interval", "1s")]);
    let (before, rest) = text.split_once("    email_configs:\n").unwrap();
    let (_, after) = rest.split_once("        send_resolved: true\n").unwrap();
    let text = format!("{before}    webhook_configs: [{{ url: \"{hook}\", send_resolved: true }}]\n{after}");
    let text = replaced(&text, "http://127.0.0.1:9095/service-managers", hook);
    write(folder, "alertmanager.yml", &replaced(&text, "http://127.0.0.1:9095/platform", hook))
}

/// Whether a message tells this of an alert about a service.
fn tells<'a>(status: &'a str, alert: &'a str, service: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |body| {
        body["alerts"].as_array().is_some_and(|alerts| {
            alerts.iter().any(|told| {
                told["status"] == status
                    && told["labels"]["alertname"] == alert
                    && told["labels"]["service"] == service
            })
        })
    }
}

fn host(address: &str) -> &str {
    address.trim_start_matches("http://")
}

#[test]
fn a_drop_of_the_demo_reaches_a_webhook_by_the_shipped_rules_and_so_does_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let hook = Webhook::start();
    let Some(alertmanager) = alertmanager(&routes(folder.path(), &hook.address), folder.path()) else {
        return;
    };
    for file in ["recording.rules.yml", "process.rules.yml", "kpi.rules.yml"] {
        let pace = [("interval", "1s"), ("for", "0s"), ("keep_firing_for", "0s")];
        // Rules about the program keep their patience: they are not what is shown here.
        let pace = if file == "process.rules.yml" { &pace[..1] } else { &pace[..] };
        write(folder.path(), file, &paced(&format!("prometheus/{file}"), pace));
    }
    // Its last week fell against the week before; with the next week it falls no further.
    let demo = Daemon::launch(program(&folder.path().join("data")).args(["demo", "--day-seconds", "2"]));
    demo.get_until("/metrics", |_, body| body.contains(DROPPING));
    let config = paced(
        "prometheus/prometheus.example.yml",
        &[("scrape_interval", "1s"), ("evaluation_interval", "1s")],
    );
    let config = replaced(&config, "127.0.0.1:9093", host(&alertmanager.address));
    let config = replaced(&config, "127.0.0.1:9480", host(&demo.address));
    let config = write(folder.path(), "prometheus.yml", &config);
    let Some(_prometheus) = prometheus(&config, folder.path()) else { return };
    hook.next("the drop", tells("firing", "PpDigitalTakeupDropped", DROPPING));
    hook.next("its end", tells("resolved", "PpDigitalTakeupDropped", DROPPING));
}

/// 90 days up to yesterday, of which the last six are `digital` out of 1,000.
fn volumes(digital: u32) -> String {
    let yesterday = Zoned::now().with_time_zone(kpi::period::london()).date().saturating_sub(1.day());
    let mut text = "service,day,measure,channel,value\n".to_owned();
    for back in (0..90).rev() {
        let digital = if back < 6 { digital } else { 700 };
        let day = yesterday.saturating_sub(back.days());
        writeln!(text, "renew-a-permit,{day},completed,digital,{digital}").unwrap();
        writeln!(text, "renew-a-permit,{day},completed,paper,{}", 1000 - digital).unwrap();
    }
    text
}

#[test]
fn a_drop_reaches_alertmanager_from_the_daemon_and_so_does_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let hook = Webhook::start();
    let Some(alertmanager) = alertmanager(&routes(folder.path(), &hook.address), folder.path()) else {
        return;
    };
    let table = write(folder.path(), "volumes.csv", &volumes(400));
    let services = folder.path().join("services");
    std::fs::create_dir(&services).unwrap();
    let service = "[[service]]\nid = \"renew-a-permit\"\nname = \"Renew a permit\"\n\
                   channels = [\"digital\", \"paper\"]\n";
    write(&services, "permits.toml", service);
    let config = format!(
        r#"
services_dir = {services:?}

[collectors.permits]
kind = "spreadsheet"
schedule = "* * * * * *"
[collectors.permits.settings]
file = {table:?}
layout = "long"
columns = {{ service = "service", period = "day", measure = "measure", channel = "channel", value = "value" }}
periods = {{ kind = "day", formats = ["date"] }}

[receivers.alertmanager]
kind = "alertmanager"
[receivers.alertmanager.settings]
urls = ["{}"]
"#,
        alertmanager.address
    );
    let daemon = Daemon::start(&folder.path().join("data"), &write(folder.path(), "pp.toml", &config));
    let told = hook.next("the drop", tells("firing", "PpKpiDropped", "renew-a-permit"));
    let summary = told["alerts"][0]["annotations"]["summary"].as_str().unwrap();
    assert!(summary.contains("Renew a permit: digital take-up fell to 40%"), "{summary}");
    // The owner corrects the figures.
    write(folder.path(), "volumes.csv.part", &volumes(700));
    std::fs::rename(folder.path().join("volumes.csv.part"), &table).unwrap();
    hook.next("its end", tells("resolved", "PpKpiDropped", "renew-a-permit"));
    assert_eq!(daemon.stop(), Some(0));
}
