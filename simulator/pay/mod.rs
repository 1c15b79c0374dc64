//! GOV.UK Pay: search of payments and of refunds.
//!
//! Every service with a fee has an account of its own, and so an API key of its own.
//! <https://docs.payments.service.gov.uk/api_reference/search_payments_reference/>

mod payments;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Extension, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::mischief::EndlessPages;
use crate::world::Service;
use crate::{Dial, World};

const LARGEST_PAGE: usize = 500;
const STATES: [&str; 8] =
    ["created", "started", "submitted", "capturable", "success", "failed", "cancelled", "error"];

/// What a test may turn on.
#[derive(Debug, Clone)]
pub struct Options {
    /// Search knows a payment this long after it was made, and its state as of then: it is eventually consistent.
    pub lag_seconds: i64,
    /// Calls allowed in a minute of the world's clock; `None` for no limit.
    pub per_minute: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { lag_seconds: 120, per_minute: None }
    }
}

/// The API key of a service's account.
pub fn api_key(service: &Service) -> String {
    format!("api_test_simulated{}", service.id.as_str().replace('-', ""))
}

struct Pay {
    world: Arc<World>,
    options: Dial<Options>,
    minute: Dial<(i64, u64)>,
    address: String,
}

/// The stand-in's routes.
pub(crate) fn router(world: Arc<World>, options: Dial<Options>, address: &str) -> Router {
    let state = Arc::new(Pay { world, options, minute: Dial::new((0, 0)), address: address.to_owned() });
    Router::new().route("/v1/payments", get(payments)).route("/v1/refunds", get(refunds)).with_state(state)
}

fn refusal(status: u16, code: &str, description: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({"code": code, "description": description}))).into_response()
}

/// Errors that mischief asks for.
pub(crate) fn dialect(status: StatusCode) -> Response {
    match status.as_u16() {
        // Made by a filter before the application, and so not in its envelope.
        401 => (status, "HTTP 401 Unauthorized").into_response(),
        403 => refusal(403, "P0920", "Request blocked by security rules"),
        429 => refusal(429, "P0900", "Too many requests"),
        status => refusal(status, "P0498", "Internal server error"),
    }
}

type Asked = BTreeMap<String, String>;

async fn payments(
    State(pay): State<Arc<Pay>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    endless: Option<Extension<EndlessPages>>,
) -> Response {
    pay.search("payments", &asked, &headers, endless.is_some()).unwrap_or_else(|response| *response)
}

async fn refunds(
    State(pay): State<Arc<Pay>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    endless: Option<Extension<EndlessPages>>,
) -> Response {
    pay.search("refunds", &asked, &headers, endless.is_some()).unwrap_or_else(|response| *response)
}

impl Pay {
    fn account(&self, headers: &HeaderMap) -> Option<&Service> {
        let key = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        self.world.services().iter().find(|service| service.fee.is_some() && api_key(service) == key)
    }

    /// Counts the call, and says whether it is one too many.
    fn is_too_many(&self) -> bool {
        let Some(most) = self.options.get().per_minute else { return false };
        let minute = self.world.now().as_second().div_euclid(60);
        let mut calls = self.minute.lock();
        if calls.0 != minute {
            *calls = (minute, 0);
        }
        calls.1 += 1;
        calls.1 > most
    }

    fn search(
        &self,
        what: &str,
        asked: &Asked,
        headers: &HeaderMap,
        endless: bool,
    ) -> Result<Response, Box<Response>> {
        let service = self.account(headers).ok_or_else(|| Box::new(dialect(StatusCode::UNAUTHORIZED)))?;
        if self.is_too_many() {
            return Err(Box::new(dialect(StatusCode::TOO_MANY_REQUESTS)));
        }
        let bad = |name: &str| {
            let text = format!(
                "Invalid parameters: {name}. See Public API documentation for the correct data formats"
            );
            Box::new(refusal(422, "P0401", &text))
        };
        let number = |name: &str, default: usize, most: usize| match asked.get(name) {
            None => Ok(default),
            Some(text) => {
                text.parse().ok().filter(|number| (1..=most).contains(number)).ok_or_else(|| bad(name))
            }
        };
        let page = number("page", 1, usize::MAX)?;
        let size = number("display_size", LARGEST_PAGE, LARGEST_PAGE)?;
        let instant = |name: &str| match asked.get(name) {
            None => Ok(None),
            Some(text) => text.parse::<Timestamp>().map(Some).map_err(|_| bad(name)),
        };
        let (from, to) = (instant("from_date")?, instant("to_date")?);
        let state = asked.get("state").filter(|state| !state.is_empty());
        if state.is_some_and(|state| !STATES.contains(&state.as_str())) {
            return Err(bad("state"));
        }
        let now = self.world.now().as_second() - self.options.get().lag_seconds;
        let to = to.map_or(now, |to| to.as_second().min(now));
        // A search without a beginning goes back a quarter of a year here; the real one has no end.
        let from = from.map_or(now - 90 * 86_400, Timestamp::as_second);
        let mut found = if what == "payments" {
            payments::search(&self.world, service, (from, to), now)
        } else {
            payments::refunds(&self.world, service, (from, to), now)
        };
        if let Some(wanted) = state {
            found.retain(|payment| payment.pointer("/state/status").and_then(Value::as_str) == Some(wanted));
        }
        // Newest first, as people want to see them.
        found.reverse();
        let total = found.len();
        let first = if endless { 0 } else { (page - 1).saturating_mul(size) };
        if first > 0 && first >= total {
            return Err(Box::new(refusal(404, "P0402", "Page not found")));
        }
        let results: Vec<Value> = found.into_iter().skip(first).take(size).collect();
        let last = if endless { page + 1 } else { total.div_ceil(size).max(1) };
        let links = self.links(what, asked, page, last);
        let body = json!({"total": total, "count": results.len(), "page": page, "results": results, "_links": links});
        Ok(Json(body).into_response())
    }

    fn links(&self, what: &str, asked: &Asked, page: usize, last: usize) -> Value {
        let link = |page: usize| {
            let rest = asked.iter().filter(|(name, _)| *name != "page");
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(rest).append_pair("page", &page.to_string());
            json!({"href": format!("{}/v1/{what}?{}", self.address, query.finish()), "method": "GET"})
        };
        let mut links = Map::new();
        for (name, page, is_there) in [
            ("self", page, true),
            ("first_page", 1, true),
            ("last_page", last, true),
            ("prev_page", page.saturating_sub(1), page > 1),
            ("next_page", page.saturating_add(1), page < last),
        ] {
            if is_there {
                links.insert(name.to_owned(), link(page));
            }
        }
        Value::Object(links)
    }
}
