//! Promise 10: every outlet agrees, to the digit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::collections::BTreeMap;

use daemon::{Daemon, checkout, say};
use serde_json::Value;

type Kpis = BTreeMap<(String, String, String), String>;

fn of_json(rows: &[Value]) -> Kpis {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.iter()
        .filter(|row| row["state"] == "known")
        .map(|row| {
            let key = (text(&row["subject"]["id"]), text(&row["kpi"]), text(&row["period"]["start"]));
            (key, text(&row["value"]))
        })
        .collect()
}

fn of_csv(text: &str) -> Kpis {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .deserialize::<BTreeMap<String, String>>()
        .map(Result::unwrap)
        .filter(|row| row["state"] == "known")
        .map(|row| {
            let column = |name: &str| row[name].clone();
            ((column("subject_id"), column("kpi"), column("period_start")), column("value"))
        })
        .collect()
}

#[test]
fn terminal_json_csv_and_metrics_show_the_same_digits() {
    let data = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(data.path(), &checkout("config/default.toml"));
    let metrics = daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));

    let api: Value = serde_json::from_str(&daemon.get("/api/v1/kpis?period=year_to").1).unwrap();
    let api = of_json(api["kpis"].as_array().unwrap());
    assert!(api.len() > 50, "{api:?}");
    assert_eq!(of_csv(&daemon.get("/api/v1/kpis.csv?period=year_to").1), api);
    let terminal = say(data.path(), &["kpi", "--period", "year_to", "--json"]).out;
    let terminal: Vec<Value> = terminal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(of_json(&terminal), api);
    assert_eq!(of_csv(&say(data.path(), &["kpi", "--period", "year_to", "--csv"]).out), api);

    let services: Value = serde_json::from_str(&daemon.get("/api/v1/services").1).unwrap();
    let newest: Vec<Value> = services["services"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|service| service["kpis"].as_array().unwrap().clone())
        .filter(|row| row["period"]["kind"] == "year_to")
        .collect();
    assert_eq!(of_json(&newest), api);

    let takeup = api.iter().filter(|((_, kpi, _), _)| kpi == "digital_takeup");
    for ((service, _, _), value) in takeup {
        let name = format!("pp_digital_takeup_ratio{{service=\"{service}\",period=\"year_to\"}} ");
        let sample =
            metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(format!("{:.6}", sample.parse::<f64>().unwrap()), *value, "{service}");
    }
}
