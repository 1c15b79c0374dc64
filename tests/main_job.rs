//! The main job: real figures in, KPIs out, from one command.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::path::PathBuf;

use daemon::{Daemon, Said, checkout, finish, program, say};
use serde_json::Value;

const SHEET_CONFIG: &str = "config/examples/transactional-services.toml";

/// The government's sheet of October 2017, where it lies beside the checkout.
fn sheet() -> Option<PathBuf> {
    let sheet = std::env::var_os("TRANSACTIONAL_SERVICES_SHEET")
        .map_or_else(|| checkout("../shared/data/transactional-services-2017-10-31.csv"), PathBuf::from);
    if sheet.exists() {
        return Some(sheet);
    }
    println!(
        "absent: {} (this test needs the published sheet and proves nothing without it)",
        sheet.display()
    );
    None
}

fn with_sheet(data_dir: &tempfile::TempDir, sheet: &std::path::Path, arguments: &[&str]) -> Said {
    let mut command = program(data_dir.path());
    finish(command.env("SHEET", sheet).args(["--config", SHEET_CONFIG]).args(arguments))
}

fn lines(said: &Said) -> Vec<Value> {
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kpi<'a>(rows: &'a [Value], subject: &str, kpi: &str) -> &'a Value {
    rows.iter()
        .find(|row| row["subject"]["id"] == subject && row["kpi"] == kpi)
        .unwrap_or_else(|| panic!("no {kpi} of {subject} in {rows:?}"))
}

#[test]
fn the_published_sheet_gives_the_published_kpis() {
    let Some(sheet) = sheet() else { return };
    let data = tempfile::tempdir().unwrap();
    assert_eq!(with_sheet(&data, &sheet, &["collect", "--all"]).code, Some(0));

    let year = ["--period", "year_to", "--ending", "2017-01-01", "--json"];
    let government = lines(&with_sheet(&data, &sheet, &[&["kpi", "--by", "government"], &year[..]].concat()));
    let value = |name| kpi(&government, "government", name)["value"].as_str().unwrap();
    assert_eq!(value("transactions"), "3250767111");
    assert_eq!(value("digital_takeup"), "0.904351");
    assert_eq!(value("total_cost"), "1363458164.90");
    assert_eq!(value("cost_per_transaction"), "0.451514");
    let takeup = kpi(&government, "government", "digital_takeup");
    assert_eq!(takeup["services"], serde_json::json!({ "counted": 391, "of": 751 }));
    let held_back: Vec<_> = takeup["held_back"]
        .as_array()
        .unwrap()
        .iter()
        .map(|held| held["service"].as_str().unwrap())
        .collect();
    assert_eq!(
        held_back,
        [
            "defra-enhanced-capital-allowance-scheme-water-reuse",
            "defra-gm-authorisations",
            "dft-book-theory-driving-test",
            "dh-written-gp-referrals-to-first-outpatient-appointment",
        ]
    );

    let quarter = ["kpi", "--by", "government", "--period", "quarter", "--ending", "2016-10-01", "--json"];
    let quarter = lines(&with_sheet(&data, &sheet, &quarter));
    assert_eq!(kpi(&quarter, "government", "transactions")["value"], "833898051");
    assert_eq!(kpi(&quarter, "government", "digital_takeup")["value"], "0.872070");

    let departments =
        lines(&with_sheet(&data, &sheet, &[&["kpi", "--by", "department"], &year[..]].concat()));
    let education = |name| kpi(&departments, "department-for-education", name)["value"].clone();
    assert_eq!(education("transactions"), "2468429");
    assert_eq!(education("digital_takeup"), "0.691875");
    assert_eq!(education("cost_per_transaction"), "45.220408");
    assert_eq!(departments.iter().filter(|row| row["kpi"] == "transactions").count(), 18);
}

#[test]
fn the_sample_is_served_within_one_start() {
    let data = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(data.path(), &checkout("config/default.toml"));
    let metrics = daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    assert!(metrics.contains(r#"department="department-for-education""#), "{metrics}");
    assert_eq!(daemon.get("/healthz").0, 200);
    assert_eq!(daemon.get("/readyz").0, 200);
    let kpis = daemon.get("/api/v1/kpis?by=department&period=year_to&ending=2017-01-01").1;
    let kpis: Value = serde_json::from_str(&kpis).unwrap();
    let volume = kpi(kpis["kpis"].as_array().unwrap(), "department-for-education", "transactions");
    assert_eq!(volume["value"], "2468429");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn collecting_twice_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(say(data.path(), &["collect", "--all"]).code, Some(0));
    let first = say(data.path(), &["export"]).out;
    assert!(first.lines().count() > 300, "{first}");
    assert_eq!(say(data.path(), &["collect", "--all"]).code, Some(0));
    assert_eq!(say(data.path(), &["export"]).out, first);
    // Also where the program has forgotten that it read the file before.
    std::fs::remove_file(data.path().join("state.db")).unwrap();
    assert_eq!(say(data.path(), &["collect", "--all"]).code, Some(0));
    assert_eq!(say(data.path(), &["export"]).out, first);
    let verified = say(data.path(), &["store", "verify"]);
    assert_eq!(verified.code, Some(0), "{}", verified.out);
}

#[test]
fn a_killed_daemon_starts_again_where_it_was() {
    let data = tempfile::tempdir().unwrap();
    let config = checkout("config/default.toml");
    let daemon = Daemon::start(data.path(), &config);
    daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    let before = daemon.get("/api/v1/figures.csv").1;
    daemon.kill();
    let daemon = Daemon::start(data.path(), &config);
    daemon.get_until("/readyz", |status, _| status == 200);
    assert_eq!(daemon.get("/api/v1/figures.csv").1, before);
    daemon.kill();
    assert_eq!(say(data.path(), &["store", "verify"]).code, Some(0));
}

#[test]
fn a_second_daemon_on_the_same_store_refuses_to_start() {
    let data = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(data.path(), &checkout("config/default.toml"));
    let second = say(data.path(), &["run"]);
    assert_eq!(second.code, Some(1));
    assert!(second.err.contains("is in use by another process"), "{}", second.err);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn everything_written_lies_under_the_data_directory() {
    let data = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    for file in ["config/default.toml", "config/sample", "config/services"] {
        let target = elsewhere.path().join(file);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(checkout(file), target).unwrap();
    }
    let mut command = program(data.path());
    let said = finish(command.current_dir(elsewhere.path()).args(["collect", "--all"]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let mut left: Vec<_> =
        std::fs::read_dir(elsewhere.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["config"]);
    assert!(data.path().join("figures.db").exists());
}
