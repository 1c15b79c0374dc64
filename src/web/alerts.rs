//! Open and past alerts.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use kpi::ServiceId;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::api::CSV;
use super::error::ApiError;
use crate::alerts::AlertRecord;

/// Alerts in one answer at most, the newest.
const MOST: u32 = 10_000;

/// Which alerts are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Selection {
    state: Option<String>,
    service: Option<String>,
}

/// Alerts as JSON.
pub(super) async fn json(
    State(shared): State<Shared>,
    selection: Result<Query<Selection>, QueryRejection>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let alerts = selected(&shared, selection).await?;
    Ok(Json(json!({ "as_of": shared.clock.now().to_string(), "alerts": alerts })))
}

/// The same as CSV.
pub(super) async fn csv(
    State(shared): State<Shared>,
    selection: Result<Query<Selection>, QueryRejection>,
) -> Result<Response, ApiError> {
    let alerts = selected(&shared, selection).await?;
    Ok(([CSV], crate::alerts::csv(&alerts)?).into_response())
}

async fn selected(
    shared: &Shared,
    selection: Result<Query<Selection>, QueryRejection>,
) -> Result<Vec<AlertRecord>, ApiError> {
    let Query(selection) = selection.map_err(|error| ApiError::BadRequest(vec![error.body_text()]))?;
    let mut problems = Vec::new();
    let wanted = selection.state.as_deref();
    if let Some(state) = wanted.filter(|state| !["open", "resolved"].contains(state)) {
        problems.push(format!("state: {state:?} is not a state; use one of open, resolved"));
    }
    let service = selection.service.as_deref().and_then(|text| {
        text.parse::<ServiceId>().map_err(|error| problems.push(format!("service: {error}"))).ok()
    });
    if !problems.is_empty() {
        return Err(ApiError::BadRequest(problems));
    }
    let kept = shared.alerts.newest(MOST).await.map_err(ApiError::State)?;
    let about = |id: &ServiceId| service.as_ref().is_none_or(|wanted| wanted == id);
    Ok(kept
        .iter()
        .filter(|kept| service.is_none() || kept.alert.services().iter().any(about))
        .map(AlertRecord::of)
        .filter(|record| wanted.is_none_or(|wanted| wanted == record.state))
        .collect())
}
