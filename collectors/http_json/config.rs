//! Settings as written in configuration. [`super::plan`] checks them against each other.

use std::collections::BTreeMap;
use std::fmt;

use kpi::{Channel, Coverage, Measure, PeriodKind, ServiceId};
use rust_decimal::Decimal;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::auth::AuthSettings;
use super::certificates::TlsSettings;
use crate::absence::{Absent, Expected, TokenLists};

/// Everything that may be set; `README.md` explains each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) url: String,
    #[serde(default)]
    pub(super) method: Method,
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) auth: AuthSettings,
    #[serde(default)]
    pub(super) tls: TlsSettings,
    #[serde(default)]
    pub(super) paging: PagingSettings,
    #[serde(default)]
    pub(super) limits: Limits,

    pub(super) period: PeriodKind,
    pub(super) time_zone: Option<String>,
    pub(super) largest: Option<u32>,
    pub(super) look_back: Option<u32>,
    pub(super) settles_after_hours: Option<u32>,

    #[serde(default)]
    pub(super) rows: String,
    pub(super) fields: Fields,
    #[serde(default)]
    pub(super) figures: Vec<FigureFields>,
    pub(super) period_formats: Option<Vec<String>>,
    #[serde(default)]
    pub(super) coverage: Coverage,
    #[serde(default)]
    pub(super) repeated: Repeated,
    #[serde(default = "Absent::leave_out")]
    pub(super) absent: Absent,
    pub(super) expected: Option<Expected>,
    #[serde(default)]
    pub(super) services: BTreeMap<String, ServiceId>,
    #[serde(default)]
    pub(super) channels: BTreeMap<String, Channel>,
    #[serde(default)]
    pub(super) measures: BTreeMap<String, Measure>,
    #[serde(default)]
    pub(super) tokens: TokenLists,
}

/// How the source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    #[default]
    Get,
    /// With `body`, for sources that take their question in one. It must only read.
    Post,
}

/// How an answer goes on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PagingSettings {
    #[serde(default)]
    pub(super) kind: PagingKind,
    pub(super) parameter: Option<String>,
    pub(super) size_parameter: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) first: Option<u64>,
    pub(super) pointer: Option<String>,
    pub(super) total: Option<String>,
    pub(super) end_status: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PagingKind {
    #[default]
    None,
    /// Pages are numbered.
    Page,
    /// Rows are numbered.
    Offset,
    /// The body holds what to ask for next.
    Cursor,
    /// The body holds the address of the next page.
    NextLink,
    /// The header `Link` holds it.
    LinkHeader,
}

/// What is asked and read at most.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) requests_per_second: Option<u32>,
    pub(super) concurrent: Option<usize>,
    pub(super) timeout_secs: Option<u64>,
    pub(super) attempts: Option<u32>,
    pub(super) max_pages: Option<u32>,
    pub(super) max_rows: Option<u64>,
    pub(super) max_bytes: Option<usize>,
}

/// Where in a row each part of a figure is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) service: Source,
    pub(super) period: Source,
    pub(super) measure: Option<Source>,
    pub(super) channel: Option<Source>,
    pub(super) value: Option<Source>,
    pub(super) multiply_by: Option<Decimal>,
}

/// One figure of a row that holds several.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FigureFields {
    pub(super) measure: Measure,
    pub(super) channel: Option<Source>,
    pub(super) value: Source,
    pub(super) multiply_by: Option<Decimal>,
}

/// What becomes of two rows for one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Repeated {
    /// Neither can be trusted, unless they say the same.
    #[default]
    Refuse,
    /// Each row is a part of it.
    Sum,
}

/// Where one part of a figure comes from: `"/pointer"`, or a table with one of `pointer` and `value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// At this JSON Pointer (RFC 6901) in the row.
    Pointer(String),
    /// Always this text.
    Constant(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    pointer: Option<String>,
    value: Option<String>,
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PointerOrTable;
        impl<'de> Visitor<'de> for PointerOrTable {
            type Value = Source;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON Pointer such as \"/date\", or a table with one of pointer and value")
            }
            fn visit_str<E: serde::de::Error>(self, pointer: &str) -> Result<Source, E> {
                Ok(Source::Pointer(pointer.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                use serde::de::Error;
                match SourceTable::deserialize(MapAccessDeserializer::new(map))? {
                    SourceTable { pointer: Some(pointer), value: None } => Ok(Source::Pointer(pointer)),
                    SourceTable { pointer: None, value: Some(text) } => Ok(Source::Constant(text)),
                    _ => Err(A::Error::custom("give exactly one of pointer and value")),
                }
            }
        }
        deserializer.deserialize_any(PointerOrTable)
    }
}
