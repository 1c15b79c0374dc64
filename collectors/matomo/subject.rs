//! What can be counted, and how Matomo is asked for it.

use std::fmt;

use kpi::PeriodKind;

use super::plan::Figure;
use crate::PeriodSpan;

/// What a figure counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Goal(u32),
    Event { part: EventPart, label: String },
    Page(String),
    Funnel(u32),
    FunnelStep { funnel: u32, step: u32 },
    Visits,
}

/// The part of an event that a report lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventPart {
    Category,
    Action,
    Name,
}

impl EventPart {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Action => "action",
            Self::Name => "name",
        }
    }
}

impl Subject {
    /// The metrics that may be added up, the usual one first. Steps of a funnel have `_actual`, which
    /// leaves out visits that the plugin counts for steps they skipped.
    pub(super) const fn metrics(&self) -> &'static [&'static str] {
        match self {
            Self::Goal(_) => &["nb_conversions", "nb_visits_converted"],
            Self::Event { .. } => &["nb_events", "nb_visits"],
            Self::Page(_) => &["nb_visits", "nb_hits"],
            Self::Funnel(_) => &["funnel_nb_conversions", "funnel_sum_entries"],
            Self::FunnelStep { .. } => {
                &["step_nb_visits_actual", "step_nb_visits", "step_nb_entries", "step_nb_proceeded"]
            }
            Self::Visits => &["nb_visits", "nb_actions", "nb_visits_converted"],
        }
    }

    /// The method of the Reporting API that answers.
    pub(super) const fn method(&self) -> &'static str {
        match self {
            Self::Goal(_) => "Goals.get",
            Self::Event { part: EventPart::Category, .. } => "Events.getCategory",
            Self::Event { part: EventPart::Action, .. } => "Events.getAction",
            Self::Event { part: EventPart::Name, .. } => "Events.getName",
            Self::Page(_) => "Actions.getPageUrl",
            Self::Funnel(_) => "Funnels.getMetrics",
            Self::FunnelStep { .. } => "Funnels.getFunnelFlow",
            Self::Visits => "VisitsSummary.get",
        }
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Goal(goal) => vec![("idGoal", goal.to_string())],
            // The last alternatives keep the row that stands for all those cut off, under either of its
            // names: without it a label that is missing could not be told from one that was cut off.
            Self::Event { label, .. } => vec![
                ("filter_column", "label".to_owned()),
                ("filter_pattern", format!("^({}|Others|-1)$", regex::escape(label))),
            ],
            Self::Page(page) => vec![("pageUrl", page.clone())],
            Self::Funnel(funnel) | Self::FunnelStep { funnel, .. } => {
                vec![("idFunnel", funnel.to_string())]
            }
            Self::Visits => Vec::new(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Goal(goal) => write!(f, "goal {goal}"),
            Self::Event { part, label } => write!(f, "event {} {label:?}", part.as_str()),
            Self::Page(page) => write!(f, "page {page}"),
            Self::Funnel(funnel) => write!(f, "funnel {funnel}"),
            Self::FunnelStep { funnel, step } => write!(f, "step {step} of funnel {funnel}"),
            Self::Visits => f.write_str("visits"),
        }
    }
}

/// One call of the Reporting API, without what every call has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) method: &'static str,
    pub(super) parameters: Vec<(&'static str, String)>,
}

impl Question {
    pub(super) fn version() -> Self {
        Self { method: "API.getMatomoVersion", parameters: Vec::new() }
    }

    pub(super) fn site(site: u32) -> Self {
        Self { method: "SitesManager.getSiteFromId", parameters: vec![("idSite", site.to_string())] }
    }

    pub(super) fn goals(site: u32) -> Self {
        Self { method: "Goals.getGoals", parameters: vec![("idSite", site.to_string())] }
    }

    /// A report over the periods of a window, one entry for each.
    pub(super) fn report(site: u32, figure: &Figure, span: PeriodSpan) -> Self {
        let last_day = span.last.end_date().yesterday().unwrap_or(span.last.start_date());
        let period = match span.first.kind() {
            PeriodKind::Week => "week",
            PeriodKind::Month => "month",
            _ => "day",
        };
        let mut parameters = vec![
            ("idSite", site.to_string()),
            ("period", period.to_owned()),
            ("date", format!("{},{last_day}", span.first.start_date())),
            // Else 100 rows, rates as text in the user's language, and since 6.0 a share beside each count
            // (Reporting API reference, "Optional API parameters"; changelog of Matomo 6.0.0).
            ("filter_limit", "-1".to_owned()),
            ("format_metrics", "0".to_owned()),
            ("percent_of_total", "0".to_owned()),
            ("language", "en".to_owned()),
        ];
        parameters.extend(figure.subject.parameters());
        parameters.extend(figure.segment.clone().map(|segment| ("segment", segment)));
        Self { method: figure.subject.method(), parameters }
    }

    /// Whether it may be one of a bulk. Matomo decodes the requests of a bulk once more than others
    /// (`API.getBulkRequest`), so a value with one of these characters would arrive as another one.
    pub(super) fn fits_in_bulk(&self) -> bool {
        let changed = |character: char| "%+&#=;?<>\"'\\[]".contains(character);
        !self.parameters.iter().any(|(_, value)| value.contains(changed))
    }

    /// The call as a query string.
    pub(super) fn encoded(&self) -> String {
        let Ok(mut url) = reqwest::Url::parse("http://localhost/") else { return String::new() };
        url.query_pairs_mut()
            .append_pair("method", self.method)
            .extend_pairs(self.parameters.iter().map(|(name, value)| (*name, value.as_str())));
        url.query().unwrap_or_default().to_owned()
    }
}
