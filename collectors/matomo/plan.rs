//! Settings that fit together, ready to ask with.

use std::time::Duration;

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};

use super::config::{Settings, Wanted};
use super::subject::{EventPart, Subject};
use crate::SettingProblems;
use crate::absence::Absent;
use crate::http::{Address, Credential};
use crate::settings::Check;
use crate::settings::counted::{CountedBy, CountedService, some_service};
use crate::windows::Settling;

/// Past days change for as long as late tracking requests arrive; Matomo's own guide to archiving
/// ("How to set up auto-archiving of your reports") has cron run at least daily.
const SETTLES_AFTER_HOURS: u32 = 24;
/// A request may have Matomo build an archive first.
const TIMEOUT_SECS: u64 = 120;
/// What Matomo from 5.8 allows in one bulk request even without an account of one's own.
const BULK_SIZE: usize = 10;

/// A checked configuration.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) address: Address,
    pub(super) credential: Credential,
    pub(super) period_kind: PeriodKind,
    pub(super) coverage: Coverage,
    pub(super) absent: Absent,
    pub(super) look_back: u32,
    pub(super) settling: Settling,
    pub(super) timeout: Duration,
    pub(super) bulk_size: usize,
    pub(super) services: Vec<ServicePlan>,
}

/// One service and its figures.
#[derive(Debug)]
pub(super) struct ServicePlan {
    pub(super) id: ServiceId,
    pub(super) site: u32,
    pub(super) figures: Vec<Figure>,
}

/// One series to ask for.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) measure: Measure,
    pub(super) channel: Channel,
    pub(super) subject: Subject,
    pub(super) metric: String,
    pub(super) segment: Option<String>,
}

/// Checks settings, and names everything that does not fit.
pub(super) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let settings: Settings = crate::parse(table)?;
    let mut check = Check::default();
    let zone = check.time_zone("time_zone", settings.time_zone.as_deref());
    some_service(&settings.services, &mut check);
    let service = |(id, service): (&ServiceId, &CountedService<u32, Wanted>)| ServicePlan {
        id: id.clone(),
        site: service.site,
        figures: service.figures(id, &mut check, figure),
    };
    let services = settings.services.iter().map(service).collect();
    check.at_least_one("bulk_size", settings.bulk_size.map(|size| size as u64));
    check.at_least_one("timeout_secs", settings.timeout_secs);
    // People copy either form from the browser.
    let address =
        if settings.url.file_name() == "index.php" { settings.url } else { settings.url.at("index.php") };
    check.finish(Plan {
        address,
        credential: Credential::form("token_auth", settings.token.open()),
        period_kind: settings.period.kind(),
        coverage: settings.coverage.unwrap_or(Coverage::Consented),
        absent: settings.absent,
        look_back: settings.look_back.unwrap_or(match settings.period {
            CountedBy::Day => 7,
            CountedBy::Week => 5,
            CountedBy::Month => 2,
        }),
        settling: Settling::hours(zone, settings.settles_after_hours.unwrap_or(SETTLES_AFTER_HOURS)),
        timeout: Duration::from_secs(settings.timeout_secs.unwrap_or(TIMEOUT_SECS)),
        bulk_size: settings.bulk_size.unwrap_or(BULK_SIZE),
        services,
    })
}

fn figure(check: &mut Check, path: &str, measure: Measure, wanted: &Wanted) -> Option<Figure> {
    let subject = subject(check, path, wanted)?;
    let allowed = subject.metrics();
    let metric = match wanted.metric.as_deref() {
        None => allowed.first().copied().unwrap_or_default(),
        Some(metric) => {
            if !allowed.contains(&metric) {
                check.problem(format!("{path}.metric"), not_a_metric(metric, &subject, allowed));
            }
            metric
        }
    };
    Some(Figure {
        measure,
        channel: wanted.channel,
        subject,
        metric: metric.to_owned(),
        segment: wanted.segment.clone().filter(|segment| !segment.trim().is_empty()),
    })
}

fn subject(check: &mut Check, path: &str, wanted: &Wanted) -> Option<Subject> {
    let event = |part, label: &Option<String>| {
        label.clone().map(|label| Subject::Event { part, label: label.trim().to_owned() })
    };
    let given: Vec<Subject> = [
        wanted.goal.map(Subject::Goal),
        event(EventPart::Category, &wanted.event_category),
        event(EventPart::Action, &wanted.event_action),
        event(EventPart::Name, &wanted.event_name),
        wanted.page.clone().map(Subject::Page),
        wanted.funnel.map(|funnel| match wanted.step {
            Some(step) => Subject::FunnelStep { funnel, step },
            None => Subject::Funnel(funnel),
        }),
        wanted.visits.map(|_| Subject::Visits),
    ]
    .into_iter()
    .flatten()
    .collect();
    if wanted.step.is_some() && wanted.funnel.is_none() {
        check.problem(format!("{path}.step"), "only a funnel has steps; set `funnel` to its number");
    }
    let Ok([subject]) = <[Subject; 1]>::try_from(given) else {
        check.problem(
            path,
            "give exactly one of goal, event_category, event_action, event_name, page, funnel and visits",
        );
        return None;
    };
    match &subject {
        Subject::Event { label, .. } if label.is_empty() => {
            check.problem(path, "the label of an event is empty; write it as Matomo's report shows it");
        }
        Subject::Page(page) => {
            if let Err(problem) = Address::parse(page) {
                check.problem(format!("{path}.page"), problem);
            }
        }
        Subject::FunnelStep { step: 0, .. } => {
            check.problem(format!("{path}.step"), "steps are numbered from 1");
        }
        _ => {}
    }
    Some(subject)
}

fn not_a_metric(metric: &str, subject: &Subject, allowed: &[&str]) -> String {
    if metric.contains("uniq") {
        return format!(
            "{metric:?} counts a person once a period and cannot be added up; use one of {}",
            allowed.join(", ")
        );
    }
    format!("{metric:?} is not a count that {subject} has; use one of {}", allowed.join(", "))
}
