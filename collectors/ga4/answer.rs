//! The shape of a report as JSON. Protocol buffers leave out what is empty, zero or false, so that
//! everything is optional: an empty report has neither `rows` nor `rowCount`.
//!
//! API pages: `RunReportResponse`, `ResponseMetaData`.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReportAnswer {
    pub(super) dimension_headers: Vec<Named>,
    pub(super) metric_headers: Vec<Named>,
    pub(super) rows: Vec<Row>,
    pub(super) row_count: u64,
    pub(super) metadata: MetaData,
    pub(super) property_quota: Option<PropertyQuota>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BatchAnswer {
    pub(super) reports: Vec<ReportAnswer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Row {
    pub(super) dimension_values: Vec<Text>,
    pub(super) metric_values: Vec<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Text {
    pub(super) value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MetaData {
    pub(super) time_zone: String,
    pub(super) data_loss_from_other_row: bool,
    pub(super) subject_to_thresholding: bool,
    pub(super) sampling_metadatas: Vec<Sampling>,
    pub(super) data_truncation_reasons: Vec<Truncation>,
    pub(super) schema_restriction_response: Restrictions,
    pub(super) empty_reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Sampling {
    #[serde(deserialize_with = "int64")]
    pub(super) samples_read_count: u64,
    #[serde(deserialize_with = "int64")]
    pub(super) sampling_space_size: u64,
}

/// What to do about an answer that Google's own description of the API does not allow for.
pub(super) const UNEXPECTED: &str =
    "if this stays, see whether a newer version of this program reads it, and report it";

/// Why days are lacking; told since September 2026.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Truncation {
    #[serde(rename = "dataTruncationType")]
    pub(super) kind: String,
    #[serde(rename = "dataTruncationDate")]
    pub(super) date: String,
    #[serde(rename = "dataTruncationDateRanges")]
    pub(super) ranges: Vec<DateRange>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DateRange {
    pub(super) start_date: String,
    pub(super) end_date: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Restrictions {
    pub(super) active_metric_restrictions: Vec<Restriction>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Restriction {
    pub(super) metric_name: String,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PropertyQuota {
    pub(super) tokens_per_day: Option<QuotaStatus>,
    pub(super) tokens_per_hour: Option<QuotaStatus>,
    pub(super) tokens_per_project_per_hour: Option<QuotaStatus>,
    pub(super) concurrent_requests: Option<QuotaStatus>,
    pub(super) server_errors_per_project_per_hour: Option<QuotaStatus>,
    pub(super) potentially_thresholded_requests_per_hour: Option<QuotaStatus>,
}

/// `consumed` is what this one request took.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct QuotaStatus {
    pub(super) consumed: u64,
    pub(super) remaining: u64,
}

/// Which names a property knows (API page "Metadata").
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Names {
    pub(super) dimensions: Vec<Name>,
    pub(super) metrics: Vec<Name>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Name {
    pub(super) api_name: String,
    pub(super) deprecated_api_names: Vec<String>,
}

/// An answer of which only its coming is of interest.
pub(super) type Anything = IgnoredAny;

/// An int64 is written as text, and read either way.
fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum TextOrNumber {
        Number(u64),
        Text(String),
    }
    match TextOrNumber::deserialize(deserializer)? {
        TextOrNumber::Number(number) => Ok(number),
        TextOrNumber::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}
