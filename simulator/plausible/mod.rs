//! Plausible's Stats API v2: one endpoint, a query of metrics, dimensions and filters.
//!
//! Site ids are the hosts of the services. <https://plausible.io/docs/stats-api>

mod filter;
mod query;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::mischief::EndlessPages;
use crate::{Dial, World};

/// The key of the one account.
pub const KEY: &str = "simulated-stats-key";

/// What a test may turn on.
#[derive(Debug, Clone)]
pub struct Options {
    /// Zone of every site.
    pub time_zone: String,
    /// Calls in an hour a key; nothing in an answer says how many are left.
    pub per_hour: u64,
    /// The account's plan lacks the API.
    pub plan_lacks_api: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { time_zone: "Europe/London".to_owned(), per_hour: 600, plan_lacks_api: false }
    }
}

struct Plausible {
    world: Arc<World>,
    options: Dial<Options>,
    hour: Dial<(i64, u64)>,
}

/// A refusal: a status and its text.
type Refusal = (StatusCode, String);

/// The stand-in's routes.
pub(crate) fn router(world: Arc<World>, options: Dial<Options>) -> Router {
    let state = Arc::new(Plausible { world, options, hour: Dial::new((0, 0)) });
    Router::new().route("/api/v2/query", post(call)).with_state(state)
}

async fn call(
    State(plausible): State<Arc<Plausible>>,
    headers: HeaderMap,
    endless: Option<Extension<EndlessPages>>,
    body: Bytes,
) -> Response {
    match plausible.answer(&headers, &body, endless.is_some()) {
        Ok(value) => Json(value).into_response(),
        Err((status, error)) => (status, Json(json!({"error": error}))).into_response(),
    }
}

impl Plausible {
    fn answer(&self, headers: &HeaderMap, body: &[u8], endless: bool) -> Result<Value, Refusal> {
        let options = self.options.get();
        let key = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if key != Some(KEY) {
            let text = "Missing or invalid API key. Please use a valid Plausible API key as a Bearer Token.";
            return Err((StatusCode::UNAUTHORIZED, text.to_owned()));
        }
        let hour = self.world.now().as_second().div_euclid(3600);
        {
            let mut calls = self.hour.lock();
            if calls.0 != hour {
                *calls = (hour, 0);
            }
            calls.1 += 1;
            if calls.1 > options.per_hour {
                let text = format!(
                    "Too many API requests. Your API key is limited to {} requests per hour.",
                    options.per_hour
                );
                return Err((StatusCode::TOO_MANY_REQUESTS, text));
            }
        }
        if options.plan_lacks_api {
            let text = "The account that owns this API key does not have access to Stats API.";
            return Err((StatusCode::PAYMENT_REQUIRED, text.to_owned()));
        }
        let query: query::Query =
            serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        query.answer(&self.world, &options, endless)
    }
}
