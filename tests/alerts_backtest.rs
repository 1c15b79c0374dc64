//! `alerts backtest`: the past replayed as it was known, through the built program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::fmt::Write as _;
use std::path::Path;

use daemon::{Said, say};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::Value;

const FIRST: Date = date(2024, 1, 1);
const WEEKS: i64 = 120;
/// The Monday take-up falls: of week 100, without a bank holiday in it or the next.
const FALL: Date = date(2025, 12, 1);

/// Two years of weeks of a service that falls by twelve points and of one that does not, collected as they ended.
fn figures() -> String {
    let mut text = String::from(
        "service,measure,channel,coverage,period_kind,period_start,period_end,state,value,provisional,thresholded,\
         sampled_ppm,revision,collected_at,collector\n",
    );
    for week in 0..WEEKS {
        let start = FIRST + (7 * week).days();
        let end = start + 7.days();
        let collected_at = format!("{}T09:00:00Z", end + 1.day());
        for service in ["falling", "steady"] {
            let wobble = week * 7919 % 41 - 20;
            let lost = if service == "falling" && start >= FALL { 600 } else { 0 };
            let digital = 3500 + wobble - lost;
            for (channel, count) in [("digital", digital), ("phone", 5000 - digital)] {
                writeln!(
                    text,
                    "{service},completed,{channel},all,week,{start},{end},known,{count},false,false,,1,{collected_at},sheets"
                )
                .unwrap();
            }
        }
    }
    text
}

/// A data directory that has imported them, with labels.
fn replayable() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("figures.csv", &figures());
    put(
        "labels.jsonl",
        &format!(
            "{{\"service\":\"falling\",\"from\":\"{FALL}\",\"points\":12,\"event\":\"step\"}}\n\n\
             {{\"service\":\"steady\",\"event\":\"quiet\",\"verdict\":\"quiet\"}}\n"
        ),
    );
    put("wrong.jsonl", "{\"service\":\"steady\",\"verdict\":\"quiet\"}\n{\"servise\":\"falling\"}\n");
    std::fs::create_dir(folder.path().join("services")).unwrap();
    for service in ["falling", "steady"] {
        let declared = format!(
            "[[service]]\nid = {service:?}\nname = {service:?}\nchannels = [\"digital\", \"phone\"]\n"
        );
        put(&format!("services/{service}.toml"), &declared);
    }
    let place = |name: &str| folder.path().join(name).display().to_string();
    put("config.toml", &format!("data_dir = {:?}\nservices_dir = {:?}\n", place("data"), place("services")));
    let path = folder.path().join("figures.csv");
    let said = run(folder.path(), &["import", path.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Said {
    let config = folder.join("config.toml");
    say(&folder.join("data"), &[&["--config", config.to_str().unwrap()], arguments].concat())
}

fn backtest(folder: &Path, arguments: &[&str]) -> String {
    let said = run(folder, &[&["alerts", "backtest"], arguments].concat());
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_fall_is_told_once_with_these_keys_and_as_soon_as_it_was_known() {
    let folder = replayable();
    let told = rows(&backtest(folder.path(), &["--json"]));
    assert_eq!(told.len(), 1, "{told:?}");
    let mut keys: Vec<&String> = told[0].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["from", "known_on", "kpi", "period_kind", "period_start", "service", "severity", "to"]);
    let of = |key: &str| told[0][key].as_str().unwrap().to_owned();
    assert_eq!(of("service"), "falling");
    assert_eq!((of("kpi"), of("period_kind")), ("digital_takeup".to_owned(), "week".to_owned()));
    assert_eq!((of("severity"), of("period_start")), ("critical".to_owned(), FALL.to_string()));
    assert_eq!(of("known_on"), (FALL + 8.days()).to_string());
    let ratio = |key: &str| of(key).parse::<f64>().unwrap();
    assert!((ratio("from") - 0.70).abs() < 0.01 && (ratio("to") - 0.58).abs() < 0.01, "{told:?}");
}

#[test]
fn only_what_was_raised_between_the_days_asked_for_is_told() {
    let folder = replayable();
    let known_on = FALL + 8.days();
    let (known, before) = (known_on.to_string(), (known_on - 1.day()).to_string());
    let after = (known_on + 1.day()).to_string();
    assert_eq!(rows(&backtest(folder.path(), &["--json", "--to", &before])), Vec::<Value>::new());
    assert_eq!(rows(&backtest(folder.path(), &["--json", "--from", &after])), Vec::<Value>::new());
    assert_eq!(rows(&backtest(folder.path(), &["--json", "--from", &known, "--to", &known])).len(), 1);
}

#[test]
fn labels_score_our_rules_and_the_simple_ones_beside_them() {
    let folder = replayable();
    let labels = folder.path().join("labels.jsonl");
    let text = backtest(folder.path(), &["--labels", labels.to_str().unwrap(), "--compare"]);
    let sections: Vec<&str> = text.split("\nBy week, ").collect();
    let names: Vec<&str> = sections[1..].iter().map(|section| section.split_once(':').unwrap().0).collect();
    assert_eq!(names[..2], ["all rules", "drop"], "{text}");
    assert_eq!(names.len(), 5, "ours together and one by one, and three simple ones: {text}");
    assert!(
        sections[1].starts_with("all rules: 0.000 false alarms a service-year (0.000 critical)"),
        "{text}"
    );
    let step: Vec<&str> =
        sections[1].lines().find(|line| line.starts_with("step")).unwrap().split_whitespace().collect();
    assert_eq!(step[..5], ["step", "12", "1", "100", "%"], "{text}");
    assert_eq!(step[11], "1.0", "found in its first week: {text}");
    let quiet: Vec<&str> =
        sections[1].lines().find(|line| line.starts_with("quiet")).unwrap().split_whitespace().collect();
    assert_eq!(quiet[..5], ["quiet", "0", "1", "0", "%"], "{text}");
}

#[test]
fn a_line_that_is_no_label_is_named() {
    let folder = replayable();
    let labels = folder.path().join("wrong.jsonl");
    let said = run(folder.path(), &["alerts", "backtest", "--labels", labels.to_str().unwrap()]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("line 2 is not a label"), "{}", said.err);
}

#[test]
fn before_there_has_been_an_alert_the_lists_are_empty_and_whole() {
    let folder = replayable();
    let list = |arguments: &[&str]| run(folder.path(), &[&["alerts", "list"], arguments].concat());
    assert_eq!(list(&[]).out, "no alert is open\n");
    assert_eq!(list(&["--all"]).out, "there has been no alert\n");
    assert_eq!(list(&["--json"]).out, "");
    let header = list(&["--csv"]).out;
    assert!(header.starts_with("id,state,rule,severity,service_id,"), "{header}");
}

#[test]
fn a_sample_goes_nowhere_without_a_receiver() {
    let folder = replayable();
    let said = run(folder.path(), &["alerts", "test"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("[receivers.NAME]"), "{}", said.err);
}
