//! Who is told of which alert, by the example configuration of Alertmanager.

use std::collections::BTreeSet;

use pp_collector::alerts::Rule;
use pp_collector::alerts::deliver::alertmanager::name;

use crate::monitoring::{amtool, check, said};
use crate::rules::alert_names;
use crate::shipped;

/// Alert, severity, and whom it goes to, in order.
const ROUTES: &[(&str, &str, &str)] = &[
    ("PpKpiDropped", "critical", "service-managers,performance-analysts"),
    ("PpKpiDropped", "warning", "service-managers,performance-analysts"),
    ("PpKpiEroding", "warning", "service-managers,performance-analysts"),
    ("PpKpiOverdue", "warning", "performance-analysts"),
    ("PpCheckData", "warning", "performance-analysts"),
    ("PpCheckSource", "critical", "platform-on-call,performance-analysts"),
    ("PpDigitalTakeupDropped", "warning", "service-managers,performance-analysts"),
    ("PpKpiLate", "warning", "performance-analysts"),
    ("PpKpiHeldBack", "warning", "performance-analysts"),
    ("PpDigitalTakeupMissing", "info", "null"),
    ("PpNotScraped", "critical", "platform-on-call"),
    ("PpServiceLabelShadowed", "critical", "platform-on-call"),
    ("PpCollectorLate", "critical", "platform-on-call"),
    ("PpCollectorNeverSucceeded", "warning", "platform-on-call"),
    ("PpCollectorRefused", "warning", "platform-on-call"),
    ("PpConfigNotLoaded", "warning", "platform-on-call"),
    ("PpDigitalTakeupBelowUsual", "warning", "service-managers,performance-analysts"),
    ("PpDigitalTakeupBelowTargetSoon", "info", "null"),
    ("PpNotificationLost", "critical", "platform-on-call"),
    ("PpFiguresQuarantined", "warning", "platform-on-call"),
    ("PpMirrorBehind", "warning", "platform-on-call"),
];

fn example() -> String {
    shipped("alertmanager/alertmanager.example.yml").display().to_string()
}

#[test]
fn alertmanager_takes_the_example() {
    let Some(amtool) = amtool() else { return };
    let checked = check(&amtool, &["check-config", &example()], b"");
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn each_alert_goes_to_whom_it_concerns() {
    let Some(amtool) = amtool() else { return };
    let config = format!("--config.file={}", example());
    for (alert, severity, receivers) in ROUTES {
        let labels = [format!("alertname={alert}"), format!("severity={severity}"), "service=a".to_owned()];
        let expected = format!("--verify.receivers={receivers}");
        let arguments = ["config", "routes", "test", &config, &expected, &labels[0], &labels[1], &labels[2]];
        let tested = check(&amtool, &arguments, b"");
        assert!(tested.status.success(), "{alert} {severity} is to go to {receivers}: {}", said(&tested));
    }
}

#[test]
fn no_alert_is_without_a_tested_route() {
    let mut all: BTreeSet<String> = Rule::ALL.map(|rule| name(rule).to_owned()).into();
    for file in ["process.rules.yml", "kpi.rules.yml"] {
        all.extend(alert_names(file));
    }
    let routed: BTreeSet<String> = ROUTES.iter().map(|(alert, ..)| (*alert).to_owned()).collect();
    assert_eq!(routed, all);
}
