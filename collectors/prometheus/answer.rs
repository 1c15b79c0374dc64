//! What Prometheus answers (HTTP API, "Format overview" and "Expression query result formats").

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use crate::http::Reply;
use crate::words::shown;
use crate::{CollectError, Reason};

/// The envelope of every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    status: Status,
    data: Option<Data>,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
    /// The answer may be incomplete: Thanos and Mimir say so when a part of them does not answer.
    #[serde(default)]
    pub(super) warnings: Vec<String>,
    /// Advice on the expression.
    #[serde(default)]
    pub(super) infos: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Success,
    Error,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: serde_json::Value,
}

/// A sample: its time in seconds, and its value as text.
type RawSample = (Decimal64, String);

/// A time in seconds as Prometheus writes it, a JSON number with up to three digits after the point.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
struct Decimal64(f64);

#[derive(Debug, Deserialize)]
struct RawSeries {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<RawSample>,
    #[serde(default)]
    values: Vec<RawSample>,
    histogram: Option<serde::de::IgnoredAny>,
    histograms: Option<serde::de::IgnoredAny>,
}

/// One series of an answer.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: BTreeMap<String, String>,
    /// Values by time in whole seconds.
    pub(super) samples: Vec<(i64, Sample)>,
}

/// What a sample says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    Number(Decimal),
    /// `NaN` or infinite: a division by nothing, not a count.
    NotANumber,
}

/// Says what a refusal means: Prometheus tells its reasons as JSON with status 400, 422 or 503, and
/// some proxies in front of it as JSON with status 200.
pub(super) fn failure(reply: &Reply) -> Option<CollectError> {
    let envelope: Refusal = serde_json::from_slice(&reply.bytes).ok()?;
    if envelope.status != Status::Error {
        return None;
    }
    let (reason, remedy) = match (envelope.error_type.as_str(), reply.status) {
        (_, 401 | 403 | 429) => return None,
        ("bad_data", _) => (Reason::Config, "correct the expression in `figures`"),
        ("execution", _) => (
            Reason::Config,
            "the expression cannot be worked out: try it in the Prometheus page, and correct it",
        ),
        ("timeout", _) => (
            Reason::Transient,
            "the expression takes too long: ask for fewer periods with `largest`, or record it by a rule",
        ),
        ("not_found", _) => (Reason::Config, "check `url`: it is the address before /api/v1"),
        (_, 500..) => (Reason::Transient, "the source is in trouble and is asked again"),
        _ => (Reason::Malformed, "see what Prometheus logs about it"),
    };
    let problem = format!(
        "{} refused with {:?}: {:?}; {remedy}",
        reply.address(),
        shown(&envelope.error_type),
        cut(&envelope.error)
    );
    Some(CollectError::new(reason, problem))
}

#[derive(Deserialize)]
struct Refusal {
    status: Status,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
}

/// Prometheus quotes the expression in its errors, and points at the place in it.
fn cut(text: &str) -> String {
    let mut characters = text.chars();
    let head: String = characters.by_ref().take(200).collect();
    if characters.next().is_some() { head + "…" } else { head }
}

impl Envelope {
    /// The series of a successful answer.
    pub(super) fn series(self, reply: &Reply) -> Result<Vec<Series>, CollectError> {
        let malformed = |problem: String| {
            CollectError::new(Reason::Malformed, format!("{} answered {problem}", reply.address()))
        };
        if self.status == Status::Error {
            return Err(malformed(format!(
                "an error of an unknown kind, {:?}: {:?}",
                self.error_type,
                cut(&self.error)
            )));
        }
        let Some(data) = self.data else { return Err(malformed("success without data".to_owned())) };
        let shape = |error: serde_json::Error| {
            malformed(format!("a {} of another shape than expected: {error}", shown(&data.result_type)))
        };
        let raw: Vec<RawSeries> = match data.result_type.as_str() {
            "vector" | "matrix" => serde_json::from_value(data.result).map_err(shape)?,
            "scalar" => {
                let value = serde_json::from_value(data.result).map_err(shape)?;
                vec![RawSeries {
                    metric: BTreeMap::new(),
                    value: Some(value),
                    values: Vec::new(),
                    histogram: None,
                    histograms: None,
                }]
            }
            other => {
                return Err(malformed(format!(
                    "a {:?}; write an expression that gives numbers",
                    shown(other)
                )));
            }
        };
        raw.into_iter().map(|series| series.read().map_err(malformed)).collect()
    }
}

impl RawSeries {
    fn read(self) -> Result<Series, String> {
        if self.histogram.is_some() || self.histograms.is_some() {
            return Err(
                "a native histogram, which is no count; write histogram_count(…) around it".to_owned()
            );
        }
        let samples = self
            .value
            .into_iter()
            .chain(self.values)
            .map(|(time, text)| {
                let seconds = time.0.floor().to_i64().ok_or("a sample at no time")?;
                Ok((seconds, Sample::read(&text)?))
            })
            .collect::<Result<_, String>>()?;
        Ok(Series { labels: self.metric, samples })
    }
}

impl Sample {
    fn read(text: &str) -> Result<Self, String> {
        if matches!(text, "NaN" | "+Inf" | "-Inf" | "Inf") {
            return Ok(Self::NotANumber);
        }
        // Go writes large and small numbers with an exponent.
        let number = text.parse().or_else(|_| Decimal::from_scientific(text));
        number.map(Self::Number).map_err(|_| format!("the value {:?}, which is no number", shown(text)))
    }
}
