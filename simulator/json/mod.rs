//! A JSON API as departments have them, with five kinds of paging over the same rows.
//!
//! `GET /{none|page|offset|cursor|link}/transactions?from=&to=[&service=]` gives rows of started and
//! completed by day and channel; `/costs` gives pounds by day.

use std::sync::Arc;

use axum::extract::{Extension, Path, Query, State};
use axum::http::header::{AUTHORIZATION, LINK};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::mischief::EndlessPages;
use crate::world::{Settling, days};
use crate::{Dial, World};

/// What a request must bring.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Access {
    /// Nothing.
    #[default]
    Open,
    /// `Authorization: Bearer …`.
    Bearer(String),
    /// `Authorization: Basic …`, user name and password.
    Basic(String, String),
    /// A header of that name and value.
    Header(String, String),
}

/// What a test may turn on.
#[derive(Debug, Clone)]
pub struct Options {
    /// What a request must bring.
    pub access: Access,
    /// Rows on a page.
    pub page_size: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { access: Access::Open, page_size: 50 }
    }
}

struct Api {
    world: Arc<World>,
    options: Dial<Options>,
    address: String,
}

/// The stand-in's routes.
pub(crate) fn router(world: Arc<World>, options: Dial<Options>, address: &str) -> Router {
    let state = Arc::new(Api { world, options, address: address.to_owned() });
    Router::new().route("/{paging}/{what}", get(call)).with_state(state)
}

/// Errors that mischief asks for.
pub(crate) fn dialect(status: StatusCode) -> Response {
    (status, Json(json!({"error": status.canonical_reason().unwrap_or("error")}))).into_response()
}

#[derive(Debug, Clone, Deserialize)]
struct Asked {
    from: Date,
    to: Date,
    service: Option<String>,
    page: Option<usize>,
    offset: Option<usize>,
    limit: Option<usize>,
    cursor: Option<String>,
}

async fn call(
    State(api): State<Arc<Api>>,
    Path((paging, what)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    endless: Option<Extension<EndlessPages>>,
) -> Response {
    let options = api.options.get();
    if !options.access.admits(&headers) {
        return dialect(StatusCode::UNAUTHORIZED);
    }
    let rows = match what.as_str() {
        "transactions" => api.transactions(&asked),
        "costs" => api.costs(&asked),
        _ => return dialect(StatusCode::NOT_FOUND),
    };
    api.page(&paging, &what, &asked, rows, endless.is_some())
}

impl Access {
    fn admits(&self, headers: &HeaderMap) -> bool {
        let is = |name: &str, value: &str| {
            headers.get(name).is_some_and(|given| given.as_bytes() == value.as_bytes())
        };
        match self {
            Self::Open => true,
            Self::Bearer(token) => is(AUTHORIZATION.as_str(), &format!("Bearer {token}")),
            Self::Basic(user, password) => is(
                AUTHORIZATION.as_str(),
                &format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
            ),
            Self::Header(name, value) => is(name, value),
        }
    }
}

impl Api {
    fn services(&self, asked: &Asked) -> impl Iterator<Item = &crate::Service> {
        let only = asked.service.clone();
        self.world
            .services()
            .iter()
            .filter(move |service| only.as_ref().is_none_or(|only| service.id.as_str() == only))
    }

    fn transactions(&self, asked: &Asked) -> Vec<Value> {
        let now = self.world.now();
        let mut rows = Vec::new();
        for date in days(asked.from, asked.to.min(self.world.today())) {
            for service in self.services(asked) {
                let counts = self.world.span(service, (date, date), self.world.zone(), Settling::NONE, now);
                let mut row = |channel: &str, stage: &str, count: u64| {
                    let id = service.id.as_str();
                    rows.push(json!({"date": date.to_string(), "service": id, "channel": channel, "stage": stage, "count": count}));
                };
                if service.is_digital() && counts.completed.len() == service.channels.len() {
                    row("digital", "started", counts.started);
                }
                for (channel, count) in &counts.completed {
                    row(channel.as_str(), "completed", *count);
                }
            }
        }
        rows
    }

    fn costs(&self, asked: &Asked) -> Vec<Value> {
        let now = self.world.now();
        let mut rows = Vec::new();
        for date in days(asked.from, asked.to.min(self.world.today())) {
            for service in self.services(asked) {
                let pence = self.world.cost(service, date, now);
                let pounds = format!("{}.{:02}", pence / 100, pence % 100);
                rows.push(json!({"date": date.to_string(), "service": service.id.as_str(), "cost": pounds}));
            }
        }
        rows
    }

    fn page(&self, paging: &str, what: &str, asked: &Asked, rows: Vec<Value>, endless: bool) -> Response {
        let size = self.options.get().page_size.max(1);
        let total = rows.len();
        let (start, size) = match paging {
            "none" => return Json(json!({"rows": rows})).into_response(),
            "page" | "link" => ((asked.page.unwrap_or(1).max(1) - 1).saturating_mul(size), size),
            "offset" => (asked.offset.unwrap_or(0), asked.limit.unwrap_or(size).min(size)),
            "cursor" => (asked.cursor.as_deref().and_then(place).unwrap_or(0), size),
            _ => return dialect(StatusCode::NOT_FOUND),
        };
        let more = endless || start.saturating_add(size) < total;
        let next = start.saturating_add(size);
        let first = if endless { 0 } else { start };
        let rows: Vec<Value> = rows.into_iter().skip(first).take(size).collect();
        let number = start / size + 1;
        match paging {
            "page" => {
                let pages = if endless { number + 1 } else { total.div_ceil(size) };
                Json(json!({"rows": rows, "page": number, "pages": pages, "total": total})).into_response()
            }
            "offset" => {
                let total = if endless { next + 1 } else { total };
                Json(json!({"rows": rows, "offset": start, "total": total})).into_response()
            }
            "cursor" => {
                let cursor = more.then(|| STANDARD.encode(format!("from {next}")));
                Json(json!({"rows": rows, "next_cursor": cursor})).into_response()
            }
            _ => {
                let service = asked.service.as_ref().map_or_else(String::new, |id| format!("&service={id}"));
                let url = format!(
                    "{}/{paging}/{what}?from={}&to={}{service}&page={}",
                    self.address,
                    asked.from,
                    asked.to,
                    number + 1
                );
                let next = more.then_some(&url);
                let mut response = Json(json!({"rows": rows, "next": next})).into_response();
                let link = next.and_then(|url| HeaderValue::from_str(&format!("<{url}>; rel=\"next\"")).ok());
                if let Some(link) = link {
                    response.headers_mut().insert(LINK, link);
                }
                response
            }
        }
    }
}

/// The row a cursor stands for. Cursors are opaque to clients.
fn place(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("from ")?.parse().ok()
}
