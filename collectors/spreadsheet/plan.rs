//! Settings checked against each other: what the reader works from.

use crate::http::Address;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use globset::{Glob, GlobMatcher};
use kpi::{Channel, Coverage, Measure, PeriodKind, Value};
use regex::{Regex, RegexBuilder};
use sha2::{Digest, Sha256};

use super::cell::{CellRules, NumericTokens};
use super::config::{
    Columns, FigureColumns, FileFormat, LayoutName, OnError, Settings, SheetName, Source, TokenLists,
};
use super::dates::{DateRules, USUAL, squeezed};
use super::decode::Encoding;
use super::words::{Words, word};
use super::{number, preset};
use crate::settings::SettingProblem;
use crate::{SettingProblems, settings};

/// Changes whenever the same file would be read differently, so that files are read again after an
/// upgrade.
const READER_VERSION: &str = "spreadsheet 2";

/// A file of more than this is a mistake or an attack; 300 million cells of a long table fit.
const MAX_BYTES: u64 = 4 << 30;
/// An answer over HTTP is held in memory while it arrives.
const MAX_BYTES_HTTP: u64 = 256 << 20;
const TIMEOUT_SECS: u64 = 60;
const PATTERN: &str = "*.{csv,tsv,txt,xlsx,xls,ods}";

/// A part of a figure or of a service's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    Service,
    Name,
    Department,
    Agency,
    Period,
    PeriodKind,
    Measure,
    Channel,
    Coverage,
    Provisional,
    Value,
}

/// Where files are.
#[derive(Debug, Clone)]
pub(super) enum Location {
    File(PathBuf),
    Folder { folder: PathBuf, pattern: GlobMatcher },
    Url { url: Address, timeout: Duration },
}

/// How figures lie in the table.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    Long,
    Wide(Vec<FigurePattern>),
}

/// Columns of figures in the wide layout.
#[derive(Debug, Clone)]
pub(super) struct FigurePattern {
    pub(super) header: Regex,
    pub(super) measure: Option<Measure>,
    pub(super) channel: Option<Channel>,
    pub(super) coverage: Option<Coverage>,
    pub(super) period_kind: Option<PeriodKind>,
    pub(super) dates: DateRules,
}

/// What the reader works from.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(super) location: Location,
    pub(super) max_bytes: u64,
    pub(super) filename: Option<Regex>,
    pub(super) format: FileFormat,
    pub(super) encoding: Encoding,
    pub(super) delimiter: Option<u8>,
    pub(super) sheet: Option<SheetName>,
    pub(super) header_row: Option<u32>,
    pub(super) layout: Layout,
    pub(super) columns: BTreeMap<Role, Source>,
    pub(super) period_kind: Option<PeriodKind>,
    pub(crate) dates: DateRules,
    pub(super) cells: CellRules,
    pub(super) words: Words,
    pub(super) total_rows: HashSet<String>,
    pub(crate) on_error: OnError,
    /// Names the settings: other settings read the same file differently.
    pub(crate) fingerprint: String,
}

/// Checks settings; nothing is opened.
pub(crate) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let mut settings: Settings = settings::parse(table)?;
    preset::apply(&mut settings);
    let mut check = Check(SettingProblems::new());
    let location = check.location(&settings);
    let filename = settings.filename.as_deref().and_then(|text| check.regex("filename", text, false));
    let dates = check.dates(&settings);
    let delimiter = settings.delimiter.and_then(|delimiter| check.delimiter(delimiter));
    let patterns: Vec<FigurePattern> = settings
        .figures
        .iter()
        .enumerate()
        .filter_map(|(index, figures)| check.pattern(index, figures, &dates))
        .collect();
    let columns = roles(&settings.columns);
    check.filename_groups(&columns, filename.as_ref());
    let layout = check.layout(&settings, &columns, patterns);
    let words = Words {
        services: words_of(&settings.services),
        channels: words_of(&settings.channels),
        measures: words_of(&settings.measures),
    };
    let Check(problems) = check;
    match (location, layout) {
        (Some(location), Some(layout)) if problems.is_empty() => Ok(Plan {
            max_bytes: settings.max_bytes.unwrap_or(match location {
                Location::Url { .. } => MAX_BYTES_HTTP,
                _ => MAX_BYTES,
            }),
            location,
            filename,
            format: settings.format,
            encoding: settings.encoding,
            delimiter,
            sheet: settings.sheet.clone(),
            header_row: settings.header_row,
            layout,
            columns,
            period_kind: settings.periods.kind,
            dates,
            cells: cell_rules(&settings),
            words,
            total_rows: total_rows(settings.total_rows.as_deref()),
            on_error: settings.on_error.unwrap_or_default(),
            fingerprint: fingerprint(table),
        }),
        _ => Err(problems),
    }
}

