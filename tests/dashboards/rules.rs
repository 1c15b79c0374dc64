//! Rules of Prometheus: well formed, about metrics there are, and tested so that a change is noticed.

use std::path::Path;

use crate::expressions::problems;
use crate::monitoring::{check, promtool, said};
use crate::{shipped, text};

const RULES: [&str; 3] = ["recording.rules.yml", "process.rules.yml", "kpi.rules.yml"];
const TESTS: [&str; 2] = ["kpi.test.yml", "process.test.yml"];

/// A change to a file: what is there once, and what takes its place.
type Mutation = (&'static str, &'static str, &'static str);

/// Changes to the rules that their tests must notice.
const MUTATIONS: &[Mutation] = &[
    (
        "recording.rules.yml",
        "expr: max without (job, instance) (pp_transactions_all_channels)",
        "expr: sum without (job, instance) (pp_transactions_all_channels)",
    ),
    (
        "recording.rules.yml",
        "expr: max without (job, instance) (pp_digital_takeup_ratio)",
        "expr: pp_digital_takeup_ratio",
    ),
    (
        "recording.rules.yml",
        "expr: max without (job, instance) (pp_digital_takeup_previous_ratio)",
        "expr: max without (job, instance) (pp_digital_takeup_ratio)",
    ),
    (
        "recording.rules.yml",
        "(pp_kpi_period_end_timestamp_seconds{kpi=\"transactions\"})",
        "(pp_kpi_period_end_timestamp_seconds{kpi=\"digital_takeup\"})",
    ),
    (
        "recording.rules.yml",
        "                service_period:pp_digital_takeup:ratio\n              *",
        "                1 + 0 * service_period:pp_digital_takeup:ratio\n              *",
    ),
    ("recording.rules.yml", "count by (department, period)", "sum by (department, period)"),
    ("recording.rules.yml", "expr: time() - max", "expr: 1.1 * time() - max"),
    ("kpi.rules.yml", "<= -0.05", "<= -0.045"),
    ("kpi.rules.yml", "<= -0.05", "<= -0.085"),
    ("kpi.rules.yml", "{period=\"week\"} >= 100", "{period=\"week\"} >= 90"),
    ("kpi.rules.yml", "{period=\"week\"} >= 100", "{period=\"week\"} >= 101"),
    ("kpi.rules.yml", "{period=\"month\"} >= 500", "{period=\"month\"} >= 499"),
    ("kpi.rules.yml", "{period=\"month\"} >= 500", "{period=\"month\"} >= 501"),
    ("kpi.rules.yml", "{period=\"quarter\"} >= 1000", "{period=\"quarter\"} >= 999"),
    ("kpi.rules.yml", "{period=\"quarter\"} >= 1000", "{period=\"quarter\"} >= 1001"),
    (
        "kpi.rules.yml",
        "(pp_kpi_provisional{kpi=\"digital_takeup\"}) == 1",
        "(pp_kpi_provisional{kpi=\"digital_takeup\"}) == 2",
    ),
    ("kpi.rules.yml", "group_left (department)", "group_left ()"),
    ("kpi.rules.yml", "for: 30m", "for: 5m"),
    ("kpi.rules.yml", "for: 30m", "for: 45m"),
    ("kpi.rules.yml", "keep_firing_for: 1h", "keep_firing_for: 5m"),
    ("kpi.rules.yml", "keep_firing_for: 1h", "keep_firing_for: 5h"),
    ("kpi.rules.yml", "> 180000", "> 170000"),
    ("kpi.rules.yml", "> 180000", "> 190000"),
    ("kpi.rules.yml", "> 1300000", "> 1290000"),
    ("kpi.rules.yml", "> 5200000", "> 5300000"),
    ("kpi.rules.yml", "> 15600000", "> 15700000"),
    (
        "kpi.rules.yml",
        "max without (job, instance) (pp_kpi_next_due_timestamp_seconds) > 0",
        "max without (job, instance) (pp_kpi_next_due_timestamp_seconds) > 1200",
    ),
    (
        "kpi.rules.yml",
        "pp_kpi_next_due_timestamp_seconds > time()",
        "pp_kpi_next_due_timestamp_seconds > 99999 + time()",
    ),
    (
        "kpi.rules.yml",
        "< on (service, period)\n            max by (service, period) (pp_digital_takeup_expected",
        "< bool on (service, period)\n            max by (service, period) (pp_digital_takeup_expected",
    ),
    ("kpi.rules.yml", "< on (service, period)", "< on (service) group_left ()"),
    ("kpi.rules.yml", "}) != 0", "}) == 2"),
    ("kpi.rules.yml", "for: 25m", "for: 10m"),
    ("kpi.rules.yml", "< on (service) group_left ()", "> on (service) group_left ()"),
    ("kpi.rules.yml", "for: 5h", "for: 1h"),
    ("kpi.rules.yml", "state=\"held_back\"", "state=\"known\""),
    ("kpi.rules.yml", "state=\"not_applicable\"", "state=\"not_provided\""),
    ("kpi.rules.yml", "for: 6h", "for: 1h"),
    ("process.rules.yml", "absent(pp_build_info)", "absent(pp_services)"),
    ("process.rules.yml", "exported_service!=\"\"", "exported_service=\"\""),
    ("process.rules.yml", "2 * max by (collector)", "1 * max by (collector)"),
    ("process.rules.yml", "+ 3600", "+ 36000"),
    (
        "process.rules.yml",
        "            pp_collector_last_success_timestamp_seconds\n        for",
        "            pp_collector_next_run_timestamp_seconds\n        for",
    ),
    ("process.rules.yml", "for: 6h", "for: 1h"),
    ("process.rules.yml", "config|auth|permission", "config|auth|permission|transient"),
    ("process.rules.yml", "[2h]", "[6h]"),
    (
        "process.rules.yml",
        "(pp_config_last_reload_successful) == 0",
        "(pp_config_last_reload_successful) == 1",
    ),
    ("process.rules.yml", "outcome=\"given_up\"", "outcome=\"retried\""),
    ("process.rules.yml", "pp_store_quarantined_lines_total[1h]", "pp_store_quarantined_lines_total[3h]"),
    (
        "process.rules.yml",
        "pp_store_quarantined_lines_total[1h])) > 0",
        "pp_store_quarantined_lines_total[1h])) > 5",
    ),
    ("process.rules.yml", "> 6 * 3600", "> 5 * 3600"),
    ("process.rules.yml", "> 6 * 3600", "> 7 * 3600"),
];

#[test]
fn the_rules_pass_the_lint_and_their_tests() {
    let Some(promtool) = promtool() else { return };
    for file in RULES {
        let checked = check(&promtool, &["check", "rules", shipped_rules(file).as_str()], b"");
        assert!(checked.status.success(), "{}", said(&checked));
    }
    for file in TESTS {
        let tested = check(&promtool, &["test", "rules", shipped_rules(file).as_str()], b"");
        assert!(tested.status.success(), "{}", said(&tested));
    }
    let checked =
        check(&promtool, &["check", "config", shipped_rules("prometheus.example.yml").as_str()], b"");
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn a_change_to_a_rule_makes_its_tests_fail() {
    let Some(promtool) = promtool() else { return };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let unnoticed: Vec<_> = std::thread::scope(|scope| {
        let parts = MUTATIONS.chunks(MUTATIONS.len().div_ceil(threads));
        let promtool = &promtool;
        let started: Vec<_> = parts
            .map(|part| {
                scope.spawn(move || {
                    part.iter().filter(|one| goes_unnoticed(promtool, one)).collect::<Vec<_>>()
                })
            })
            .collect();
        started.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

/// Whether all tests pass on the rules with one change. A change that is no rule any more proves nothing.
fn goes_unnoticed(promtool: &Path, (changed, from, to): &Mutation) -> bool {
    let folder = tempfile::tempdir().unwrap();
    for name in RULES.into_iter().chain(TESTS) {
        let mut rules = text(&format!("prometheus/{name}"));
        if name == *changed {
            assert_eq!(rules.matches(from).count(), 1, "{from} is to be in {changed} once");
            rules = rules.replace(from, to);
        }
        std::fs::write(folder.path().join(name), rules).unwrap();
    }
    let path = |name: &str| folder.path().join(name).display().to_string();
    let checked = check(promtool, &["check", "rules", &path(changed)], b"");
    assert!(checked.status.success(), "{}", said(&checked));
    let tests = if *changed == "process.rules.yml" { "process.test.yml" } else { "kpi.test.yml" };
    check(promtool, &["test", "rules", &path(tests)], b"").status.success()
}

#[test]
fn every_alert_has_a_test_that_raises_it() {
    let tests = TESTS.map(|file| text(&format!("prometheus/{file}"))).concat();
    let names: Vec<String> = RULES.iter().flat_map(|file| alert_names(file)).collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        let tested = tests.split("alert_rule_test").filter(|part| part.contains(&name));
        assert!(tested.into_iter().any(|part| part.contains("exp_alerts")), "{name} is never expected");
    }
}

#[test]
fn the_rules_speak_of_metrics_there_are() {
    for file in RULES {
        for (number, line) in text(&format!("prometheus/{file}")).lines().enumerate() {
            // What people read is no expression.
            if line.contains("summary:") || line.contains("description:") || line.trim().starts_with('#') {
                continue;
            }
            assert_eq!(problems(line), Vec::<String>::new(), "{file}:{}", number + 1);
        }
    }
}

fn shipped_rules(name: &str) -> String {
    shipped("prometheus").join(name).display().to_string()
}

/// The alerts a file declares.
pub(crate) fn alert_names(file: &str) -> Vec<String> {
    let text = text(&format!("prometheus/{file}"));
    text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect()
}
