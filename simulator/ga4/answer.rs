//! A report as JSON. Proto-JSON leaves out what is empty, zero or false, and writes int64 as text.

use serde_json::{Map, Value, json};

use super::Options;
use super::names::{enum_value, metric_type};

/// A row of a report.
pub(super) struct Row {
    pub(super) key: Vec<String>,
    pub(super) values: Vec<String>,
    pub(super) users: u64,
}

fn named(names: &[String], values: &[String], name: &str) -> String {
    names.iter().zip(values).find(|(of, _)| *of == name).map_or_else(String::new, |(_, value)| value.clone())
}

impl Row {
    pub(super) fn dimension(&self, headers: &[String], name: &str) -> String {
        named(headers, &self.key, name)
    }

    pub(super) fn metric(&self, metrics: &[String], name: &str) -> String {
        named(metrics, &self.values, name)
    }
}

/// All that an answer is made of.
pub(super) struct Answer {
    pub(super) headers: Vec<String>,
    pub(super) metrics: Vec<String>,
    pub(super) page: Vec<Row>,
    pub(super) count: usize,
    pub(super) options: Options,
    pub(super) ranges: usize,
    pub(super) thresholded: bool,
    pub(super) lost: bool,
    pub(super) quota: Option<Value>,
    pub(super) currency: Option<String>,
}

fn values(texts: &[String]) -> Value {
    texts.iter().map(|text| json!({"value": text})).collect()
}

impl Answer {
    /// The JSON of it, with enums as numbers where the client asked for that.
    pub(super) fn render(self, numeric: bool) -> Value {
        let mut report = Map::new();
        let mut put = |name: &str, value: Value| {
            let empty = value.as_array().is_some_and(Vec::is_empty) || value == json!(0);
            if !empty {
                report.insert(name.to_owned(), value);
            }
        };
        put("dimensionHeaders", self.headers.iter().map(|name| json!({"name": name})).collect());
        let header = |name: &String| json!({"name": name, "type": enum_value(metric_type(name).unwrap_or_default(), numeric)});
        put("metricHeaders", self.metrics.iter().map(header).collect());
        let row = |row: &Row| {
            let mut members = Map::new();
            for (name, texts) in [("dimensionValues", &row.key), ("metricValues", &row.values)] {
                if !texts.is_empty() {
                    members.insert(name.to_owned(), values(texts));
                }
            }
            Value::Object(members)
        };
        put("rows", self.page.iter().map(row).collect());
        // rowCount is an int32, so endless pages are as many as that holds.
        put("rowCount", json!(i32::try_from(self.count).unwrap_or(i32::MAX)));
        put("metadata", self.metadata(numeric));
        if let Some(quota) = self.quota {
            put("propertyQuota", quota);
        }
        put("kind", json!("analyticsData#runReport"));
        Value::Object(report)
    }

    fn metadata(&self, numeric: bool) -> Value {
        let mut metadata = Map::new();
        let mut put = |name: &str, value: Value| metadata.insert(name.to_owned(), value);
        put("currencyCode", json!(self.currency.as_deref().unwrap_or("GBP")));
        put("timeZone", json!(self.options.time_zone));
        if self.lost {
            put("dataLossFromOtherRow", json!(true));
        }
        if self.thresholded {
            put("subjectToThresholding", json!(true));
        }
        if let Some((read, space)) = self.options.sampling {
            let one = json!({"samplesReadCount": read.to_string(), "samplingSpaceSize": space.to_string()});
            put("samplingMetadatas", json!(vec![one; self.ranges]));
        }
        if let Some(truncation) = &self.options.truncation {
            put(
                "dataTruncationReasons",
                json!([{
                    "dataTruncationType": enum_value(truncation.kind, numeric),
                    "dataTruncationMessage": "Data is not available for part of the date range.",
                    "dataTruncationDate": truncation.date.to_string(),
                }]),
            );
        }
        Value::Object(metadata)
    }
}
