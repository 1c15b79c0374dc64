//! The real Prometheus and Alertmanager that other tests start.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/monitoring.rs"]
#[allow(dead_code, unreachable_pub)]
mod monitoring;

use monitoring::{Webhook, alertmanager, prometheus};

#[test]
fn an_alert_of_prometheus_reaches_a_webhook_through_alertmanager_and_so_does_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let webhook = Webhook::start();
    let config = write(
        "alertmanager.yml",
        &format!(
            "route: {{receiver: hook, group_wait: 0s, group_interval: 1s}}\n\
             receivers: [{{name: hook, webhook_configs: [{{url: '{}'}}]}}]\n",
            webhook.address
        ),
    );
    let Some(alertmanager) = alertmanager(&config, folder.path()) else { return };
    let rules = |expression: &str| {
        let rule = format!("{{alert: Tried, expr: {expression}}}");
        write("rules.yml", &format!("groups: [{{name: tried, interval: 1s, rules: [{rule}]}}]\n"))
    };
    rules("vector(1)");
    let target = alertmanager.address.trim_start_matches("http://");
    let config = write(
        "prometheus.yml",
        &format!(
            "global: {{scrape_interval: 1s}}\nrule_files: [rules.yml]\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{target}']}}]}}]}}\n\
             scrape_configs: [{{job_name: self, static_configs: [{{targets: ['{target}']}}]}}]\n"
        ),
    );
    let Some(prometheus) = prometheus(&config, folder.path()) else { return };
    webhook.next("firing", |body| {
        body["status"] == "firing" && body["alerts"][0]["labels"]["alertname"] == "Tried"
    });
    let up = prometheus.until("scraped", |server| server.query("up == 1").pop());
    assert_eq!(up.0["job"], "self");

    rules("vector(1) == 2");
    prometheus.signal("HUP");
    webhook.next("resolved", |body| body["status"] == "resolved");
}
