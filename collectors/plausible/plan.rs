//! Settings that fit together, ready to ask with.

use std::fmt;
use std::time::Duration;

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};
use serde_json::{Value, json};

use super::config::{Settings, Wanted};
use crate::absence::Absent;
use crate::http::{Address, Credential, HostLimit};
use crate::settings::Check;
use crate::settings::counted::{CountedBy, CountedService, some_service};
use crate::windows::Settling;
use crate::{SettingProblem, SettingProblems};

/// The vendor's own service.
const CLOUD: &str = "https://plausible.io/";
/// What a key is allowed unless the vendor raises it (Stats API reference, "Authentication").
const REQUESTS_PER_HOUR: u32 = 600;
/// How many of them may go out without a pause: what a run of a small configuration needs.
const BURST: usize = 20;

/// A checked configuration.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) address: Address,
    pub(super) credential: Credential,
    pub(super) limit: HostLimit,
    pub(super) period_kind: PeriodKind,
    pub(super) dimension: &'static str,
    pub(super) coverage: Coverage,
    pub(super) absent: Absent,
    pub(super) look_back: u32,
    pub(super) settling: Settling,
    pub(super) timeout: Duration,
    pub(super) services: Vec<ServicePlan>,
}

/// One service and its figures.
#[derive(Debug)]
pub(super) struct ServicePlan {
    pub(super) id: ServiceId,
    pub(super) site: String,
    pub(super) figures: Vec<Figure>,
}

/// One series to ask for.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) measure: Measure,
    pub(super) channel: Channel,
    pub(super) subject: Subject,
    pub(super) metric: String,
    pub(super) filters: Vec<Value>,
}

/// What a figure counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Goal(String),
    Page(String),
    Visits,
}

impl Subject {
    /// The metrics that may be added up, the usual one first. Of a goal `events` are all conversions.
    const fn metrics(&self) -> &'static [&'static str] {
        match self {
            Self::Goal(_) => &["events", "visits"],
            Self::Page(_) | Self::Visits => &["visits", "pageviews"],
        }
    }

    fn filter(&self) -> Option<Value> {
        match self {
            Self::Goal(goal) => Some(json!(["is", "event:goal", [goal]])),
            Self::Page(page) => Some(json!(["is", "event:page", [page]])),
            Self::Visits => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Goal(goal) => write!(f, "goal {goal:?}"),
            Self::Page(page) => write!(f, "page {page}"),
            Self::Visits => f.write_str("visits"),
        }
    }
}

/// Checks settings, and names everything that does not fit.
pub(super) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let settings: Settings = crate::parse(table)?;
    let mut check = Check::default();
    let zone = check.time_zone("time_zone", settings.time_zone.as_deref());
    some_service(&settings.services, &mut check);
    let services = settings.services.iter().map(|(id, service)| self::service(id, service, &mut check));
    let services = services.collect();
    check.at_least_one("requests_per_hour", settings.requests_per_hour);
    check.at_least_one("timeout_secs", settings.timeout_secs);
    let address = settings.url.map_or_else(|| Address::parse(CLOUD), Ok);
    let address = address.map_err(|problem| vec![SettingProblem::new("url", problem)])?;
    let per_hour = settings.requests_per_hour.unwrap_or(REQUESTS_PER_HOUR);
    check.finish(Plan {
        address: address.at("api/v2/query"),
        credential: Credential::bearer(settings.api_key.open()),
        limit: HostLimit::concurrent(BURST).per(per_hour, Duration::from_hours(1)),
        period_kind: settings.period.kind(),
        // Weeks begin on Mondays here too.
        dimension: match settings.period {
            CountedBy::Day => "time:day",
            CountedBy::Week => "time:week",
            CountedBy::Month => "time:month",
        },
        coverage: settings.coverage.unwrap_or(Coverage::All),
        absent: settings.absent,
        look_back: settings.look_back.unwrap_or(1),
        settling: Settling::hours(zone, settings.settles_after_hours.unwrap_or(1)),
        timeout: Duration::from_secs(settings.timeout_secs.unwrap_or(30)),
        services,
    })
}

fn service(id: &ServiceId, service: &CountedService<String, Wanted>, check: &mut Check) -> ServicePlan {
    let site = service.site.trim().to_owned();
    if site.is_empty() || site.contains('/') {
        let problem = format!("{site:?} is not a site; write its domain as Plausible lists it");
        check.problem(format!("services.{id}.site"), problem);
    }
    ServicePlan { id: id.clone(), site, figures: service.figures(id, check, figure) }
}

fn figure(check: &mut Check, path: &str, measure: Measure, wanted: &Wanted) -> Option<Figure> {
    let given: Vec<Subject> = [
        wanted.goal.clone().map(Subject::Goal),
        wanted.page.clone().map(Subject::Page),
        wanted.visits.map(|_| Subject::Visits),
    ]
    .into_iter()
    .flatten()
    .collect();
    let Ok([subject]) = <[Subject; 1]>::try_from(given) else {
        check.problem(path, "give exactly one of goal, page and visits");
        return None;
    };
    match &subject {
        Subject::Page(page) if !page.starts_with('/') => check.problem(
            format!("{path}.page"),
            format!("{page:?} is not a page as Plausible lists it; write its path, such as \"/start\""),
        ),
        Subject::Goal(goal) if goal.trim().is_empty() => {
            check.problem(format!("{path}.goal"), "the goal has no name; write it as Plausible shows it");
        }
        _ => {}
    }
    let allowed = subject.metrics();
    let metric = wanted.metric.as_deref().or(allowed.first().copied()).unwrap_or_default();
    if !allowed.contains(&metric) {
        let why = if metric == "visitors" {
            "counts a person once a period and cannot be added up"
        } else {
            "is not a count for this"
        };
        let problem = format!("{metric:?} {why}; use one of {}", allowed.join(", "));
        check.problem(format!("{path}.metric"), problem);
    }
    let mut filters: Vec<Value> = subject.filter().into_iter().collect();
    for (index, filter) in wanted.filters.iter().enumerate() {
        match json(filter) {
            Some(filter @ Value::Array(_)) => filters.push(filter),
            _ => check.problem(
                format!("{path}.filters[{index}]"),
                "a filter is an array such as [\"is\", \"visit:device\", [\"Mobile\"]]",
            ),
        }
    }
    let metric = metric.to_owned();
    Some(Figure { measure, channel: wanted.channel, subject, metric, filters })
}

/// A filter as Plausible takes it; TOML's dates and tables are in none.
fn json(value: &toml::Value) -> Option<Value> {
    match value {
        toml::Value::String(text) => Some(text.as_str().into()),
        toml::Value::Integer(number) => Some((*number).into()),
        toml::Value::Boolean(truth) => Some((*truth).into()),
        toml::Value::Array(items) => items.iter().map(json).collect::<Option<Vec<_>>>().map(Value::Array),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
