//! Services and KPIs.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use kpi::ServiceId;
use kpi::calculate::ServicesCounted;
use serde::Serialize;
use serde_json::json;

use super::Shared;
use super::error::ApiError;
use crate::catalogue::ServiceProfile;
use crate::report::{self, RequestText, Row, Subject};
use crate::snapshot::{ServicePicture, Snapshot};

pub(super) const CSV: (header::HeaderName, &str) =
    (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present");

#[derive(Serialize)]
struct ServiceAnswer<'a> {
    id: &'a ServiceId,
    name: &'a str,
    department: &'a Option<kpi::service::Organisation>,
    agency: &'a Option<kpi::service::Organisation>,
    channels: &'a [kpi::Channel],
    digital: &'a [kpi::service::DigitalDefinition],
    satisfaction: kpi::service::SatisfactionFormula,
    time_zone: Option<&'a str>,
    kpis: Vec<Row>,
}

fn answer(picture: &ServicePicture) -> ServiceAnswer<'_> {
    let ServiceProfile { description, rules, .. } = &picture.profile;
    ServiceAnswer {
        id: &description.id,
        name: &description.name,
        department: &description.department,
        agency: &description.agency,
        channels: &rules.channels,
        digital: &rules.digital,
        satisfaction: rules.satisfaction,
        time_zone: rules.time_zone.iana_name(),
        kpis: rows(picture),
    }
}

/// The newest KPIs of a service, from the snapshot.
fn rows(picture: &ServicePicture) -> Vec<Row> {
    let description = &picture.profile.description;
    picture
        .current
        .values()
        .map(|current| Row {
            subject: Subject::Service(description.id.clone()),
            name: description.name.clone(),
            services: ServicesCounted { counted: usize::from(current.figure.state.known().is_some()), of: 1 },
            figure: current.figure.clone(),
            volume_share: None,
            held_back: Vec::new(),
        })
        .collect()
}

/// Every service with its newest KPIs.
pub(super) async fn services(State(shared): State<Shared>) -> Json<serde_json::Value> {
    let snapshot = shared.snapshots.current();
    let services: Vec<_> = snapshot.services.values().map(|picture| answer(picture)).collect();
    Json(json!({ "as_of": as_of(&snapshot), "services": services }))
}

/// The newest KPIs of every service, a row each.
pub(super) async fn services_csv(State(shared): State<Shared>) -> Result<Response, ApiError> {
    let snapshot = shared.snapshots.current();
    let rows: Vec<Row> = snapshot.services.values().flat_map(|picture| rows(picture)).collect();
    Ok(([CSV], report::csv(&rows)?).into_response())
}

/// One service with its newest KPIs.
pub(super) async fn service(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let snapshot = shared.snapshots.current();
    let unknown = || no_service(&id);
    let parsed: ServiceId = id.parse().map_err(|_| unknown())?;
    let picture = snapshot.services.get(&parsed).ok_or_else(unknown)?;
    Ok(Json(json!({ "as_of": as_of(&snapshot), "service": answer(picture) })))
}

/// Where the address in a message about a service leads.
pub(super) async fn of_service(Path(id): Path<String>) -> Result<Redirect, ApiError> {
    let id: ServiceId = id.parse().map_err(|_| no_service(&id))?;
    Ok(Redirect::temporary(&format!("/api/v1/services/{id}")))
}

/// KPIs for a named period, or as known on a date.
pub(super) async fn kpis(
    State(shared): State<Shared>,
    query: Result<Query<RequestText>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let rows = reported(&shared, query).await?;
    Ok(Json(json!({ "as_of": shared.clock.now().to_string(), "kpis": rows })))
}

/// The same as CSV.
pub(super) async fn kpis_csv(
    State(shared): State<Shared>,
    query: Result<Query<RequestText>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let rows = reported(&shared, query).await?;
    Ok(([CSV], report::csv(&rows)?).into_response())
}

async fn reported(
    shared: &Shared,
    query: Result<Query<RequestText>, axum::extract::rejection::QueryRejection>,
) -> Result<Vec<Row>, ApiError> {
    let Query(text) = query.map_err(|error| ApiError::BadRequest(vec![error.body_text()]))?;
    let request = text.parse().map_err(ApiError::BadRequest)?;
    shared.known(request.service.as_ref())?;
    Ok(report::report(&request, shared.store.as_ref(), &shared.snapshots.configured(), shared.clock.now())
        .await?)
}

fn no_service(id: &str) -> ApiError {
    ApiError::NotFound(format!("there is no service {id:?}; /api/v1/services lists them"))
}

impl Shared {
    /// A service that is asked about by name must be one there is.
    pub(super) fn known(&self, service: Option<&ServiceId>) -> Result<(), ApiError> {
        match service {
            Some(id) if !self.snapshots.current().services.contains_key(id) => Err(no_service(id.as_str())),
            _ => Ok(()),
        }
    }
}

fn as_of(snapshot: &Snapshot) -> String {
    snapshot.built_at.to_string()
}
