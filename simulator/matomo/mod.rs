//! Matomo's Reporting API: versions 4, 5 and 6, which differ in status codes, extra columns and strictness.
//!
//! Site 1 is the world's first service, and so on; goal 1 is started and goal 2 completed.
//! <https://developer.matomo.org/api-reference/reporting-api>

mod errors;
mod finish;
mod parameters;
mod periods;
mod reports;

pub use errors::dialect;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::world::Service;
use crate::{Dial, World};
use errors::{Reason, Refusal};
use parameters::Parameters;

/// The token of a user who may view every site.
pub const TOKEN: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// A version of Matomo, by its first two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16);

/// What a test may turn on.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which Matomo it is.
    pub version: Version,
    /// Zone of every site.
    pub time_zone: String,
    /// The token is refused in a query string, which is how new tokens are made.
    pub secure_only: bool,
    /// The premium plugin Funnels is there.
    pub funnels: bool,
    /// Plugins that are switched off.
    pub deactivated: Vec<String>,
    /// Reports come from archives that are rebuilt this often.
    pub archive_seconds: i64,
    /// Segments are archived when asked for; otherwise they must have been created before.
    pub browser_archiving: bool,
    /// Most requests in a bulk request; there is such a limit since 5.8.
    pub bulk_limit: Option<usize>,
    /// First day of every site.
    pub created: Date,
    /// Sites that the token's user may not view.
    pub hidden: Vec<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version(5, 6),
            time_zone: "Europe/London".to_owned(),
            secure_only: true,
            funnels: false,
            deactivated: Vec::new(),
            archive_seconds: 900,
            browser_archiving: true,
            bulk_limit: None,
            created: date(2020, 1, 1),
            hidden: Vec::new(),
        }
    }
}

/// The site of a service.
pub fn site(world: &World, service: &Service) -> Option<u64> {
    let index = world.services().iter().position(|other| other.id == service.id)?;
    u64::try_from(index + 1).ok()
}

pub(crate) struct Matomo {
    world: Arc<World>,
    options: Dial<Options>,
}

/// The stand-in's routes.
pub(crate) fn router(world: Arc<World>, options: Dial<Options>) -> Router {
    let state = Arc::new(Matomo { world, options });
    Router::new().route("/", any(call)).route("/index.php", any(call)).with_state(state)
}

async fn call(
    State(matomo): State<Arc<Matomo>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let options = matomo.options.get();
    let mut parameters = Parameters::read(query.as_deref().unwrap_or_default().as_bytes());
    let in_query = parameters.get("token_auth").is_some();
    let posted = Parameters::read(&body);
    let in_body = posted.get("token_auth").is_some();
    parameters.extend(posted);
    if parameters.get("module") != Some("API") {
        return errors::sign_in_page();
    }
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let bearer = bearer.filter(|_| options.version >= Version(5, 4));
    let token = bearer.or_else(|| parameters.get("token_auth"));
    // A token in the body stands above one in the query; one in the query alone may be refused.
    let hidden_well = bearer.is_some() || in_body || !in_query || !options.secure_only;
    let answer = if token == Some(TOKEN) && hidden_well {
        let query = Query { matomo: &matomo, options: &options, parameters: &parameters };
        query.answer()
    } else {
        Err(Refusal::token())
    };
    match answer {
        Ok(value) => ([(CONTENT_TYPE, "application/json; charset=utf-8")], value.to_string()).into_response(),
        Err(refusal) => refusal.respond(options.version),
    }
}

/// A site and its number.
type Site<'a> = (u64, &'a Service);

/// One request, or one of a bulk.
pub(crate) struct Query<'a> {
    matomo: &'a Matomo,
    options: &'a Options,
    parameters: &'a Parameters,
}

impl Query<'_> {
    fn answer(&self) -> Result<Value, Refusal> {
        let format = self.parameters.get("format").unwrap_or("xml");
        if format.to_lowercase() != "json" {
            return Err(Refusal::bad(format!(
                "Renderer format '{format}' not valid. Try any of the following instead: json."
            )));
        }
        let method = self.parameters.get("method").unwrap_or_default();
        let (plugin, action) = method.split_once('.').ok_or_else(|| {
            Refusal::bad(format!("The method name is invalid. Got {method}, expected Module.method"))
        })?;
        if self.options.version >= Version(6, 0) {
            self.parameters.strict_booleans()?;
        }
        let missing = plugin == "Funnels" && !self.options.funnels;
        if missing || self.options.deactivated.iter().any(|name| name == plugin) {
            let reason = if missing { Reason::Unknown } else { Reason::Deactivated };
            return Err(Refusal::new(reason, format!("The plugin {plugin} is not enabled.")));
        }
        match (plugin, action) {
            ("API", "getMatomoVersion" | "getPiwikVersion") => {
                let Version(major, minor) = self.options.version;
                Ok(json!({"value": format!("{major}.{minor}.0")}))
            }
            ("API", "getBulkRequest") => self.bulk(),
            ("SitesManager", "getSiteFromId") => self.describe(),
            _ => self.report(plugin, action),
        }
    }

    fn bulk(&self) -> Result<Value, Refusal> {
        let urls = self.parameters.list("urls");
        let limit = self.options.bulk_limit.filter(|_| self.options.version >= Version(5, 8));
        if limit.is_some_and(|limit| urls.len() > limit) {
            return Err(Refusal::bad(
                "The number of requests in the bulk request is above the limit.".to_owned(),
            ));
        }
        let answers = urls.iter().map(|url| {
            let mut parameters = Parameters::read(url.trim_start_matches('?').as_bytes());
            if let (None, Some(format)) = (parameters.get("format"), self.parameters.get("format")) {
                parameters.put("format", format);
            }
            let query = Query { parameters: &parameters, ..*self };
            // In a bulk an error takes the place of one answer, whatever the version.
            query.answer().unwrap_or_else(|refusal| refusal.body())
        });
        Ok(answers.collect())
    }

    fn describe(&self) -> Result<Value, Refusal> {
        let site = self.parameters.need("idSite")?;
        let (number, service) = self.site(site)?;
        Ok(json!({
            "idsite": number,
            "name": service.id.as_str(),
            "main_url": format!("https://{}", service.host()),
            "ts_created": format!("{} 00:00:00", self.options.created),
            "ecommerce": 0,
            "timezone": self.options.time_zone,
            "currency": "GBP",
            "type": "website",
        }))
    }

    fn zone(&self) -> TimeZone {
        TimeZone::get(&self.options.time_zone).unwrap_or(TimeZone::UTC)
    }

    fn site(&self, text: &str) -> Result<(u64, &Service), Refusal> {
        let number = text.parse::<u64>().ok().filter(|number| *number > 0);
        if number.is_none() && self.options.version >= Version(5, 7) {
            return Err(Refusal::bad(format!("Invalid idSite: {text}")));
        }
        number
            .filter(|number| !self.options.hidden.contains(number))
            .and_then(|number| Some((number, self.matomo.world.numbered(number)?)))
            .ok_or_else(|| Refusal::access(text))
    }

    /// The sites asked for, and whether the answer is keyed by site.
    fn sites(&self) -> Result<(bool, Vec<Site<'_>>), Refusal> {
        let text = self.parameters.need("idSite")?;
        if text == "all" {
            let all = (1..).zip(self.matomo.world.services());
            return Ok((true, all.filter(|(number, _)| !self.options.hidden.contains(number)).collect()));
        }
        let sites: Result<Vec<_>, Refusal> = text.split(',').map(|one| self.site(one.trim())).collect();
        sites.map(|sites| (text.contains(','), sites))
    }
}
