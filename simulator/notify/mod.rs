//! GOV.UK Notify: e-mails by a template, and the search for them by reference.
//!
//! <https://docs.notifications.service.gov.uk/rest-api.html>

mod token;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use crate::{Dial, World};

pub use token::API_KEY;

/// The one template there is: subject `((subject))`, message `((body))`.
pub const TEMPLATE: &str = "9d751e0e-f929-4891-82a1-a3e1c3c18ee3";
/// Members a request may have; Notify refuses any other.
const MEMBERS: [&str; 7] = [
    "email_address",
    "template_id",
    "personalisation",
    "reference",
    "email_reply_to_id",
    "one_click_unsubscribe_url",
    "sanitise_content_for",
];

/// What a test may turn on, and what has been sent.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// E-mails the service may send in a day; `None` for no limit.
    pub daily_limit: Option<usize>,
    /// Whether only the team's own addresses, those at `example.gov.uk`, are written to.
    pub team_only: bool,
    /// What has been sent, the oldest first.
    pub sent: Vec<Value>,
}

struct Notify {
    world: Arc<World>,
    options: Dial<Options>,
}

/// The stand-in's routes.
pub(crate) fn router(world: Arc<World>, options: Dial<Options>) -> Router {
    Router::new()
        .route("/v2/notifications/email", post(send))
        .route("/v2/notifications", get(search))
        .route("/v2/notifications/{id}", get(one))
        .with_state(Arc::new(Notify { world, options }))
}

fn refusal(status: u16, error: &str, message: &str) -> Response {
    let body = json!({ "status_code": status, "errors": [{ "error": error, "message": message }] });
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
}

/// Errors that mischief asks for.
pub(crate) fn dialect(status: StatusCode) -> Response {
    match status.as_u16() {
        401 => refusal(401, "AuthError", "Unauthorized: authentication token must be provided"),
        403 => refusal(403, "AuthError", "Invalid token: API key not found"),
        429 => refusal(
            429,
            "RateLimitError",
            "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds",
        ),
        status => refusal(status, "Exception", "Internal server error"),
    }
}

async fn send(State(notify): State<Arc<Notify>>, headers: HeaderMap, body: String) -> Response {
    notify.send(&headers, &body).unwrap_or_else(|refused| *refused)
}

async fn search(
    State(notify): State<Arc<Notify>>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = notify.authorised(&headers) {
        return *refused;
    }
    let wanted = asked.get("reference");
    let has_reference =
        |sent: &&Value| wanted.is_none_or(|reference| sent["reference"] == reference.as_str());
    let found: Vec<Value> = notify.options.get().sent.iter().rev().filter(has_reference).cloned().collect();
    Json(json!({ "notifications": found, "links": { "current": "/v2/notifications" } })).into_response()
}

async fn one(State(notify): State<Arc<Notify>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = notify.authorised(&headers) {
        return *refused;
    }
    let found = notify.options.get().sent.into_iter().find(|sent| sent["id"] == id.as_str());
    found.map_or_else(|| refusal(404, "NoResultFound", "No result found"), |sent| Json(sent).into_response())
}

impl Notify {
    fn authorised(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let Some(token) = token else {
            let problem = "Unauthorized: authentication token must be provided";
            return Err(Box::new(refusal(401, "AuthError", problem)));
        };
        token::verify(token, self.world.now().as_second())
            .map_err(|problem| Box::new(refusal(403, "AuthError", problem)))
    }

    fn send(&self, headers: &HeaderMap, body: &str) -> Result<Response, Box<Response>> {
        self.authorised(headers)?;
        let refused = |error: &str, message: &str| Box::new(refusal(400, error, message));
        let asked: Map<String, Value> = serde_json::from_str(body)
            .map_err(|_| refused("BadRequestError", "Invalid JSON supplied in POST data"))?;
        if let Some(member) = asked.keys().find(|member| !MEMBERS.contains(&member.as_str())) {
            let problem = format!("Additional properties are not allowed ({member} was unexpected)");
            return Err(refused("ValidationError", &problem));
        }
        let text = |member: &str| asked.get(member).and_then(Value::as_str);
        let address = text("email_address")
            .ok_or_else(|| refused("ValidationError", "email_address is a required property"))?;
        if !address.contains('@') {
            return Err(refused("ValidationError", "email_address Not a valid email address"));
        }
        let template = text("template_id")
            .ok_or_else(|| refused("ValidationError", "template_id is a required property"))?;
        if template.len() != TEMPLATE.len() {
            return Err(refused("ValidationError", "template_id is not a valid UUID"));
        }
        if template != TEMPLATE {
            return Err(refused("BadRequestError", "Template not found"));
        }
        let field = |name: &str| asked.get("personalisation").and_then(|fields| fields.get(name)?.as_str());
        let missing: Vec<&str> =
            ["subject", "body"].into_iter().filter(|name| field(name).is_none()).collect();
        if !missing.is_empty() {
            let problem = format!("Missing personalisation: {}", missing.join(", "));
            return Err(refused("BadRequestError", &problem));
        }
        let options = self.options.get();
        if options.team_only && !address.ends_with("@example.gov.uk") {
            return Err(refused("BadRequestError", "Can't send to this recipient using a team-only API key"));
        }
        if options.daily_limit.is_some_and(|limit| options.sent.len() >= limit) {
            let problem = "Exceeded send limits (email: 50) for today";
            return Err(Box::new(refusal(429, "TooManyRequestsError", problem)));
        }
        let id = format!("740e5834-3a29-46b4-9a6f-{:012x}", options.sent.len() + 1);
        let reference = asked.get("reference").cloned().unwrap_or(Value::Null);
        let content = json!({
            "subject": field("subject"), "body": field("body"), "from_email": "service@notifications.service.gov.uk",
        });
        let template =
            json!({ "id": TEMPLATE, "version": 1, "uri": format!("/services/s/templates/{TEMPLATE}") });
        let sent = json!({
            "id": id, "reference": reference, "email_address": address, "type": "email", "status": "sending",
            "template": template, "subject": field("subject"), "body": field("body"),
            "created_at": self.world.now().to_string(),
        });
        self.options.set(|options| options.sent.push(sent));
        let answer = json!({
            "id": id, "reference": reference, "content": content, "uri": format!("/v2/notifications/{id}"),
            "template": template, "scheduled_for": null,
        });
        Ok((StatusCode::CREATED, Json(answer)).into_response())
    }
}
