//! The dimensions and metrics a property has, and which go together.

use serde_json::{Value, json};

use super::errors::Refusal;
use super::filter::Expression;
use super::request::CompatibilityRequest;

/// Event sent when a user starts.
pub const STARTED: &str = "application_start";
/// Event sent when a user has completed.
pub const SUBMITTED: &str = "application_submitted";

/// Event names and the page each is sent from, in the order their counts are kept.
pub(super) const EVENTS: [(&str, &str); 5] = [
    ("session_start", "/start"),
    ("page_view", "/start"),
    ("page_view", "/confirmation"),
    (STARTED, "/start"),
    (SUBMITTED, "/confirmation"),
];

pub(super) const DEVICES: [&str; 3] = ["mobile", "desktop", "tablet"];
pub(super) const GROUPS: [&str; 3] = ["Organic Search", "Direct", "Referral"];

/// Dimensions by API name and name in the user interface.
const DIMENSIONS: [(&str, &str); 14] = [
    ("date", "Date"),
    ("dateHour", "Date + hour (YYYYMMDDHH)"),
    ("year", "Year"),
    ("yearMonth", "Year month"),
    ("month", "Month"),
    ("isoYearIsoWeek", "ISO week of ISO year"),
    ("eventName", "Event name"),
    ("deviceCategory", "Device category"),
    ("hostName", "Hostname"),
    ("pagePath", "Page path"),
    ("sessionDefaultChannelGroup", "Session default channel group"),
    ("streamName", "Stream name"),
    ("customEvent:stage", "Stage of the journey"),
    ("itemName", "Item name"),
];

/// Metrics by API name and type.
const METRICS: [(&str, &str); 11] = [
    ("eventCount", "TYPE_INTEGER"),
    ("keyEvents", "TYPE_FLOAT"),
    ("keyEvents:application_start", "TYPE_FLOAT"),
    ("keyEvents:application_submitted", "TYPE_FLOAT"),
    ("sessions", "TYPE_INTEGER"),
    ("activeUsers", "TYPE_INTEGER"),
    ("totalUsers", "TYPE_INTEGER"),
    ("screenPageViews", "TYPE_INTEGER"),
    ("averageSessionDuration", "TYPE_SECONDS"),
    ("engagementRate", "TYPE_FLOAT"),
    ("itemRevenue", "TYPE_CURRENCY"),
];

/// Type of a metric, `None` when there is no such metric.
pub(super) fn metric_type(name: &str) -> Option<&'static str> {
    METRICS.iter().find(|(of, _)| *of == name).map(|(_, kind)| *kind)
}

pub(super) fn is_dimension(name: &str) -> bool {
    DIMENSIONS.iter().any(|(of, _)| *of == name)
}

/// An enum value as text or as Google's number for it.
pub(super) fn enum_value(name: &str, numeric: bool) -> Value {
    const NUMBERS: [(&str, u64); 8] = [
        ("TYPE_INTEGER", 1),
        ("TYPE_FLOAT", 2),
        ("TYPE_SECONDS", 4),
        ("TYPE_CURRENCY", 9),
        ("COMPATIBLE", 1),
        ("INCOMPATIBLE", 2),
        ("DATA_TRUNCATION_TYPE_DATE_RANGE", 7),
        ("DATA_TRUNCATION_TYPE_PROPERTY", 8),
    ];
    let number = NUMBERS.iter().find(|(of, _)| *of == name).filter(|_| numeric);
    number.map_or_else(|| json!(name), |(_, number)| json!(number))
}

fn is_item(name: &str) -> bool {
    name.starts_with("item")
}