fn fingerprint(table: &toml::Table) -> String {
    let mut hash = Sha256::new();
    hash.update(READER_VERSION);
    hash.update(table.to_string());
    super::bookmark::hex(&hash.finalize())
}

fn words_of<T: Clone>(map: &BTreeMap<String, T>) -> HashMap<String, T> {
    map.iter().map(|(text, ours)| (word(text), ours.clone())).collect()
}

fn total_rows(words: Option<&[String]>) -> HashSet<String> {
    const USUAL: [&str; 6] = ["total", "totals", "grand total", "sub total", "subtotal", "overall total"];
    match words {
        Some(words) => words.iter().map(|text| word(text)).collect(),
        None => USUAL.iter().map(|text| word(text)).collect(),
    }
}

fn cell_rules(settings: &Settings) -> CellRules {
    // GSS harmonised symbols ([c], [x], [z]), the marks departments used in the services sheet, and
    // what people write by hand.
    const NOT_PROVIDED: [&str; 16] = [
        "-",
        "--",
        "–",
        "—",
        "..",
        "n/p",
        "np",
        "tbu",
        "tbc",
        "tba",
        "see notes",
        "not provided",
        "no data",
        "not available",
        "unknown",
        "[x]",
    ];
    const NOT_REQUESTED: [&str; 2] = ["***", "not requested"];
    const NOT_APPLICABLE: [&str; 5] = ["n/a", "na", "z", "[z]", "not applicable"];
    const SUPPRESSED: [&str; 8] = ["c", "[c]", "*", "<5", "<10", "< 5", "< 10", "suppressed"];
    let TokenLists { not_provided, not_requested, not_applicable, suppressed } = &settings.tokens;
    let mut tokens = HashMap::new();
    let mut add = |given: &Option<Vec<String>>, usual: &[&str], value: Value| match given {
        Some(words) => tokens.extend(words.iter().map(|word| (word.trim().to_lowercase(), value))),
        None => tokens.extend(usual.iter().map(|word| ((*word).to_owned(), value))),
    };
    add(not_provided, &NOT_PROVIDED, Value::NotProvided);
    add(not_requested, &NOT_REQUESTED, Value::NotApplicable);
    add(not_applicable, &NOT_APPLICABLE, Value::NotApplicable);
    add(suppressed, &SUPPRESSED, Value::Suppressed);
    let numeric = tokens.keys().any(|token| number::plain(token.as_bytes()).is_some());
    CellRules {
        tokens,
        numeric_tokens: if numeric { NumericTokens::Present } else { NumericTokens::Absent },
        blank: settings.blank.unwrap_or_default(),
        footnotes: settings.footnote_marks.unwrap_or_default(),
        ratios: settings.ratios.unwrap_or_default(),
    }
}

fn roles(columns: &Columns) -> BTreeMap<Role, Source> {
    [
        (Role::Service, &columns.service),
        (Role::Name, &columns.name),
        (Role::Department, &columns.department),
        (Role::Agency, &columns.agency),
        (Role::Period, &columns.period),
        (Role::PeriodKind, &columns.period_kind),
        (Role::Measure, &columns.measure),
        (Role::Channel, &columns.channel),
        (Role::Coverage, &columns.coverage),
        (Role::Provisional, &columns.provisional),
        (Role::Value, &columns.value),
    ]
    .into_iter()
    .filter_map(|(role, source)| source.clone().map(|source| (role, source)))
    .collect()
}

/// Collects what does not fit together.
struct Check(SettingProblems);

impl Check {
    fn problem(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(SettingProblem::new(path, message));
    }

    fn location(&mut self, settings: &Settings) -> Option<Location> {
        if settings.pattern.is_some() && settings.folder.is_none() {
            self.problem("pattern", "a pattern selects files of a folder; set `folder`");
        }
        if settings.timeout_secs.is_some() && settings.url.is_none() {
            self.problem("timeout_secs", "only an address is waited for; set `url`");
        }
        match (&settings.file, &settings.folder, &settings.url) {
            (Some(file), None, None) => Some(Location::File(file.clone())),
            (None, Some(folder), None) => {
                let text = settings.pattern.as_deref().unwrap_or(PATTERN);
                match Glob::new(text) {
                    Ok(pattern) => {
                        Some(Location::Folder { folder: folder.clone(), pattern: pattern.compile_matcher() })
                    }
                    Err(error) => {
                        self.problem("pattern", format!("{text:?} is not a pattern: {}", error.kind()));
                        None
                    }
                }
            }
            (None, None, Some(text)) => {
                let timeout = Duration::from_secs(settings.timeout_secs.unwrap_or(TIMEOUT_SECS));
                match Address::parse(text) {
                    Ok(url) => Some(Location::Url { url, timeout }),
                    Err(problem) => {
                        self.problem("url", problem);
                        None
                    }
                }
            }
            _ => {
                self.problem("", "give exactly one of `file`, `folder` and `url`");
                None
            }
        }
    }

