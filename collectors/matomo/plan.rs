//! Settings that fit together, ready to ask with.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};

use super::config::{Absent, PeriodName, Settings, Wanted};
use super::subject::{EventPart, Subject};
use crate::http::{Address, Credential};
use crate::{Secret, SettingProblem, SettingProblems};

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
    /// For the requests, and below for clearing answers that echo it.
    pub(super) credential: Credential,
    pub(super) token: Secret,
    pub(super) period_kind: PeriodKind,
    pub(super) time_zone: TimeZone,
    pub(super) zone_name: String,
    pub(super) coverage: Coverage,
    pub(super) absent: Absent,
    pub(super) look_back: u32,
    pub(super) settles_after: SignedDuration,
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
    let mut check = Check(Vec::new());
    let (time_zone, zone_name) = check.time_zone(settings.time_zone.as_deref());
    let services = check.services(&settings);
    check.numbers(&settings);
    if !check.0.is_empty() {
        return Err(check.0);
    }
    // People copy either form from the browser.
    let address =
        if settings.url.file_name() == "index.php" { settings.url } else { settings.url.at("index.php") };
    let token = settings.token.open();
    Ok(Plan {
        address,
        credential: Credential::form("token_auth", token.clone()),
        token,
        period_kind: settings.period.kind(),
        time_zone,
        zone_name,
        coverage: settings.coverage.unwrap_or(Coverage::Consented),
        absent: settings.absent,
        look_back: settings.look_back.unwrap_or(match settings.period {
            PeriodName::Day => 7,
            PeriodName::Week => 5,
            PeriodName::Month => 2,
        }),
        settles_after: SignedDuration::from_hours(
            settings.settles_after_hours.unwrap_or(SETTLES_AFTER_HOURS).into(),
        ),
        timeout: Duration::from_secs(settings.timeout_secs.unwrap_or(TIMEOUT_SECS)),
        bulk_size: settings.bulk_size.unwrap_or(BULK_SIZE),
        services,
    })
}

/// Collects what does not fit together.
struct Check(SettingProblems);

impl Check {
    fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(SettingProblem::new(path, message));
    }

    fn time_zone(&mut self, name: Option<&str>) -> (TimeZone, String) {
        let name = name.unwrap_or("Europe/London");
        let zone = TimeZone::get(name).unwrap_or_else(|_| {
            self.problem("time_zone", format!("{name:?} is not a time zone such as Europe/London"));
            TimeZone::UTC
        });
        (zone, name.to_owned())
    }

    fn numbers(&mut self, settings: &Settings) {
        if settings.bulk_size == Some(0) {
            self.problem("bulk_size", "0 requests at once ask nothing; give 1 or more");
        }
        if settings.timeout_secs == Some(0) {
            self.problem("timeout_secs", "0 seconds are over at once; give 1 or more");
        }
    }

    fn services(&mut self, settings: &Settings) -> Vec<ServicePlan> {
        if settings.services.is_empty() {
            self.problem("services", "no service is named; add a table [services.<id>]");
        }
        let mut services = Vec::new();
        for (id, service) in &settings.services {
            let mut figures: Vec<Figure> = Vec::new();
            let mut given = BTreeSet::new();
            for (measure, index, wanted) in service.wanted() {
                let path = format!("services.{id}.{measure}");
                let path = if index == 0 { path } else { format!("{path}[{index}]") };
                if !given.insert((measure, wanted.channel)) {
                    let problem = format!(
                        "{measure} is given twice for channel {}; name another channel, or define a goal in \
                         Matomo that covers both",
                        wanted.channel
                    );
                    self.problem(&path, problem);
                }
                figures.extend(self.figure(&path, measure, wanted));
            }
            if given.is_empty() {
                let problem = "nothing is counted for this service; give `started`, `completed` or a rating";
                self.problem(format!("services.{id}"), problem);
            }
            services.push(ServicePlan { id: id.clone(), site: service.site, figures });
        }
        services
    }

    fn figure(&mut self, path: &str, measure: Measure, wanted: &Wanted) -> Option<Figure> {
        let subject = self.subject(path, wanted)?;
        let allowed = subject.metrics();
        let metric = match wanted.metric.as_deref() {
            None => allowed.first().copied().unwrap_or_default(),
            Some(metric) => {
                if !allowed.contains(&metric) {
                    self.problem(format!("{path}.metric"), not_a_metric(metric, &subject, allowed));
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

    fn subject(&mut self, path: &str, wanted: &Wanted) -> Option<Subject> {
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
            self.problem(format!("{path}.step"), "only a funnel has steps; set `funnel` to its number");
        }
        let Ok([subject]) = <[Subject; 1]>::try_from(given) else {
            self.problem(
                path,
                "give exactly one of goal, event_category, event_action, event_name, page, funnel and visits",
            );
            return None;
        };
        match &subject {
            Subject::Event { label, .. } if label.is_empty() => {
                self.problem(path, "the label of an event is empty; write it as Matomo's report shows it");
            }
            Subject::Page(page) => {
                if let Err(problem) = Address::parse(page) {
                    self.problem(format!("{path}.page"), problem);
                }
            }
            Subject::FunnelStep { step: 0, .. } => {
                self.problem(format!("{path}.step"), "steps are numbered from 1");
            }
            _ => {}
        }
        Some(subject)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_printed_of_a_plan_holds_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "0a1b2c3d4e5f-canary").unwrap();
        let settings = format!(
            "url = \"https://example.org/\"\ntoken = {{ file = {:?} }}\n[services.a]\nsite = 1\nstarted = {{ goal = 1 }}",
            path.display().to_string()
        );
        let plan = plan(&settings.parse().unwrap()).unwrap();
        plan.token.current().await.unwrap();
        assert!(!format!("{plan:?}").contains("canary"));
    }
}
