//! Google Analytics 4: the Data API v1beta, its OAuth token and token-exchange endpoints, and the
//! property's description by the Admin API, all on one address.
//!
//! Property [`FIRST_PROPERTY`] is the world's first service, and so on. Shapes and limits:
//! <https://developers.google.com/analytics/devguides/reporting/data/v1/rest>.

mod answer;
mod auth;
mod errors;
mod filter;
mod jwt;
mod meter;
mod names;
mod report;
mod request;
mod rows;

pub use jwt::{CLIENT_EMAIL, KEY_ID, SUBJECT_TOKEN, external_account, service_account_key};
pub use meter::{Bucket, Quota};
pub use names::{STARTED, SUBMITTED};

pub(crate) use errors::dialect;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use jiff::civil::Date;
use serde_json::json;

use crate::mischief::{EndlessPages, Layer, meddle};
use crate::world::Service;
use crate::{Dial, World};
use auth::Tokens;
use errors::Refusal;
use meter::Meter;

/// Property id of the world's first service.
pub const FIRST_PROPERTY: u64 = 300_000_001;

/// The property of a service.
pub fn property(world: &World, service: &Service) -> Option<u64> {
    let index = world.services().iter().position(|other| other.id == service.id)?;
    u64::try_from(index).ok().map(|index| FIRST_PROPERTY + index)
}

/// Why Google says a report is cut short, since September 2026.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncation {
    /// Value of `dataTruncationType`.
    pub kind: &'static str,
    /// First date that is lacking.
    pub date: Date,
}

/// What a test may turn on.
#[derive(Debug, Clone)]
pub struct Options {
    /// Zone of every property.
    pub time_zone: String,
    /// Sizes of the quota buckets.
    pub quota: Quota,
    /// Rows with fewer users than this are withheld, and the report says thresholding may apply.
    pub threshold: Option<u64>,
    /// Events read and events there are: counts become estimates.
    pub sampling: Option<(u64, u64)>,
    /// Rows kept before the rest becomes `(other)`.
    pub other_after: Option<usize>,
    /// The report lacks days.
    pub truncation: Option<Truncation>,
    /// Properties the service account has no access to.
    pub forbidden: BTreeSet<u64>,
    /// The API is switched off in the project.
    pub api_disabled: bool,
    /// The service account's key is deleted: no new token, while old ones last.
    pub key_deleted: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            time_zone: "Europe/London".to_owned(),
            quota: Quota::default(),
            threshold: None,
            sampling: None,
            other_after: None,
            truncation: None,
            forbidden: BTreeSet::new(),
            api_disabled: false,
            key_deleted: false,
        }
    }
}

pub(crate) struct Ga4 {
    world: Arc<World>,
    options: Dial<Options>,
    tokens: Dial<Tokens>,
    meter: Dial<Meter>,
    address: String,
}

/// The stand-in's routes.
pub(crate) fn router(world: Arc<World>, options: Dial<Options>, address: &str, layer: &Arc<Layer>) -> Router {
    let state = Arc::new(Ga4 {
        world,
        options,
        tokens: Dial::new(Tokens::default()),
        meter: Dial::new(Meter::default()),
        address: address.to_owned(),
    });
    Router::new()
        .route("/token", post(auth::token))
        .route("/v1/token", post(auth::exchange))
        .route("/v1/projects/-/serviceAccounts/{account}", post(auth::impersonate))
        .route("/v1beta/properties/{target}", any(call))
        .route("/v1beta/properties/{target}/metadata", get(metadata))
        .fallback(|| async { errors::page_not_found() })
        .layer(from_fn_with_state(Arc::clone(layer), meddle))
        .layer(from_fn_with_state(Arc::clone(&state), meter::measure))
        .with_state(state)
}

impl Ga4 {
    /// The property a request is about, after the checks every method makes.
    fn admit(&self, headers: &HeaderMap, property: &str) -> Result<u64, Refusal> {
        self.authenticate(headers)?;
        let options = self.options.get();
        if options.api_disabled {
            return Err(Refusal::api_disabled());
        }
        let number: u64 = property.parse().map_err(|_| Refusal::no_access())?;
        // Property 0 stands for the names common to all.
        if number == 0 {
            return Ok(0);
        }
        self.service(number)
            .filter(|_| !options.forbidden.contains(&number))
            .ok_or_else(Refusal::no_access)?;
        Ok(number)
    }

    fn service(&self, property: u64) -> Option<&Service> {
        self.world.numbered((property + 1).checked_sub(FIRST_PROPERTY)?)
    }
}

/// Enums as numbers, as Google's own client asks for them: `$alt=json;enum-encoding=int`.
fn numeric_enums(query: Option<&str>) -> bool {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .any(|(name, value)| name == "$alt" && value.contains("enum-encoding=int"))
}

async fn call(
    State(ga4): State<Arc<Ga4>>,
    Path(target): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    endless: Option<Extension<EndlessPages>>,
    body: Bytes,
) -> Response {
    let numeric = numeric_enums(query.as_deref());
    let answer = match (method, target.split_once(':')) {
        (Method::GET, None) => ga4.describe(&headers, &target),
        (Method::POST, Some((property, "runReport"))) => ga4.admit(&headers, property).and_then(|property| {
            let request = request::parse(&body)?;
            ga4.run_report(property, &request, endless.is_some(), numeric)
        }),
        (Method::POST, Some((property, "batchRunReports"))) => ga4
            .admit(&headers, property)
            .and_then(|property| ga4.batch(property, &body, endless.is_some(), numeric)),
        (Method::POST, Some((property, "checkCompatibility"))) => {
            ga4.admit(&headers, property).and_then(|_| names::compatibility(&request::parse(&body)?, numeric))
        }
        _ => return errors::page_not_found(),
    };
    answer.map_or_else(IntoResponse::into_response, |body| axum::Json(body).into_response())
}

async fn metadata(
    State(ga4): State<Arc<Ga4>>,
    Path(property): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let numeric = numeric_enums(request.uri().query());
    let property = ga4.admit(request.headers(), &property)?;
    Ok(axum::Json(names::metadata(property, numeric)).into_response())
}

impl Ga4 {
    /// The property as the Admin API describes it.
    fn describe(&self, headers: &HeaderMap, property: &str) -> Result<serde_json::Value, Refusal> {
        let number = self.admit(headers, property)?;
        let service = self.service(number).ok_or_else(Refusal::no_access)?;
        Ok(json!({
            "name": format!("properties/{number}"),
            "displayName": service.id.as_str(),
            "timeZone": self.options.get().time_zone,
            "currencyCode": "GBP",
            "serviceLevel": "GOOGLE_ANALYTICS_STANDARD",
            "propertyType": "PROPERTY_TYPE_ORDINARY",
        }))
    }
}
