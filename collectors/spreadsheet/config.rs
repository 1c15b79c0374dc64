//! Settings as written in configuration. [`super::plan`] checks them against each other.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::cell::{Blank, FootnoteMarks, Ratios};
use super::dates::{Format as PeriodFormat, NamedBy};
use super::decode::Encoding;
use crate::absence::TokenLists;

/// Everything that may be set; `README.md` explains each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) file: Option<PathBuf>,
    pub(super) folder: Option<PathBuf>,
    pub(super) pattern: Option<String>,
    pub(super) url: Option<String>,
    pub(super) timeout_secs: Option<u64>,
    pub(super) max_bytes: Option<u64>,
    pub(super) filename: Option<String>,
    #[serde(default)]
    pub(super) format: FileFormat,
    #[serde(default)]
    pub(super) encoding: Encoding,
    pub(super) delimiter: Option<char>,
    pub(super) sheet: Option<SheetName>,
    pub(super) header_row: Option<u32>,
    pub(super) preset: Option<Preset>,
    pub(super) layout: Option<LayoutName>,
    #[serde(default)]
    pub(super) columns: Columns,
    #[serde(default)]
    pub(super) figures: Vec<FigureColumns>,
    #[serde(default)]
    pub(super) periods: Periods,
    #[serde(default)]
    pub(super) services: BTreeMap<String, ServiceId>,
    #[serde(default)]
    pub(super) channels: BTreeMap<String, Channel>,
    #[serde(default)]
    pub(super) measures: BTreeMap<String, Measure>,
    #[serde(default)]
    pub(super) tokens: TokenLists,
    pub(super) total_rows: Option<Vec<String>>,
    pub(super) on_error: Option<OnError>,
    pub(super) blank: Option<Blank>,
    pub(super) footnote_marks: Option<FootnoteMarks>,
    pub(super) ratios: Option<Ratios>,
}

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileFormat {
    /// By content, and for text by the file's ending.
    #[default]
    Auto,
    Csv,
    Tsv,
    Xlsx,
    Xls,
    Ods,
}

/// A ready-made mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Preset {
    /// The working sheet of the Transactions Explorer, in any edition.
    TransactionalServices,
}

/// How figures lie in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LayoutName {
    /// One figure a row.
    Long,
    /// One column for each period and measure.
    Wide,
}

/// What becomes of a file with a bad cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnError {
    /// None of its figures are taken.
    #[default]
    RejectFile,
    /// The figures of the row are left out.
    SkipRow,
    /// The figure is left out.
    SkipCell,
}

/// Where each part of a figure is found.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    pub(super) service: Option<Source>,
    pub(super) name: Option<Source>,
    pub(super) department: Option<Source>,
    pub(super) agency: Option<Source>,
    pub(super) period: Option<Source>,
    pub(super) period_kind: Option<Source>,
    pub(super) measure: Option<Source>,
    pub(super) channel: Option<Source>,
    pub(super) coverage: Option<Source>,
    pub(super) provisional: Option<Source>,
    pub(super) value: Option<Source>,
}

/// Columns of figures in the wide layout: every header the pattern matches.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FigureColumns {
    pub(super) header: String,
    pub(super) measure: Option<Measure>,
    pub(super) channel: Option<Channel>,
    pub(super) coverage: Option<Coverage>,
    pub(super) period_kind: Option<PeriodKind>,
    pub(super) formats: Option<Vec<PeriodFormat>>,
}

/// How periods are written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Periods {
    pub(super) kind: Option<PeriodKind>,
    pub(super) formats: Option<Vec<PeriodFormat>>,
    #[serde(default)]
    pub(super) named_by: NamedBy,
    #[serde(default)]
    pub(super) names: BTreeMap<String, String>,
    pub(super) time_zone: Option<String>,
}

/// A sheet by its name or its number from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SheetName {
    Name(String),
    Number(usize),
}

impl<'de> Deserialize<'de> for SheetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrNumber;
        impl Visitor<'_> for NameOrNumber {
            type Value = SheetName;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a sheet or its number from 1")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<SheetName, E> {
                Ok(SheetName::Name(name.to_owned()))
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<SheetName, E> {
                match usize::try_from(number) {
                    Ok(number) if number > 0 => Ok(SheetName::Number(number)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Signed(number), &self)),
                }
            }
        }
        deserializer.deserialize_any(NameOrNumber)
    }
}

/// Where the text of one part of a figure comes from: `"Header"`, or a table with one of
/// `column`, `letter`, `value` and `filename`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The column with this header.
    Header { name: String, presence: Presence },
    /// The column at this position.
    Letter(usize),
    /// Always this text.
    Constant(String),
    /// What this group of the pattern `filename` captures.
    Filename(String),
}

/// Whether a column must be there. Only presets, which read many editions, have optional ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Needed,
    Optional,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    column: Option<String>,
    letter: Option<String>,
    value: Option<String>,
    filename: Option<String>,
}

impl Source {
    pub(super) fn header(name: &str) -> Self {
        Self::Header { name: name.to_owned(), presence: Presence::Needed }
    }

    pub(super) fn optional(name: &str) -> Self {
        Self::Header { name: name.to_owned(), presence: Presence::Optional }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HeaderOrTable;
        impl<'de> Visitor<'de> for HeaderOrTable {
            type Value = Source;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a header, or a table with one of column, letter, value and filename")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Source, E> {
                Ok(Source::header(name))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                use serde::de::Error;
                let table = SourceTable::deserialize(MapAccessDeserializer::new(map))?;
                match table {
                    SourceTable { column: Some(name), letter: None, value: None, filename: None } => {
                        Ok(Source::header(&name))
                    }
                    SourceTable { column: None, letter: Some(letter), value: None, filename: None } => {
                        super::report::column_index(&letter).map(Source::Letter).ok_or_else(|| {
                            A::Error::custom(format!("{letter:?} is no column; give letters such as \"AB\""))
                        })
                    }
                    SourceTable { column: None, letter: None, value: Some(text), filename: None } => {
                        Ok(Source::Constant(text))
                    }
                    SourceTable { column: None, letter: None, value: None, filename: Some(group) } => {
                        Ok(Source::Filename(group))
                    }
                    _ => Err(A::Error::custom("give exactly one of column, letter, value and filename")),
                }
            }
        }
        deserializer.deserialize_any(HeaderOrTable)
    }
}
