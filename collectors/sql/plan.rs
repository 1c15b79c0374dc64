//! Settings checked against each other, offline, and put in the form the collector works with.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};

use super::config::{
    Absent, Bind, Dialect, Expected, ExpectedFigure, FigureColumn, LayoutName, Settings, Source,
};
use super::server::{self, Server};
use super::statement;
use super::words::{Words, coverage};
use crate::{SettingProblem, SettingProblems};

/// Everything the collector needs to know.
pub(super) struct Plan {
    pub(super) database: Database,
    /// The query with parameters 1 and 2.
    pub(super) sql: String,
    pub(super) bind: Bind,
    pub(super) timeout: Duration,
    pub(super) max_rows: usize,
    pub(super) mapping: Mapping,
}

/// Where the query is sent.
pub(super) enum Database {
    Postgresql(Server),
    Sqlite(PathBuf),
}

/// What the rows of the answer mean.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) period_kind: PeriodKind,
    pub(super) zone: TimeZone,
    pub(super) settles_after: SignedDuration,
    pub(super) period_start: String,
    pub(super) service: Place<ServiceId>,
    pub(super) layout: Layout,
    pub(super) words: Words,
    pub(super) zeros: Option<Zeros>,
}

/// Where one part of a figure is found.
#[derive(Debug, Clone)]
pub(super) enum Place<T> {
    Column(String),
    Fixed(T),
}

#[derive(Debug, Clone)]
pub(super) enum Layout {
    Long { measure: Place<Measure>, channel: Place<Channel>, coverage: Place<Coverage>, value: String },
    Wide(Vec<FigureColumn>),
}

/// The figures whose absence is zero.
#[derive(Debug, Clone)]
pub(super) struct Zeros {
    pub(super) services: Vec<ServiceId>,
    pub(super) figures: Vec<ExpectedFigure>,
}

impl Mapping {
    /// The columns that must be in the answer.
    pub(super) fn columns(&self) -> Vec<&str> {
        let mut names = vec![self.period_start.as_str()];
        names.extend(self.service.column());
        match &self.layout {
            Layout::Long { measure, channel, coverage, value } => {
                names.extend(measure.column().into_iter().chain(channel.column()).chain(coverage.column()));
                names.push(value);
            }
            Layout::Wide(figures) => names.extend(figures.iter().map(|figure| figure.column.as_str())),
        }
        names
    }
}

impl<T> Place<T> {
    fn column(&self) -> Option<&str> {
        match self {
            Self::Column(name) => Some(name),
            Self::Fixed(_) => None,
        }
    }
}

const LONGEST_TIMEOUT_SECS: u64 = 24 * 60 * 60;

/// Checks a table of settings; every problem in one go.
pub(super) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let settings: Settings = crate::parse(table)?;
    let mut problems = SettingProblems::new();
    let database = database(&settings, &mut problems);
    let sql = sql(&settings, &mut problems);
    let mapping = mapping(&settings, &mut problems);
    let bind = match (settings.bind, settings.periods.kind) {
        (Some(Bind::Dates), PeriodKind::Hour) => {
            let message = "\"dates\" cannot say where an hour begins; use \"timestamps\"";
            problems.push(SettingProblem::new("bind", message));
            Bind::Timestamps
        }
        (None, PeriodKind::Hour) => Bind::Timestamps,
        (bind, _) => bind.unwrap_or(Bind::Dates),
    };
    let timeout_secs = settings.timeout_secs.unwrap_or(30);
    if !(1..=LONGEST_TIMEOUT_SECS).contains(&timeout_secs) {
        let message = format!("{timeout_secs} is not between 1 and {LONGEST_TIMEOUT_SECS}");
        problems.push(SettingProblem::new("timeout_secs", message));
    }
    let max_rows = settings.max_rows.unwrap_or(100_000);
    if max_rows == 0 {
        problems.push(SettingProblem::new("max_rows", "0 would refuse every answer; give at least 1"));
    }
    match (database, sql, mapping) {
        (Some(database), Some(sql), Some(mapping)) if problems.is_empty() => {
            let timeout = Duration::from_secs(timeout_secs);
            Ok(Plan { database, sql, bind, timeout, max_rows, mapping })
        }
        _ => Err(problems),
    }
}

