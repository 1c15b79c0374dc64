//! Reading the names an expression for Prometheus speaks of, against the table of metrics.

use pp_collector::metrics::{DECLARED, Declared, Type};

/// Labels that Prometheus puts on, beside those of the table.
const OF_PROMETHEUS: [&str; 5] = ["job", "instance", "exported_service", "le", "__name__"];

/// What is wrong with the metrics an expression speaks of: none of that name, none with that label, or a
/// counter that is read without asking how fast it grows.
pub(crate) fn problems(expression: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (start, name) in names(expression) {
        let Some(metric) = declared(name) else {
            problems.push(format!("{name} is not in the table of metrics"));
            continue;
        };
        let before = &expression[..start];
        if metric.kind != Type::Gauge && !before.ends_with("rate(") && !before.ends_with("increase(") {
            problems.push(format!("{name} is a {:?} and its growth is not asked for", metric.kind));
        }
        for label in matched_labels(&expression[start + name.len()..]) {
            if !metric.labels.contains(&label) && !OF_PROMETHEUS.contains(&label) {
                problems.push(format!("{name} has no label {label}"));
            }
        }
    }
    problems
}

/// Names of ours, and where they begin; not those of recording rules, which have colons.
fn names(expression: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    expression.match_indices("pp_").filter_map(move |(start, _)| {
        let begins = !expression[..start].ends_with(is_of_name);
        let name = expression[start..].split(|c| !is_of_name(c)).next().unwrap_or_default();
        // A pattern of names is no name.
        (begins && name != "pp_").then_some((start, name))
    })
}

fn declared(name: &str) -> Option<&'static Declared> {
    let exact = DECLARED.iter().find(|metric| metric.name == name && metric.kind != Type::Histogram);
    let part = || {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end))?;
        DECLARED.iter().find(|metric| metric.name == base && metric.kind == Type::Histogram)
    };
    exact.or_else(part).copied()
}

/// The labels of the matchers that follow a name.
fn matched_labels(rest: &str) -> Vec<&str> {
    let Some(matchers) = rest.strip_prefix('{').and_then(|rest| rest.split('}').next()) else {
        return Vec::new();
    };
    let names =
        matchers.split(',').map(|matcher| matcher.split(['=', '!']).next().unwrap_or_default().trim());
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn what_is_wrong_with_an_expression_is_found() {
    assert_eq!(problems("sum(pp_services) + service_period:pp_nothing:ratio"), Vec::<String>::new());
    assert_eq!(
        problems("max by (a) (pp_kpi_state{state!~\"known\", period=\"week\"})"),
        Vec::<String>::new()
    );
    assert_eq!(problems("rate(pp_collector_runs_total[5m])"), Vec::<String>::new());
    for (expression, problem) in [
        ("sum(pp_sevices)", "not in the table"),
        ("pp_services{service=\"a\"}", "no label service"),
        ("pp_collector_runs_total > 0", "growth"),
        ("pp_collector_run_duration_seconds", "not in the table"),
        ("pp_digital_takeup_ratio and pp_digital_takeup_ratio{channel=\"phone\"}", "no label channel"),
    ] {
        let found = problems(expression);
        assert!(found.len() == 1 && found[0].contains(problem), "{expression}: {found:?}");
    }
}
