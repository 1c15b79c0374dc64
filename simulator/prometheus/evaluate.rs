//! The value of an expression at an instant.

use std::collections::BTreeMap;

use kpi::Channel;

use super::expression::{Expression, Function, Matcher};
use crate::World;
use crate::world::{Service, hours_between};

/// How long samples are kept, in seconds: the usual 15 days.
const RETENTION: i64 = 15 * 86_400;
/// `increase` extrapolates to the ends of its span, and so gives fractions: this much more, in millionths.
const EXTRAPOLATED: u64 = 417;

type Labels = BTreeMap<String, String>;

impl Matcher {
    fn holds(&self, labels: &Labels) -> bool {
        let value = |name: &String| labels.get(name).map_or("", String::as_str);
        match self {
            Self::Equal(name, wanted) => value(name) == wanted,
            Self::NotEqual(name, wanted) => value(name) != wanted,
            Self::Matches(name, pattern) => pattern.is_match(value(name)),
        }
    }
}

/// Counts of every counter over a span, by service, in the order of the world.
fn counted(world: &World, service: &Service, metric: &str, from: i64, to: i64) -> BTreeMap<Channel, u64> {
    let now = world.now();
    let mut sums = BTreeMap::new();
    // An hour counts from its end on.
    for hour in hours_between(from, to.min(now.as_second()) - 3599) {
        let counts = world.hour(service, hour, now);
        if metric == "service_started_total" {
            if service.is_digital() {
                *sums.entry(Channel::Digital).or_default() += counts.started;
            }
        } else {
            for (channel, count) in counts.completed {
                *sums.entry(channel).or_default() += count;
            }
        }
    }
    sums
}

/// A number of millionths as text, without a fraction where there is none.
fn text(millionths: u64) -> String {
    let (whole, part) = (millionths / 1_000_000, millionths % 1_000_000);
    let fraction = format!("{part:06}");
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") }
}

/// The series and their values, as text. A series without samples is absent, not zero.
pub(super) fn evaluate(expression: &Expression, world: &World, at: i64) -> BTreeMap<Labels, String> {
    if !["service_started_total", "service_completed_total"].contains(&expression.metric.as_str()) {
        return BTreeMap::new();
    }
    let now = world.now().as_second();
    let oldest = now - RETENTION;
    if at > now || at < oldest {
        return BTreeMap::new();
    }
    let from = match expression.function {
        Function::Value => oldest,
        Function::Increase(span) | Function::Rate(span) => at - span,
    };
    let mut sums: BTreeMap<Labels, u64> = BTreeMap::new();
    for service in world.services() {
        for (channel, count) in counted(world, service, &expression.metric, from.max(oldest), at) {
            let mut labels: Labels = BTreeMap::from([
                ("service".to_owned(), service.id.to_string()),
                ("channel".to_owned(), channel.to_string()),
                ("job".to_owned(), "services".to_owned()),
            ]);
            if !expression.matchers.iter().all(|matcher| matcher.holds(&labels)) {
                continue;
            }
            let millionths = match expression.function {
                Function::Value => count * 1_000_000,
                Function::Increase(_) => count * (1_000_000 + EXTRAPOLATED),
                Function::Rate(span) => count * 1_000_000 / u64::try_from(span).unwrap_or(1).max(1),
            };
            match &expression.by {
                Some(by) => labels.retain(|name, _| by.contains(name)),
                None if expression.function == Function::Value => {
                    labels.insert("__name__".to_owned(), expression.metric.clone());
                }
                None => {}
            }
            *sums.entry(labels).or_default() += millionths;
        }
    }
    sums.into_iter().map(|(labels, millionths)| (labels, text(millionths))).collect()
}
