//! Boards of Grafana: they load in any Grafana, and ask for what there is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::expressions::problems;
use crate::monitoring::{check, promtool, said};
use crate::{shipped, text};

/// File, uid, and kind of data source. Links to a board go by its uid, so it never changes.
const BOARDS: [(&str, &str, &str); 4] = [
    ("overview", "pp-overview", "prometheus"),
    ("service", "pp-service", "prometheus"),
    ("collector-health", "pp-collector-health", "prometheus"),
    ("history", "pp-history", "influxdb"),
];

/// Built into Grafana.
const PANELS: [&str; 3] = ["stat", "table", "timeseries"];
const UNITS: [&str; 10] = [
    "short",
    "none",
    "percentunit",
    "currencyGBP",
    "dateTimeFromNow",
    "dateTimeAsLocal",
    "s",
    "bytes",
    "reqps",
    "",
];

fn board(name: &str) -> Value {
    serde_json::from_str(&text(&format!("grafana/boards/{name}.json"))).unwrap()
}

fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is_written(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

#[test]
fn the_boards_are_these() {
    let files = std::fs::read_dir(shipped("grafana/boards")).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(files, BOARDS.iter().map(|(name, ..)| format!("{name}.json")).collect());
}

#[test]
fn every_grafana_from_file_or_import_takes_the_boards() {
    for (name, uid, kind) in BOARDS {
        let board = board(name);
        assert_eq!(board["uid"], uid);
        assert!((39..=42).contains(&board["schemaVersion"].as_i64().unwrap()), "{name}");
        assert!(board.get("id").is_none() && board.get("__inputs").is_none(), "{name}");
        assert!(is_written(&board["title"]) && is_written(&board["description"]), "{name}");
        assert_eq!(board["editable"], false, "{name}");
        assert_eq!(board["timezone"], "Europe/London", "{name}");
        assert!(is_written(&board["time"]["from"]) && board["time"]["to"] == "now", "{name}");
        assert!(!board.to_string().contains("${DS_"), "{name}: only the import dialogue fills these in");

        let sources: Vec<&Value> = list(&board, "/templating/list")
            .iter()
            .filter(|variable| variable["type"] == "datasource")
            .collect();
        assert_eq!(sources.len(), 1, "{name}");
        assert_eq!(
            (&sources[0]["name"], &sources[0]["label"]),
            (&"datasource".into(), &"Data source".into())
        );
        assert_eq!(sources[0]["query"], kind, "{name}");
        for variable in list(&board, "/templating/list").iter().filter(|variable| variable["type"] == "query")
        {
            assert_eq!(variable["datasource"]["uid"], "${datasource}", "{name}: {}", variable["name"]);
            assert_eq!(variable["refresh"], 2, "{name}: {} follows the time", variable["name"]);
            if variable["multi"] == true {
                assert_eq!(variable["allValue"], ".*", "{name}: {}", variable["name"]);
            }
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_and_can_be_read_as_text() {
    for (name, _, kind) in BOARDS {
        let board = board(name);
        let mut ids = BTreeSet::new();
        let mut cells = BTreeSet::new();
        for panel in list(&board, "/panels") {
            let title = panel["title"].as_str().unwrap();
            assert!(ids.insert(panel["id"].as_i64().unwrap()), "{name}: {title}: its id is another's");
            assert!(is_written(&panel["title"]) && is_written(&panel["description"]), "{name}: {title}");
            assert!(PANELS.contains(&panel["type"].as_str().unwrap()), "{name}: {title}");
            let unit =
                panel.pointer("/fieldConfig/defaults/unit").and_then(Value::as_str).unwrap_or_default();
            assert!(UNITS.contains(&unit), "{name}: {title}: {unit}");
            let source = serde_json::json!({ "type": kind, "uid": "${datasource}" });
            assert_eq!(panel["datasource"], source, "{name}: {title}");
            assert!(!list(panel, "/targets").is_empty(), "{name}: {title}");
            for target in list(panel, "/targets") {
                assert_eq!(target["datasource"], source, "{name}: {title}");
            }
            if panel["type"] == "timeseries" {
                // A drawing has no text; the legend below it has.
                assert_eq!(panel["options"]["legend"]["displayMode"], "table", "{name}: {title}");
                assert!(!list(panel, "/options/legend/calcs").is_empty(), "{name}: {title}");
            }
            let at = |side: &str| panel["gridPos"][side].as_i64().unwrap();
            assert!(at("x") + at("w") <= 24, "{name}: {title} is too wide");
            for cell in
                (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
            {
                assert!(cells.insert(cell), "{name}: {title} lies on another panel");
            }
        }
    }
}

/// Every expression for Prometheus on the boards, with its variables filled in.
pub(crate) fn expressions() -> Vec<(String, String)> {
    let mut expressions = Vec::new();
    for (name, _, kind) in BOARDS {
        if kind != "prometheus" {
            continue;
        }
        let board = board(name);
        for panel in list(&board, "/panels") {
            for target in list(panel, "/targets") {
                let place = format!("{name}: {}", panel["title"].as_str().unwrap());
                expressions.push((place, filled(target["expr"].as_str().unwrap())));
            }
        }
        for variable in list(&board, "/templating/list").iter().filter(|variable| variable["type"] == "query")
        {
            let query = variable["query"]["query"].as_str().unwrap();
            let (selector, label) =
                query.strip_prefix("label_values(").and_then(|rest| rest.rsplit_once(", ")).unwrap();
            let expression = format!("count by ({}) ({})", label.trim_end_matches(')'), filled(selector));
            expressions.push((format!("{name}: ${}", variable["name"].as_str().unwrap()), expression));
        }
    }
    expressions
}

fn filled(expression: &str) -> String {
    let filled = expression.replace("$__rate_interval", "5m").replace("$period", "quarter");
    let filled =
        ["$service", "$department", "$collector"].iter().fold(filled, |text, name| text.replace(name, ".*"));
    assert!(!filled.contains('$'), "a variable is left over in {filled}");
    filled
}

#[test]
fn every_expression_is_one_and_speaks_of_metrics_there_are() {
    let expressions = expressions();
    assert!(expressions.len() > 50, "{}", expressions.len());
    let mut rules = "groups:\n- name: boards\n  rules:\n".to_owned();
    for (n, (place, expression)) in expressions.iter().enumerate() {
        assert_eq!(problems(expression), Vec::<String>::new(), "{place}");
        // JSON between quotation marks is YAML.
        let expression = Value::from(expression.as_str());
        writeln!(rules, "  - record: board:expression:{n}\n    expr: {expression}").unwrap();
    }
    let Some(promtool) = promtool() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("boards.rules.yml");
    std::fs::write(&file, rules).unwrap();
    let checked = check(&promtool, &["check", "rules", file.to_str().unwrap()], b"");
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn history_asks_for_the_newest_revision_of_what_the_store_writes() {
    const FIELDS: [&str; 6] = ["value", "exact", "state", "revision", "provisional", "collector"];
    const TAGS: [&str; 5] = ["channel", "coverage", "measure", "period_kind", "service"];
    let board = board("history");
    for panel in list(&board, "/panels") {
        for target in list(panel, "/targets") {
            let query = target["query"].as_str().unwrap();
            let names = query.split('"').skip(1).step_by(2);
            for name in names {
                let known = name == "pp_figure" || FIELDS.contains(&name) || TAGS.contains(&name);
                assert!(known, "{}: {name}", panel["title"]);
            }
            assert!(query.contains("$timeFilter"), "{}", panel["title"]);
            // A figure that was withdrawn has a revision and no value: asking for its last value would show
            // the one before.
            let draws = query.starts_with("SELECT \"value\"");
            assert!(!draws || query.contains("last(\"revision\"), \"value\""), "{}", panel["title"]);
            assert!(!query.contains("last(\"value\")"), "{}", panel["title"]);
        }
    }
}
