//! Routes, and what is common to all of them.

use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Redirect, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use super::{Shared, alerts, api, figures, health, metrics, push};

/// Longest a request may take: a history of many years over every service.
const DEADLINE: Duration = Duration::from_secs(30);

/// Every route.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(index))
        // Where messages about alerts lead. The addresses are those of pages, and stay when there are pages.
        .route("/services/{id}", get(api::of_service))
        .route("/alerts", get(|| async { Redirect::temporary("/api/v1/alerts") }))
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/api/v1/services", get(api::services))
        .route("/api/v1/services.csv", get(api::services_csv))
        .route("/api/v1/services/{id}", get(api::service))
        .route("/api/v1/kpis", get(api::kpis))
        .route("/api/v1/kpis.csv", get(api::kpis_csv))
        .route("/api/v1/alerts", get(alerts::json))
        .route("/api/v1/alerts.csv", get(alerts::csv))
        .route("/api/v1/figures", get(figures::json).post(push::push))
        .route("/api/v1/figures.csv", get(figures::csv))
        .route_layer(middleware::from_fn_with_state(shared.clone(), measure))
        .fallback(|| async {
            (
                StatusCode::NOT_FOUND,
                axum::Json(
                    serde_json::json!({ "error": "there is nothing at this address; / lists what there is" }),
                ),
            )
        })
        .layer(CompressionLayer::new())
        .layer(SetResponseHeaderLayer::overriding(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, DEADLINE))
        .layer(CatchPanicLayer::new())
        .with_state(shared)
}

async fn index() -> &'static str {
    "pp-collector\n\n\
     /metrics                 KPIs and process health for Prometheus\n\
     /api/v1/services         every service with its newest KPIs (.csv too)\n\
     /api/v1/services/{id}    one service\n\
     /api/v1/kpis             by=government|department|service, kpi=, period=, ending=, as_known_on= (.csv too)\n\
     /api/v1/figures          service=, measure=, period=, from=, to=, as_known_on= (.csv too)\n\
     POST /api/v1/figures     takes figures in, with a token of [push]\n\
     /api/v1/alerts           state=open|resolved, service= (.csv too)\n\
     /healthz  /readyz\n"
}

/// Counts and times every answer by the template of its route, never by the path asked for.
async fn measure(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let started = std::time::Instant::now();
    let response = next.run(request).await;
    shared.metrics.process.http_answered(&route, response.status().as_u16(), started.elapsed());
    response
}
