//! Promise 10: every outlet agrees, to the digit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::collections::BTreeMap;

use daemon::{Daemon, checkout, say};
use serde_json::Value;

/// Subject, KPI, start of the period; state and value.
type Kpis = BTreeMap<(String, String, String), (String, String)>;

const KINDS: [&str; 6] = ["week", "month", "quarter", "year", "financial_year", "year_to"];

fn of_json<'a>(rows: impl IntoIterator<Item = &'a Value>) -> Kpis {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.into_iter()
        .map(|row| {
            let key = (text(&row["subject"]["id"]), text(&row["kpi"]), text(&row["period"]["start"]));
            (key, (text(&row["state"]), text(&row["value"])))
        })
        .collect()
}

fn of_csv(text: &str) -> Kpis {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .deserialize::<BTreeMap<String, String>>()
        .map(Result::unwrap)
        .map(|row| {
            let column = |name: &str| row[name].clone();
            let key = (column("subject_id"), column("kpi"), column("period_start"));
            (key, (column("state"), column("value")))
        })
        .collect()
}

/// The name of a KPI's value in `/metrics`.
fn metric(kpi: &str) -> &'static str {
    match kpi {
        "transactions" => "pp_transactions_all_channels",
        "digital_takeup" => "pp_digital_takeup_ratio",
        "completion_rate" => "pp_completion_ratio",
        "cost_per_transaction" => "pp_cost_per_transaction_gbp",
        "total_cost" => "pp_cost_gbp",
        "user_satisfaction" => "pp_user_satisfaction_ratio",
        other => panic!("{other} is not a KPI"),
    }
}

#[test]
fn terminal_json_csv_and_metrics_show_the_same_digits() {
    let data = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(data.path(), &checkout("config/default.toml"));
    let metrics = daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    let services: Value = serde_json::from_str(&daemon.get("/api/v1/services").1).unwrap();
    let services = services["services"].as_array().unwrap();
    let newest: Vec<&Value> =
        services.iter().flat_map(|service| service["kpis"].as_array().unwrap()).collect();
    let samples: BTreeMap<&str, &str> = metrics.lines().filter_map(|line| line.rsplit_once(' ')).collect();
    let mut known = 0;
    for kind in KINDS {
        let api: Value = serde_json::from_str(&daemon.get(&format!("/api/v1/kpis?period={kind}")).1).unwrap();
        let api = of_json(api["kpis"].as_array().unwrap());
        let csv = daemon.get(&format!("/api/v1/kpis.csv?period={kind}")).1;
        assert_eq!(of_csv(&csv), api, "{kind}: CSV and JSON");
        let of_kind = newest.iter().copied().filter(|row| row["period"]["kind"] == kind);
        assert_eq!(of_json(of_kind), api, "{kind}: snapshot and history");
        if !api.is_empty() {
            let terminal = say(data.path(), &["kpi", "--period", kind, "--json"]).out;
            let terminal: Vec<Value> =
                terminal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(of_json(&terminal), api, "{kind}: terminal and API");
        }
        for ((service, kpi, _), (state, value)) in &api {
            let labels = format!("service=\"{service}\",kpi=\"{kpi}\",period=\"{kind}\",state=\"{state}\"");
            assert_eq!(samples.get(format!("pp_kpi_state{{{labels}}}").as_str()), Some(&"1"), "{labels}");
            let series = format!("{}{{service=\"{service}\",period=\"{kind}\"}}", metric(kpi));
            let sample = samples.get(series.as_str());
            assert_eq!(sample.is_some(), state == "known", "{series}");
            if let Some(sample) = sample {
                // Both are rounded from the same exact value, one by the KPI's own decimals.
                let decimals = value.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                assert_eq!(format!("{:.decimals$}", sample.parse::<f64>().unwrap()), *value, "{series}");
                known += 1;
            }
        }
    }
    assert!(known > 100, "{known}");
}