fn database(settings: &Settings, problems: &mut SettingProblems) -> Option<Database> {
    if settings.dialect == Dialect::Postgresql {
        if settings.file.is_some() {
            problems.push(SettingProblem::new("file", "this is for dialect \"sqlite\"; take it out"));
        }
        return server::server(settings, problems).map(Database::Postgresql);
    }
    let of_servers = [
        ("url", settings.url.is_some()),
        ("host", settings.host.is_some()),
        ("port", settings.port.is_some()),
        ("database", settings.database.is_some()),
        ("user", settings.user.is_some()),
        ("password", settings.password.is_some()),
        ("tls", settings.tls.is_some()),
        ("ca_file", settings.ca_file.is_some()),
    ];
    for (key, _) in of_servers.into_iter().filter(|(_, given)| *given) {
        problems.push(SettingProblem::new(key, "this is for dialect \"postgresql\"; take it out"));
    }
    if settings.file.is_none() {
        problems.push(SettingProblem::new("file", "this key is missing; name the SQLite file"));
    }
    settings.file.clone().map(Database::Sqlite)
}

fn sql(settings: &Settings, problems: &mut SettingProblems) -> Option<String> {
    let (key, text) = match (&settings.query, &settings.query_file) {
        (Some(text), None) => ("query", text.clone()),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) => ("query_file", text),
            Err(error) => {
                let message =
                    format!("{} cannot be read: {}; give a file of SQL", path.display(), error.kind());
                problems.push(SettingProblem::new("query_file", message));
                return None;
            }
        },
        (None, None) => {
            problems.push(SettingProblem::new("query", "this key is missing; give query or query_file"));
            return None;
        }
        (Some(_), Some(_)) => {
            problems.push(SettingProblem::new("query_file", "query is given as well; keep one of them"));
            return None;
        }
    };
    let wrong = match statement::translate(&text, settings.dialect) {
        Ok(sql) => return Some(sql),
        Err(wrong) => wrong,
    };
    problems.extend(wrong.into_iter().map(|message| SettingProblem::new(key, message)));
    None
}

fn mapping(settings: &Settings, problems: &mut SettingProblems) -> Option<Mapping> {
    let before = problems.len();
    let words = Words::new(&settings.services, &settings.channels, &settings.measures);
    let columns = &settings.columns;
    let service =
        place("columns.service", columns.service.as_ref(), "service", problems, |text| words.service(text));
    let layout = match settings.layout {
        LayoutName::Long => long(settings, &words, problems),
        LayoutName::Wide => Some(wide(settings, problems)),
    };
    let zone_name = settings.periods.time_zone.as_deref().unwrap_or("Europe/London");
    let zone = TimeZone::get(zone_name).ok();
    if zone.is_none() {
        let message = format!("{zone_name:?} is not a time zone; give a name such as \"Europe/London\"");
        problems.push(SettingProblem::new("periods.time_zone", message));
    }
    let zeros = match (service.as_ref(), layout.as_ref()) {
        (Some(service), Some(layout)) => zeros(settings, service, layout, problems),
        _ => None,
    };
    let (service, layout, zone) = (service?, layout?, zone?);
    (problems.len() == before).then(|| Mapping {
        period_kind: settings.periods.kind,
        zone,
        settles_after: SignedDuration::from_hours(
            24 * i64::from(settings.periods.settles_after_days.unwrap_or(0)),
        ),
        period_start: columns.period_start.clone().unwrap_or_else(|| "period_start".to_owned()),
        service,
        layout,
        words,
        zeros,
    })
}

