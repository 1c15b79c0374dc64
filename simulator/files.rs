//! The files of Feedback Explorer and GOV.UK Forms, and the returns of the services, to be fetched
//! where there is no folder.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::civil::Date;
use serde::Deserialize;

use crate::{World, feedback, forms, returns};

#[derive(Deserialize)]
struct Dates {
    from: Date,
    to: Option<Date>,
}

/// The stand-in's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/feedback.csv", get(ratings))
        .route("/forms/{service}", get(form))
        .route("/returns/{name}", get(a_return))
        .with_state(world)
}

/// Errors that mischief asks for.
pub(crate) fn dialect(status: StatusCode) -> Response {
    (status, format!("{status}\n")).into_response()
}

async fn ratings(State(world): State<Arc<World>>, Query(dates): Query<Dates>) -> Response {
    let last = dates.to.unwrap_or_else(|| world.today());
    let name = feedback::file_name(dates.from, last);
    feedback::export(&world, dates.from, last).map_or_else(
        |_| dialect(StatusCode::INTERNAL_SERVER_ERROR),
        |body| {
            let headers = [
                (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
            ];
            (headers, body).into_response()
        },
    )
}

async fn form(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    Query(dates): Query<Dates>,
) -> Response {
    let id = name.strip_suffix(".csv").and_then(|name| name.parse().ok());
    let Some(service) = id.and_then(|id| world.service(&id)) else { return dialect(StatusCode::NOT_FOUND) };
    match forms::export(&world, service, dates.from) {
        // The real one declares this character set whatever the bytes are.
        Ok(body) => ([(CONTENT_TYPE, "text/csv; charset=iso-8859-1")], body).into_response(),
        Err(_) => dialect(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn a_return(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    Query(dates): Query<Dates>,
) -> Response {
    let kind = name.strip_suffix(".csv").and_then(returns::Return::named);
    let Some(kind) = kind else { return dialect(StatusCode::NOT_FOUND) };
    match returns::export(&world, kind, dates.from) {
        Ok(body) => ([(CONTENT_TYPE, "text/csv; charset=utf-8")], body).into_response(),
        Err(_) => dialect(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
