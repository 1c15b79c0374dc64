//! Filters: nested lists such as `["and", [["is", "event:goal", ["Submit"]], …]]`.

use axum::http::StatusCode;
use serde_json::Value;

use super::Refusal;

/// Whether a filter holds, given the value of each dimension.
pub(super) fn holds(filter: &Value, value: &dyn Fn(&str) -> Option<String>) -> Result<bool, Refusal> {
    let bad = || (StatusCode::BAD_REQUEST, format!("Invalid filter {filter}"));
    let parts = filter.as_array().ok_or_else(bad)?;
    let operator = parts.first().and_then(Value::as_str).ok_or_else(bad)?;
    let second = parts.get(1).ok_or_else(bad)?;
    match operator {
        "and" | "or" => {
            let inner = second.as_array().ok_or_else(bad)?;
            let held: Result<Vec<bool>, Refusal> = inner.iter().map(|filter| holds(filter, value)).collect();
            held.map(
                |held| if operator == "and" { held.iter().all(|it| *it) } else { held.iter().any(|it| *it) },
            )
        }
        "not" => holds(second, value).map(|held| !held),
        _ => {
            let name = second.as_str().ok_or_else(bad)?;
            let wanted: Vec<&str> = parts
                .get(2)
                .and_then(Value::as_array)
                .ok_or_else(bad)?
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let is = value(name)
                .ok_or_else(|| (StatusCode::BAD_REQUEST, format!("Invalid dimension \"{name}\"")))?;
            let any = |test: fn(&str, &str) -> bool| wanted.iter().any(|wanted| test(&is, wanted));
            match operator {
                "is" => Ok(any(|is, wanted| is == wanted)),
                "is_not" => Ok(!any(|is, wanted| is == wanted)),
                "contains" => Ok(any(|is, wanted| is.contains(wanted))),
                "contains_not" => Ok(!any(|is, wanted| is.contains(wanted))),
                _ => Err((StatusCode::BAD_REQUEST, format!("Unknown operator for filter {filter}"))),
            }
        }
    }
}
