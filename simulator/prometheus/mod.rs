//! Prometheus' HTTP API: `query` and `query_range` over the counters of the services.
//!
//! It knows the expressions a collector asks: a selector, `increase` or `rate` over a span, and
//! `sum by (…)` of them. Counters are `service_started_total{service,channel}` and
//! `service_completed_total{service,channel}`. <https://prometheus.io/docs/prometheus/latest/querying/api/>

mod evaluate;
mod expression;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::World;
use expression::Expression;

/// Most points a series may have in one range query.
const POINTS: i64 = 11_000;

/// The stand-in's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/api/v1/query", any(instant))
        .route("/api/v1/query_range", any(range))
        .with_state(world)
}

/// Errors that mischief asks for.
pub(crate) fn dialect(status: StatusCode) -> Response {
    let kind = match status.as_u16() {
        400 => "bad_data",
        422 => "execution",
        503 => "timeout",
        _ => "internal",
    };
    refusal(status, kind, status.canonical_reason().unwrap_or("error"))
}

fn refusal(status: StatusCode, kind: &str, error: &str) -> Response {
    (status, Json(json!({"status": "error", "errorType": kind, "error": error}))).into_response()
}

fn bad_data(error: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, "bad_data", error)
}

type Parameters = BTreeMap<String, String>;

/// A long query comes as a form, a short one in the address.
fn parameters(query: Option<&str>, body: &[u8]) -> Parameters {
    let query = query.unwrap_or_default().as_bytes();
    form_urlencoded::parse(query).into_owned().chain(form_urlencoded::parse(body).into_owned()).collect()
}

/// A time as RFC 3339 or seconds since 1970, to the second.
fn time(parameters: &Parameters, name: &str) -> Option<i64> {
    let text = parameters.get(name)?;
    let whole = text.split('.').next().unwrap_or_default();
    whole.parse().ok().or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

fn success(kind: &str, result: &[Value]) -> Response {
    Json(json!({"status": "success", "data": {"resultType": kind, "result": result}})).into_response()
}

async fn instant(State(world): State<Arc<World>>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let parameters = parameters(query.as_deref(), &body);
    let expression = match Expression::parse(parameters.get("query").map_or("", String::as_str)) {
        Ok(expression) => expression,
        Err(error) => return bad_data(&format!("invalid parameter \"query\": 1:1: parse error: {error}")),
    };
    let at = time(&parameters, "time").unwrap_or_else(|| world.now().as_second());
    let result: Vec<Value> = evaluate::evaluate(&expression, &world, at)
        .into_iter()
        .map(|(labels, value)| json!({"metric": labels, "value": [at, value]}))
        .collect();
    success("vector", &result)
}

async fn range(State(world): State<Arc<World>>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let parameters = parameters(query.as_deref(), &body);
    let expression = match Expression::parse(parameters.get("query").map_or("", String::as_str)) {
        Ok(expression) => expression,
        Err(error) => return bad_data(&format!("invalid parameter \"query\": 1:1: parse error: {error}")),
    };
    let step = parameters.get("step").and_then(|text| {
        let whole = text.split('.').next().unwrap_or_default();
        whole.parse().ok().or_else(|| expression::duration(text))
    });
    let (Some(start), Some(end), Some(step)) = (time(&parameters, "start"), time(&parameters, "end"), step)
    else {
        return bad_data("invalid parameter \"start\", \"end\" or \"step\": cannot parse to a valid value");
    };
    if end < start {
        return bad_data("invalid parameter \"end\": end timestamp must not be before start time");
    }
    if step <= 0 {
        return bad_data(
            "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. \
             Try a positive integer",
        );
    }
    if (end - start) / step > POINTS {
        return bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution \
             (?step=XX)",
        );
    }
    let mut series: BTreeMap<BTreeMap<String, String>, Vec<Value>> = BTreeMap::new();
    let mut at = start;
    while at <= end {
        for (labels, value) in evaluate::evaluate(&expression, &world, at) {
            series.entry(labels).or_default().push(json!([at, value]));
        }
        at += step;
    }
    let result: Vec<Value> =
        series.into_iter().map(|(labels, values)| json!({"metric": labels, "values": values})).collect();
    success("matrix", &result)
}
