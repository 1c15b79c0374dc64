//! Settings checked against each other: what the reader works from.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use globset::{Glob, GlobMatcher};
use kpi::{Channel, Coverage, Measure, PeriodKind};
use regex::{Regex, RegexBuilder};
use sha2::{Digest, Sha256};

use super::cell::{CellRules, NumericTokens};
use super::config::{Columns, FigureColumns, FileFormat, LayoutName, OnError, Settings, SheetName, Source};
use super::dates::{DateRules, USUAL, squeezed};
use super::decode::Encoding;
use super::{number, preset};
use crate::SettingProblems;
use crate::http::Address;
use crate::settings::{self, Check};
use crate::words::{Words, word};

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
    let mut check = Check::default();
    let location = location(&mut check, &settings);
    let filename = settings.filename.as_deref().and_then(|text| regex(&mut check, "filename", text, false));
    let dates = dates(&mut check, &settings);
    let delimiter = settings.delimiter.and_then(|delimiter| separator(&mut check, delimiter));
    let patterns: Vec<FigurePattern> = settings
        .figures
        .iter()
        .enumerate()
        .filter_map(|(index, figures)| pattern(&mut check, index, figures, &dates))
        .collect();
    let columns = roles(&settings.columns);
    filename_groups(&mut check, &columns, filename.as_ref());
    let layout = layout(&mut check, &settings, &columns, patterns);
    let words = Words::new(&settings.services, &settings.channels, &settings.measures);
    match (location, layout) {
        (Some(location), Some(layout)) => check.finish(Plan {
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
        _ => Err(check.problems),
    }
}

fn fingerprint(table: &toml::Table) -> String {
    let mut hash = Sha256::new();
    hash.update(READER_VERSION);
    hash.update(table.to_string());
    crate::hex::hex(&hash.finalize())
}

fn total_rows(words: Option<&[String]>) -> HashSet<String> {
    const USUAL: [&str; 6] = ["total", "totals", "grand total", "sub total", "subtotal", "overall total"];
    match words {
        Some(words) => words.iter().map(|text| word(text)).collect(),
        None => USUAL.iter().map(|text| word(text)).collect(),
    }
}

fn cell_rules(settings: &Settings) -> CellRules {
    let tokens = settings.tokens.meanings();
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

fn location(check: &mut Check, settings: &Settings) -> Option<Location> {
    if settings.pattern.is_some() && settings.folder.is_none() {
        check.problem("pattern", "a pattern selects files of a folder; set `folder`");
    }
    if settings.timeout_secs.is_some() && settings.url.is_none() {
        check.problem("timeout_secs", "only an address is waited for; set `url`");
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
                    check.problem("pattern", format!("{text:?} is not a pattern: {}", error.kind()));
                    None
                }
            }
        }
        (None, None, Some(text)) => {
            let timeout = Duration::from_secs(settings.timeout_secs.unwrap_or(TIMEOUT_SECS));
            match Address::parse(text) {
                Ok(url) => Some(Location::Url { url, timeout }),
                Err(problem) => {
                    check.problem("url", problem);
                    None
                }
            }
        }
        _ => {
            check.problem("", "give exactly one of `file`, `folder` and `url`");
            None
        }
    }
}

fn regex(check: &mut Check, path: &str, text: &str, whole: bool) -> Option<Regex> {
    let anchored = if whole { format!("^(?:{text})$") } else { text.to_owned() };
    if let Ok(regex) = RegexBuilder::new(&anchored).case_insensitive(true).size_limit(1 << 20).build() {
        Some(regex)
    } else {
        check.problem(path, format!("{text:?} is not a regular expression"));
        None
    }
}

fn separator(check: &mut Check, delimiter: char) -> Option<u8> {
    match u8::try_from(delimiter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(byte),
        _ => {
            check.problem("delimiter", format!("{delimiter:?} cannot separate cells; use one such as \";\""));
            None
        }
    }
}

fn dates(check: &mut Check, settings: &Settings) -> DateRules {
    let periods = &settings.periods;
    let zone = check.time_zone("periods.time_zone", periods.time_zone.as_deref());
    let mut names = HashMap::new();
    for (text, start) in &periods.names {
        match start.parse() {
            Ok(date) => {
                names.insert(squeezed(text), date);
            }
            Err(_) => check.problem(
                format!("periods.names.{text}"),
                format!("{start:?} is not the first day of a period, such as \"2011-04-01\""),
            ),
        }
    }
    let formats = periods.formats.clone().unwrap_or_else(|| USUAL.to_vec());
    DateRules { formats, named_by: periods.named_by, names, zone }
}

fn pattern(
    check: &mut Check,
    index: usize,
    figures: &FigureColumns,
    dates: &DateRules,
) -> Option<FigurePattern> {
    let path = format!("figures[{index}].header");
    let header = regex(check, &path, &figures.header, true)?;
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

fn filename_groups(check: &mut Check, columns: &BTreeMap<Role, Source>, filename: Option<&Regex>) {
    for source in columns.values() {
        let Source::Filename(group) = source else { continue };
        if !filename.is_some_and(|regex| regex.capture_names().flatten().any(|name| name == group)) {
            check.problem("filename", format!("no group named {group:?}; write one as (?<{group}>…)"));
        }
    }
}

fn layout(
    check: &mut Check,
    settings: &Settings,
    columns: &BTreeMap<Role, Source>,
    patterns: Vec<FigurePattern>,
) -> Option<Layout> {
    let Some(layout) = settings.layout else {
        check.problem("layout", "this key is missing; set it to \"long\" or \"wide\", or name a `preset`");
        return None;
    };
    if settings.header_row == Some(0)
        && columns.values().any(|source| matches!(source, Source::Header { .. }))
    {
        check.problem("header_row", "0 means no header row; give every column by `letter`");
    }
    let mut need = |role: Role, key: &str| {
        if !columns.contains_key(&role) {
            let path = format!("columns.{key}");
            check.problem(&path, "this key is missing; give a header, or { value = \"…\" } for every row");
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
                check.problem("figures", "columns of figures belong to the wide layout; use `columns.value`");
            }
            Some(Layout::Long)
        }
        LayoutName::Wide => {
            if settings.figures.is_empty() {
                check.problem("figures", "this key is missing; say which headers hold figures");
            }
            for (index, pattern) in patterns.iter().enumerate() {
                complete(check, index, pattern, columns);
            }
            Some(Layout::Wide(patterns))
        }
    }
}

fn complete(check: &mut Check, index: usize, pattern: &FigurePattern, columns: &BTreeMap<Role, Source>) {
    let captures = |name: &str| pattern.header.capture_names().flatten().any(|group| group == name);
    let parts = [
        ("measure", pattern.measure.is_some(), Role::Measure),
        ("channel", pattern.channel.is_some(), Role::Channel),
        ("period", false, Role::Period),
    ];
    for (name, constant, role) in parts {
        if !constant && !captures(name) && !columns.contains_key(&role) {
            check.problem(
                format!("figures[{index}]"),
                format!("no {name}; capture it as (?<{name}>…) in `header` or give `columns.{name}`"),
            );
        }
    }
}