/// A part of a figure; of the column of its own name unless set.
fn place<T>(
    path: &str,
    source: Option<&Source>,
    usual: &str,
    problems: &mut SettingProblems,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<Place<T>> {
    match source {
        None => Some(Place::Column(usual.to_owned())),
        Some(Source::Column(name)) => Some(Place::Column(name.clone())),
        Some(Source::Constant(text)) => match read(text) {
            Ok(value) => Some(Place::Fixed(value)),
            Err(problem) => {
                problems.push(SettingProblem::new(path, format!("{text:?} {problem}")));
                None
            }
        },
    }
}

fn long(settings: &Settings, words: &Words, problems: &mut SettingProblems) -> Option<Layout> {
    let columns = &settings.columns;
    if !settings.figures.is_empty() {
        let message = "this is for layout \"wide\"; take it out";
        problems.push(SettingProblem::new("figures", message));
    }
    let measure =
        place("columns.measure", columns.measure.as_ref(), "measure", problems, |text| words.measure(text));
    let channel =
        place("columns.channel", columns.channel.as_ref(), "channel", problems, |text| words.channel(text));
    let coverage = match &columns.coverage {
        None => Some(Place::Fixed(Coverage::All)),
        given => place("columns.coverage", given.as_ref(), "coverage", problems, coverage),
    };
    let value = columns.value.clone().unwrap_or_else(|| "value".to_owned());
    Some(Layout::Long { measure: measure?, channel: channel?, coverage: coverage?, value })
}

fn wide(settings: &Settings, problems: &mut SettingProblems) -> Layout {
    let columns = &settings.columns;
    let of_long = [
        ("columns.measure", columns.measure.is_some()),
        ("columns.channel", columns.channel.is_some()),
        ("columns.coverage", columns.coverage.is_some()),
        ("columns.value", columns.value.is_some()),
    ];
    for (path, _) in of_long.into_iter().filter(|(_, given)| *given) {
        let message = "this is for layout \"long\"; say it in [[figures]]";
        problems.push(SettingProblem::new(path, message));
    }
    if settings.figures.is_empty() {
        let message = "layout \"wide\" needs [[figures]]: column, measure and channel of each";
        problems.push(SettingProblem::new("figures", message));
    }
    for (position, figure) in settings.figures.iter().enumerate() {
        let same = |other: &&FigureColumn| {
            (other.measure, other.channel, other.coverage)
                == (figure.measure, figure.channel, figure.coverage)
        };
        if let Some(other) = settings.figures.iter().take(position).find(same) {
            let message = format!(
                "columns {:?} and {:?} are both {} by {}; keep one, or add them up in the query",
                other.column, figure.column, figure.measure, figure.channel
            );
            problems.push(SettingProblem::new(format!("figures[{position}]"), message));
        }
    }
    Layout::Wide(settings.figures.clone())
}

fn zeros(
    settings: &Settings,
    service: &Place<ServiceId>,
    layout: &Layout,
    problems: &mut SettingProblems,
) -> Option<Zeros> {
    let Expected { mut services, mut figures } = match (settings.absent, &settings.expected) {
        (Absent::LeaveOut, None) => return None,
        (Absent::LeaveOut, Some(_)) => {
            let message = "this has a meaning only with absent = \"zero\"; add that or take it out";
            problems.push(SettingProblem::new("expected", message));
            return None;
        }
        (Absent::Zero, expected) => expected.clone().unwrap_or_default(),
    };
    if let (Place::Fixed(service), true) = (service, services.is_empty()) {
        services.push(service.clone());
    }
    if let (Layout::Wide(columns), true) = (layout, figures.is_empty()) {
        figures.extend(columns.iter().map(|column| ExpectedFigure {
            measure: column.measure,
            channel: column.channel,
            coverage: column.coverage,
        }));
    }
    for (path, empty, what) in [
        ("expected.services", services.is_empty(), "services"),
        ("expected.figures", figures.is_empty(), "figures, each a measure and a channel,"),
    ] {
        if empty {
            let message = format!("absent = \"zero\" needs the {what} whose absence is zero; list them");
            problems.push(SettingProblem::new(path, message));
        }
    }
    Some(Zeros { services, figures })
}