/// Refuses names there are not, and item-scoped names beside others, the commonest bad pair.
pub(super) fn check(dimensions: &[String], metrics: &[String]) -> Result<(), Refusal> {
    for (names, field, known) in [
        (dimensions, "dimension", is_dimension as fn(&str) -> bool),
        (metrics, "metric", |name| metric_type(name).is_some()),
    ] {
        if let Some((index, name)) = names.iter().enumerate().find(|(_, name)| !known(name)) {
            return Err(Refusal::invalid_field(
                &format!("{field}s[{index}].name"),
                format!(
                    "Field {name} is not a valid {field}. For a list of valid dimensions and metrics, see \
                     https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema "
                ),
            ));
        }
    }
    let names: Vec<&String> = dimensions.iter().chain(metrics).collect();
    let beside = names.iter().find(|name| !is_item(name) && !name.starts_with("date"));
    match (names.iter().find(|name| is_item(name)), beside) {
        (Some(item), Some(other)) => Err(Refusal::invalid(format!(
            "Please remove {other} to make the request compatible. The request's dimensions & metrics are \
             incompatible: {item} and {other}."
        ))),
        _ => Ok(()),
    }
}

fn dimension(api: &str, shown: &str) -> Value {
    json!({"apiName": api, "uiName": shown, "description": shown, "category": "Simulated"})
}

fn metric(api: &str, kind: &str, numeric: bool) -> Value {
    json!({
        "apiName": api,
        "uiName": api,
        "description": api,
        "type": enum_value(kind, numeric),
        "category": "Simulated",
    })
}

/// Answer of `metadata`.
pub(super) fn metadata(property: u64, numeric: bool) -> Value {
    // Property 0 has what is common to all: nothing of its own events or parameters.
    let common = |name: &str| property > 0 || !name.contains(':');
    let dimensions =
        DIMENSIONS.iter().filter(|(api, _)| common(api)).map(|(api, shown)| dimension(api, shown));
    let metrics = METRICS.iter().filter(|(api, _)| common(api)).map(|(api, kind)| metric(api, kind, numeric));
    json!({
        "name": format!("properties/{property}/metadata"),
        "dimensions": dimensions.collect::<Vec<_>>(),
        "metrics": metrics.collect::<Vec<_>>(),
    })
}

/// Answer of `checkCompatibility`: every name, and whether it can be added to the request.
pub(super) fn compatibility(request: &CompatibilityRequest, numeric: bool) -> Result<Value, Refusal> {
    let mut dimensions: Vec<String> = request.dimensions.iter().map(|named| named.name.clone()).collect();
    let mut metrics: Vec<String> = request.metrics.iter().map(|named| named.name.clone()).collect();
    // What a filter speaks of must go together with the rest, as in a report.
    for (names, filter) in
        [(&mut dimensions, &request.dimension_filter), (&mut metrics, &request.metric_filter)]
    {
        names.extend(filter.iter().flat_map(Expression::fields));
    }
    check(&dimensions, &metrics)?;
    let wanted =
        request.compatibility_filter.as_ref().and_then(|filter| filter.name(&["COMPATIBLE", "INCOMPATIBLE"]));
    let verdict = |dimension: Option<&str>, metric: Option<&str>| {
        let with = |names: &[String], name: Option<&str>| -> Vec<String> {
            names.iter().cloned().chain(name.map(str::to_owned)).collect()
        };
        let together = check(&with(&dimensions, dimension), &with(&metrics, metric)).is_ok();
        let verdict = if together { "COMPATIBLE" } else { "INCOMPATIBLE" };
        wanted.as_ref().is_none_or(|wanted| wanted == verdict).then(|| enum_value(verdict, numeric))
    };
    let all_dimensions = DIMENSIONS.iter().filter_map(|(api, shown)| {
        let verdict = verdict(Some(api), None)?;
        Some(json!({"dimensionMetadata": dimension(api, shown), "compatibility": verdict}))
    });
    let all_metrics = METRICS.iter().filter_map(|(api, kind)| {
        let verdict = verdict(None, Some(api))?;
        Some(json!({"metricMetadata": metric(api, kind, numeric), "compatibility": verdict}))
    });
    Ok(json!({
        "dimensionCompatibilities": all_dimensions.collect::<Vec<_>>(),
        "metricCompatibilities": all_metrics.collect::<Vec<_>>(),
    }))
}