    fn regex(&mut self, path: &str, text: &str, whole: bool) -> Option<Regex> {
        let anchored = if whole { format!("^(?:{text})$") } else { text.to_owned() };
        if let Ok(regex) = RegexBuilder::new(&anchored).case_insensitive(true).size_limit(1 << 20).build() {
            Some(regex)
        } else {
            self.problem(path, format!("{text:?} is not a regular expression"));
            None
        }
    }

    fn delimiter(&mut self, delimiter: char) -> Option<u8> {
        match u8::try_from(delimiter) {
            Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(byte),
            _ => {
                self.problem(
                    "delimiter",
                    format!("{delimiter:?} cannot separate cells; use one such as \";\""),
                );
                None
            }
        }
    }

    fn dates(&mut self, settings: &Settings) -> DateRules {
        let periods = &settings.periods;
        let zone = match periods.time_zone.as_deref() {
            None => kpi::period::london(),
            Some(name) => jiff::tz::TimeZone::get(name).unwrap_or_else(|_| {
                self.problem(
                    "periods.time_zone",
                    format!("{name:?} is not a time zone such as Europe/London"),
                );
                kpi::period::london()
            }),
        };
        let mut names = HashMap::new();
        for (text, start) in &periods.names {
            match start.parse() {
                Ok(date) => {
                    names.insert(squeezed(text), date);
                }
                Err(_) => self.problem(
                    &format!("periods.names.{text}"),
                    format!("{start:?} is not the first day of a period, such as \"2011-04-01\""),
                ),
            }
        }
        let formats = periods.formats.clone().unwrap_or_else(|| USUAL.to_vec());
        DateRules { formats, named_by: periods.named_by, names, zone }
    }

    fn pattern(&mut self, index: usize, figures: &FigureColumns, dates: &DateRules) -> Option<FigurePattern> {
        let path = format!("figures[{index}].header");
        let header = self.regex(&path, &figures.header, true)?;
        Some(FigurePattern {
            header,
            measure: figures.measure,
            channel: figures.channel,
            coverage: figures.coverage,
            period_kind: figures.period_kind,
            dates: DateRules {
                formats: figures.formats.clone().unwrap_or_else(|| dates.formats.clone()),
                ..dates.clone()
            },
        })
    }

    fn filename_groups(&mut self, columns: &BTreeMap<Role, Source>, filename: Option<&Regex>) {
        for source in columns.values() {
            let Source::Filename(group) = source else { continue };
            if !filename.is_some_and(|regex| regex.capture_names().flatten().any(|name| name == group)) {
                self.problem("filename", format!("no group named {group:?}; write one as (?<{group}>…)"));
            }
        }
    }

    fn layout(
        &mut self,
        settings: &Settings,
        columns: &BTreeMap<Role, Source>,
        patterns: Vec<FigurePattern>,
    ) -> Option<Layout> {
        let Some(layout) = settings.layout else {
            self.problem("layout", "this key is missing; set it to \"long\" or \"wide\", or name a `preset`");
            return None;
        };
        if settings.header_row == Some(0)
            && columns.values().any(|source| matches!(source, Source::Header { .. }))
        {
            self.problem("header_row", "0 means no header row; give every column by `letter`");
        }
        let mut need = |role: Role, key: &str| {
            if !columns.contains_key(&role) {
                let path = format!("columns.{key}");
                self.problem(&path, "this key is missing; give a header, or { value = \"…\" } for every row");
            }
        };
        need(Role::Service, "service");
        match layout {
            LayoutName::Long => {
                need(Role::Period, "period");
                need(Role::Measure, "measure");
                need(Role::Channel, "channel");
                need(Role::Value, "value");
                if !settings.figures.is_empty() {
                    self.problem(
                        "figures",
                        "columns of figures belong to the wide layout; use `columns.value`",
                    );
                }
                Some(Layout::Long)
            }
            LayoutName::Wide => {
                if settings.figures.is_empty() {
                    self.problem("figures", "this key is missing; say which headers hold figures");
                }
                for (index, pattern) in patterns.iter().enumerate() {
                    self.complete(index, pattern, columns);
                }
                Some(Layout::Wide(patterns))
            }
        }
    }

    fn complete(&mut self, index: usize, pattern: &FigurePattern, columns: &BTreeMap<Role, Source>) {
        let captures = |name: &str| pattern.header.capture_names().flatten().any(|group| group == name);
        let parts = [
            ("measure", pattern.measure.is_some(), Role::Measure),
            ("channel", pattern.channel.is_some(), Role::Channel),
            ("period", false, Role::Period),
        ];
        for (name, constant, role) in parts {
            if !constant && !captures(name) && !columns.contains_key(&role) {
                self.problem(
                    &format!("figures[{index}]"),
                    format!("no {name}; capture it as (?<{name}>…) in `header` or give `columns.{name}`"),
                );
            }
        }
    }
}
