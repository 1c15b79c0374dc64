//! Alerts that are open, and what became of telling about them.

use prometheus::{CounterVec, GaugeVec, Registry};

use super::process::{counter, gauge};
use super::table::Family;
use crate::alerts::{AlertMeter, NotificationOutcome, Rule, Severity};

/// Metrics about alerts, registered once.
pub struct AlertMetrics {
    firing: GaugeVec,
    notifications: CounterVec,
}

impl AlertMetrics {
    /// Declares and registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            firing: gauge(registry, Family::AlertsFiring)?,
            notifications: counter(registry, Family::Notifications)?,
        };
        metrics.alerts_open(&[]);
        Ok(metrics)
    }
}

impl AlertMeter for AlertMetrics {
    fn alerts_open(&self, open: &[(Rule, Severity)]) {
        for rule in Rule::ALL {
            for severity in Severity::ALL {
                let count = open.iter().filter(|one| **one == (rule, severity)).count();
                self.firing.with_label_values(&[rule.as_str(), severity.as_str()]).set(count as f64);
            }
        }
    }

    fn receiver_known(&self, receiver: &str) {
        for outcome in NotificationOutcome::ALL {
            self.notifications.with_label_values(&[receiver, outcome.as_str()]);
        }
    }

    fn notified(&self, receiver: &str, outcome: NotificationOutcome) {
        self.notifications.with_label_values(&[receiver, outcome.as_str()]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_counted_by_rule_and_severity_and_ended_ones_no_more() {
        let registry = Registry::new();
        let metrics = AlertMetrics::register(&registry).unwrap();
        let firing = |rule: Rule, severity: Severity| {
            metrics.firing.with_label_values(&[rule.as_str(), severity.as_str()]).get().to_string()
        };
        metrics.alerts_open(&[
            (Rule::Drop, Severity::Critical),
            (Rule::Drop, Severity::Critical),
            (Rule::Overdue, Severity::Warning),
        ]);
        assert_eq!(firing(Rule::Drop, Severity::Critical), "2");
        assert_eq!(firing(Rule::Overdue, Severity::Warning), "1");
        metrics.alerts_open(&[(Rule::Drop, Severity::Warning)]);
        assert_eq!(firing(Rule::Drop, Severity::Critical), "0");
        assert_eq!(firing(Rule::Drop, Severity::Warning), "1");
        assert_eq!(firing(Rule::Overdue, Severity::Warning), "0");
    }

    #[test]
    fn a_receiver_is_counted_from_nought() {
        let metrics = AlertMetrics::register(&Registry::new()).unwrap();
        metrics.receiver_known("office");
        metrics.notified("office", NotificationOutcome::Delivered);
        let counted =
            |outcome: &str| metrics.notifications.with_label_values(&["office", outcome]).get().to_string();
        assert_eq!([counted("delivered"), counted("retried"), counted("given_up")], ["1", "0", "0"]);
    }
}
