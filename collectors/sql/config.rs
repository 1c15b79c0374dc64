//! Settings as written in configuration. [`super::plan`] checks them against each other.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::SecretRef;
use crate::absence::{Absent, Expected};

/// Everything that may be set; `README.md` explains each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) dialect: Dialect,
    pub(super) url: Option<String>,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) database: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretRef>,
    pub(super) tls: Option<Tls>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) file: Option<PathBuf>,
    pub(super) query: Option<String>,
    pub(super) query_file: Option<PathBuf>,
    pub(super) bind: Option<Bind>,
    pub(super) timeout_secs: Option<u64>,
    pub(super) max_rows: Option<usize>,
    pub(super) layout: LayoutName,
    #[serde(default)]
    pub(super) columns: Columns,
    #[serde(default)]
    pub(super) figures: Vec<FigureColumn>,
    pub(super) period: PeriodKind,
    pub(super) time_zone: Option<String>,
    pub(super) look_back: Option<u32>,
    pub(super) settles_after_hours: Option<u32>,
    #[serde(default)]
    pub(super) services: BTreeMap<String, ServiceId>,
    #[serde(default)]
    pub(super) channels: BTreeMap<String, Channel>,
    #[serde(default)]
    pub(super) measures: BTreeMap<String, Measure>,
    #[serde(default = "Absent::leave_out")]
    pub(super) absent: Absent,
    pub(super) expected: Option<Expected>,
}

/// Which database is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dialect {
    #[serde(alias = "postgres")]
    Postgresql,
    Sqlite,
}

/// How the way to the server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tls {
    /// Encrypted, and the server proves its name by a certificate.
    #[default]
    Require,
    /// Encrypted where the server offers it, and nothing is proved.
    Prefer,
    /// In the clear.
    Disable,
}

/// What `:from` and `:to` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Bind {
    /// The first local day, and the day after the last.
    Dates,
    /// The instants at which those days begin.
    Timestamps,
}

/// How figures lie in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LayoutName {
    /// One figure a row.
    Long,
    /// One row a period and service, one column a figure.
    Wide,
}

/// Where each part of a figure is found.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    pub(super) service: Option<Source>,
    pub(super) period_start: Option<String>,
    pub(super) measure: Option<Source>,
    pub(super) channel: Option<Source>,
    pub(super) value: Option<String>,
    pub(super) coverage: Option<Source>,
}

/// A column of figures in the wide layout.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FigureColumn {
    pub(super) column: String,
    pub(super) measure: Measure,
    pub(super) channel: Channel,
    #[serde(default)]
    pub(super) coverage: Coverage,
}

/// Where the text of one part of a figure comes from: `"column"`, or `{ value = "phone" }` for all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Column(String),
    Constant(String),
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            column: Option<String>,
            value: Option<String>,
        }
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Source;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column, or { value = \"…\" } for every row")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Source, E> {
                Ok(Source::Column(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                use serde::de::Error;
                match Table::deserialize(MapAccessDeserializer::new(map))? {
                    Table { column: Some(name), value: None } => Ok(Source::Column(name)),
                    Table { column: None, value: Some(text) } => Ok(Source::Constant(text)),
                    _ => Err(A::Error::custom("give one of column and value")),
                }
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}
