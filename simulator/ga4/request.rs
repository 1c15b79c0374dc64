//! Requests as they come: unknown members are refused, as Google's front end refuses them.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::errors::Refusal;

/// An enum as its name or its number; Google's own client sends numbers.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Choice {
    Number(usize),
    Name(String),
}

impl Choice {
    /// The name, given the names in order of their numbers from 1.
    pub(super) fn name(&self, names: &[&str]) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Number(number) => names.get(number.checked_sub(1)?).map(|name| (*name).to_owned()),
        }
    }
}

/// An int64, which proto-JSON writes as text and reads as either.
fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Value::Number(number)) if number.is_u64() => Ok(number.as_u64()),
        Some(Value::String(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
        Some(other) => Err(serde::de::Error::custom(format!("Invalid value at (TYPE_INT64), {other}"))),
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DateRange {
    pub(super) start_date: String,
    pub(super) end_date: String,
    #[serde(default)]
    pub(super) name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct OrderBy {
    pub(super) dimension: Option<DimensionOrder>,
    pub(super) metric: Option<MetricOrder>,
    pub(super) desc: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DimensionOrder {
    pub(super) dimension_name: String,
    #[serde(default)]
    pub(super) order_type: Option<Choice>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MetricOrder {
    pub(super) metric_name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ReportRequest {
    pub(super) property: Option<String>,
    pub(super) date_ranges: Vec<DateRange>,
    pub(super) dimensions: Vec<Named>,
    pub(super) metrics: Vec<Named>,
    pub(super) dimension_filter: Option<super::filter::Expression>,
    pub(super) metric_filter: Option<super::filter::Expression>,
    pub(super) order_bys: Vec<OrderBy>,
    #[serde(deserialize_with = "int64")]
    pub(super) limit: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) offset: Option<u64>,
    pub(super) keep_empty_rows: bool,
    pub(super) return_property_quota: bool,
    pub(super) currency_code: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct BatchRequest {
    pub(super) property: Option<String>,
    pub(super) requests: Vec<ReportRequest>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CompatibilityRequest {
    pub(super) property: Option<String>,
    pub(super) dimensions: Vec<Named>,
    pub(super) metrics: Vec<Named>,
    pub(super) dimension_filter: Option<super::filter::Expression>,
    pub(super) metric_filter: Option<super::filter::Expression>,
    pub(super) compatibility_filter: Option<Choice>,
}

/// Reads a request. Members Google would not know are named.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        match unknown {
            Some(name) => {
                let message =
                    format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.");
                Refusal::invalid_field("", message)
            }
            None => Refusal::invalid(format!("Invalid JSON payload received. {text}")),
        }
    })
}

impl DateRange {
    /// The dates meant, relative words resolved on `today` in the property's zone.
    pub(super) fn resolve(&self, today: Date) -> Result<(Date, Date), Refusal> {
        let first = resolve(&self.start_date, today, "startDate")?;
        let last = resolve(&self.end_date, today, "endDate")?;
        if first > last {
            return Err(Refusal::invalid(format!(
                "Invalid dateRange. startDate {} is after endDate {}.",
                self.start_date, self.end_date
            )));
        }
        Ok((first, last))
    }
}

fn resolve(text: &str, today: Date, field: &str) -> Result<Date, Refusal> {
    let back = match text {
        "today" => Some(0),
        "yesterday" => Some(1),
        _ => text.strip_suffix("daysAgo").and_then(|number| number.parse::<i32>().ok()),
    };
    let date = match back {
        Some(back) => today.checked_sub(back.days()).ok(),
        None => (text.len() == 10).then(|| text.parse().ok()).flatten(),
    };
    date.ok_or_else(|| {
        Refusal::invalid(format!(
            "Invalid {field}: {text}. Dates must be in the format YYYY-MM-DD, NdaysAgo, yesterday, or today."
        ))
    })
}
