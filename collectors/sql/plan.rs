//! Settings checked against each other, offline, and put in the form the collector works with.

use std::path::PathBuf;
use std::time::Duration;

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};

use super::config::{Bind, Dialect, FigureColumn, LayoutName, Settings, Source};
use super::server::{self, Server};
use super::statement;
use crate::SettingProblems;
use crate::absence::{Absent, Expected, ExpectedFigure};
use crate::settings::Check;
use crate::windows::Settling;
use crate::words::{Words, coverage};

/// Everything the collector needs to know.
pub(super) struct Plan {
    pub(super) database: Database,
    /// The query with parameters 1 and 2.
    pub(super) sql: String,
    pub(super) bind: Bind,
    pub(super) timeout: Duration,
    pub(super) max_rows: usize,
    pub(super) look_back: Option<u32>,
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
    pub(super) settling: Settling,
    pub(super) period_start: String,
    pub(super) service: Place<ServiceId>,
    pub(super) layout: Layout,
    pub(super) words: Words,
    pub(super) absent: Absent,
    pub(super) expected: Expected,
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
    let mut check = Check::default();
    let database = database(&settings, &mut check);
    let sql = sql(&settings, &mut check);
    let mapping = mapping(&settings, &mut check);
    let bind = match (settings.bind, settings.period) {
        (Some(Bind::Dates), PeriodKind::Hour) => {
            let message = "\"dates\" cannot say where an hour begins; use \"timestamps\"";
            check.problem("bind", message);
            Bind::Timestamps
        }
        (None, PeriodKind::Hour) => Bind::Timestamps,
        (bind, _) => bind.unwrap_or(Bind::Dates),
    };
    let timeout_secs = settings.timeout_secs.unwrap_or(30);
    if !(1..=LONGEST_TIMEOUT_SECS).contains(&timeout_secs) {
        let message = format!("{timeout_secs} is not between 1 and {LONGEST_TIMEOUT_SECS}");
        check.problem("timeout_secs", message);
    }
    let max_rows = settings.max_rows.unwrap_or(100_000);
    if max_rows == 0 {
        check.problem("max_rows", "0 would refuse every answer; give at least 1");
    }
    match (database, sql, mapping) {
        (Some(database), Some(sql), Some(mapping)) => check.finish(Plan {
            database,
            sql,
            bind,
            timeout: Duration::from_secs(timeout_secs),
            max_rows,
            look_back: settings.look_back,
            mapping,
        }),
        _ => Err(check.problems),
    }
}

fn database(settings: &Settings, check: &mut Check) -> Option<Database> {
    if settings.dialect == Dialect::Postgresql {
        if settings.file.is_some() {
            check.problem("file", "this is for dialect \"sqlite\"; take it out");
        }
        return server::server(settings, check).map(Database::Postgresql);
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
        check.problem(key, "this is for dialect \"postgresql\"; take it out");
    }
    if settings.file.is_none() {
        check.problem("file", "this key is missing; name the SQLite file");
    }
    settings.file.clone().map(Database::Sqlite)
}

fn sql(settings: &Settings, check: &mut Check) -> Option<String> {
    let (key, text) = match (&settings.query, &settings.query_file) {
        (Some(text), None) => ("query", text.clone()),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) => ("query_file", text),
            Err(error) => {
                let message =
                    format!("{} cannot be read: {}; give a file of SQL", path.display(), error.kind());
                check.problem("query_file", message);
                return None;
            }
        },
        (None, None) => {
            check.problem("query", "this key is missing; give query or query_file");
            return None;
        }
        (Some(_), Some(_)) => {
            check.problem("query_file", "query is given as well; keep one of them");
            return None;
        }
    };
    let wrong = match statement::translate(&text, settings.dialect) {
        Ok(sql) => return Some(sql),
        Err(wrong) => wrong,
    };
    for message in wrong {
        check.problem(key, message);
    }
    None
}

fn mapping(settings: &Settings, check: &mut Check) -> Option<Mapping> {
    let words = Words::new(&settings.services, &settings.channels, &settings.measures);
    let columns = &settings.columns;
    let service =
        place("columns.service", columns.service.as_ref(), "service", check, |text| words.service(text));
    let layout = match settings.layout {
        LayoutName::Long => long(settings, &words, check),
        LayoutName::Wide => Some(wide(settings, check)),
    };
    let zone = check.time_zone("time_zone", settings.time_zone.as_deref());
    let (service, layout) = (service?, layout?);
    let expected = Expected::of(settings.absent, settings.expected.clone(), fixed(&service, &layout), check);
    Some(Mapping {
        period_kind: settings.period,
        settling: Settling::hours(zone, settings.settles_after_hours.unwrap_or(0)),
        period_start: columns.period_start.clone().unwrap_or_else(|| "period_start".to_owned()),
        service,
        layout,
        words,
        absent: settings.absent,
        expected,
    })
}

/// What is the same for every row, and so expected of every period.
fn fixed(service: &Place<ServiceId>, layout: &Layout) -> Expected {
    let services = match service {
        Place::Fixed(service) => vec![service.clone()],
        Place::Column(_) => Vec::new(),
    };
    let figures = match layout {
        Layout::Wide(columns) => columns
            .iter()
            .map(|column| ExpectedFigure {
                measure: column.measure,
                channel: column.channel,
                coverage: column.coverage,
            })
            .collect(),
        Layout::Long { .. } => Vec::new(),
    };
    Expected { services, figures }
}

/// A part of a figure; of the column of its own name unless set.
fn place<T>(
    path: &str,
    source: Option<&Source>,
    usual: &str,
    check: &mut Check,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<Place<T>> {
    match source {
        None => Some(Place::Column(usual.to_owned())),
        Some(Source::Column(name)) => Some(Place::Column(name.clone())),
        Some(Source::Constant(text)) => match read(text) {
            Ok(value) => Some(Place::Fixed(value)),
            Err(problem) => {
                check.problem(path, format!("{text:?}: {problem}"));
                None
            }
        },
    }
}

fn long(settings: &Settings, words: &Words, check: &mut Check) -> Option<Layout> {
    let columns = &settings.columns;
    if !settings.figures.is_empty() {
        let message = "this is for layout \"wide\"; take it out";
        check.problem("figures", message);
    }
    let measure =
        place("columns.measure", columns.measure.as_ref(), "measure", check, |text| words.measure(text));
    let channel =
        place("columns.channel", columns.channel.as_ref(), "channel", check, |text| words.channel(text));
    let coverage = match &columns.coverage {
        None => Some(Place::Fixed(Coverage::All)),
        given => place("columns.coverage", given.as_ref(), "coverage", check, coverage),
    };
    let value = columns.value.clone().unwrap_or_else(|| "value".to_owned());
    Some(Layout::Long { measure: measure?, channel: channel?, coverage: coverage?, value })
}

fn wide(settings: &Settings, check: &mut Check) -> Layout {
    let columns = &settings.columns;
    let of_long = [
        ("columns.measure", columns.measure.is_some()),
        ("columns.channel", columns.channel.is_some()),
        ("columns.coverage", columns.coverage.is_some()),
        ("columns.value", columns.value.is_some()),
    ];
    for (path, _) in of_long.into_iter().filter(|(_, given)| *given) {
        let message = "this is for layout \"long\"; say it in [[figures]]";
        check.problem(path, message);
    }
    if settings.figures.is_empty() {
        let message = "layout \"wide\" needs [[figures]]: column, measure and channel of each";
        check.problem("figures", message);
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
            check.problem(format!("figures[{position}]"), message);
        }
    }
    Layout::Wide(settings.figures.clone())
}
