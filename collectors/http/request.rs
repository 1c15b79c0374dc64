//! What to ask, and what to make of the answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::credential::Place;
use super::hidden::Hidden;
use super::{Address, Credential, HostLimit, Reply, Tls};
use crate::{CollectError, Reason};

/// Says what an answer of any status means where the usual reading is wrong: an error told with status
/// 200, a 429 that is a used-up quota. `None` leaves it to the usual reading.
pub type Classify = dyn Fn(&Reply) -> Option<CollectError> + Send + Sync;

/// A question to a source: built, then given to [`Http::send`](super::Http::send). It may be sent more
/// than once, so it must be one that only reads; every source we know reads with `POST` too.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) address: Address,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Body,
    pub(super) credential: Option<Credential>,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) host_limit: HostLimit,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
    pub(super) largest_bytes: usize,
    pub(super) accepted: Vec<u16>,
    pub(super) json_expected: bool,
    confidential: bool,
    pub(super) classify: Option<Arc<Classify>>,
}

#[derive(Clone)]
enum Body {
    None,
    Text { content_type: &'static str, text: String },
    Form(Vec<(String, String)>),
}

impl Request {
    /// A `GET` request.
    pub fn get(address: Address) -> Self {
        Self::new(Method::GET, address)
    }

    /// A `POST` request that only reads.
    pub fn post(address: Address) -> Self {
        Self::new(Method::POST, address)
    }

    fn new(method: Method, address: Address) -> Self {
        Self {
            method,
            address,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::None,
            credential: None,
            tls: None,
            host_limit: HostLimit::default(),
            timeout: Duration::from_mins(1),
            attempts: 3,
            largest_bytes: 32 * 1024 * 1024,
            accepted: Vec::new(),
            json_expected: false,
            confidential: false,
            classify: None,
        }
    }

    /// Adds a pair to the query string. Not for secrets: see [`Credential::query`].
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header. Not for secrets: see [`Credential::header`].
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, value: &serde_json::Value) -> Self {
        self.text("application/json", value.to_string())
    }

    /// Sends a text of that content type.
    #[must_use]
    pub fn text(mut self, content_type: &'static str, text: impl Into<String>) -> Self {
        self.body = Body::Text { content_type, text: text.into() };
        self
    }

    /// Sends a form; called again, adds to it. Not for secrets: see [`Credential::form`], and for one that
    /// the program made, such as a signed assertion, `Secret::from`.
    #[must_use]
    pub fn form(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if !matches!(self.body, Body::Form(_)) {
            self.body = Body::Form(Vec::new());
        }
        if let Body::Form(fields) = &mut self.body {
            fields.push((name.into(), value.into()));
        }
        self
    }

    /// Sends a credential along.
    #[must_use]
    pub fn credential(mut self, credential: impl Into<Option<Credential>>) -> Self {
        self.credential = credential.into();
        self
    }

    /// Trusts and shows other certificates than those of the machine.
    #[must_use]
    pub fn tls(mut self, tls: impl Into<Option<Arc<Tls>>>) -> Self {
        self.tls = tls.into();
        self
    }

    /// Whether it says who asks.
    pub(super) fn is_authenticated(&self) -> bool {
        self.credential.is_some() || self.tls.as_ref().is_some_and(|tls| tls.has_identity())
    }

    /// What the host is asked at most; [`HostLimit::default`] if not given.
    #[must_use]
    pub const fn host_limit(mut self, limit: HostLimit) -> Self {
        self.host_limit = limit;
        self
    }

    /// How long one attempt may take, from the first byte out to the last byte in, the wait for a place
    /// not counted: a minute if not given.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often to ask at most: three times if not given.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The largest answer to read, decompressed: 32 MiB if not given.
    #[must_use]
    pub const fn largest_bytes(mut self, bytes: usize) -> Self {
        self.largest_bytes = bytes;
        self
    }

    /// A status to give back as a reply, although it is no success: 304, or the 404 that ends paging.
    #[must_use]
    pub fn accept(mut self, status: u16) -> Self {
        self.accepted.push(status);
        self
    }

    /// Asks for JSON, and refuses a log-in page with status 200.
    #[must_use]
    pub const fn expect_json(mut self) -> Self {
        self.json_expected = true;
        self
    }

    /// Quotes nothing of the answer in any message: for answers that hold a token.
    #[must_use]
    pub const fn confidential(mut self) -> Self {
        self.confidential = true;
        self
    }

    /// Reads every answer first, whatever its status; see [`Classify`].
    #[must_use]
    pub fn classify(
        mut self,
        classify: impl Fn(&Reply) -> Option<CollectError> + Send + Sync + 'static,
    ) -> Self {
        self.classify = Some(Arc::new(classify));
        self
    }

    /// The address with the query pairs.
    pub(super) fn target(&self) -> Address {
        let mut target = self.address.clone();
        if !self.query.is_empty() {
            target.url_mut().query_pairs_mut().extend_pairs(&self.query);
        }
        target
    }

    /// The request as it goes out, with what must never be shown of it.
    pub(super) fn build(
        &self,
        client: &reqwest::Client,
        method: &Method,
        target: &Address,
        secret: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<(reqwest::Request, Hidden), CollectError> {
        let credential = self.credential.as_ref().zip(secret.map(ExposeSecret::expose_secret));
        let mut url = target.url().clone();
        if let Some((Credential { place: Place::Query { name }, .. }, secret)) = credential {
            // A redirect may have repeated it: it goes in once.
            let others: Vec<(String, String)> =
                url.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
            url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, secret);
        }
        let mut building = client.request(method.clone(), url);
        if self.json_expected {
            building = building.header(ACCEPT, "application/json");
        }
        for (name, value) in &self.headers {
            building = building.header(name, value);
        }
        building = match credential {
            Some((Credential { place: Place::Bearer, .. }, secret)) => building.bearer_auth(secret),
            Some((Credential { place: Place::Basic { user }, .. }, secret)) => {
                building.basic_auth(user, Some(secret))
            }
            Some((Credential { place: Place::Header { name, prefix }, .. }, secret)) => {
                let mut value =
                    HeaderValue::try_from(format!("{prefix}{secret}")).map_err(|_| self.unsendable())?;
                // The HTTP library logs the frames it sends, at its own finest level, but not these.
                value.set_sensitive(true);
                building.header(name, value)
            }
            _ => building,
        };
        // A redirect by 303 turns the request into a GET, which has no body.
        if method == self.method {
            building = match (&self.body, credential) {
                (Body::Text { content_type, text }, _) => {
                    building.header(CONTENT_TYPE, *content_type).body(text.clone())
                }
                (
                    Body::Form(_) | Body::None,
                    Some((Credential { place: Place::Form { name }, .. }, secret)),
                ) => {
                    let mut fields: Vec<(&str, &str)> = self.form_fields();
                    fields.push((name, secret));
                    building.form(&fields)
                }
                (Body::Form(_), _) => building.form(&self.form_fields()),
                (Body::None, _) => building,
            };
        }
        let mut request = building.build().map_err(|_| self.unsendable())?;
        if let Some((Credential { place: Place::Signature(signature), .. }, key)) = credential {
            signature.sign(&mut request, key, now).ok_or_else(|| self.unsendable())?;
        }
        let in_header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let in_header = in_header.and_then(|value| value.split_once(' ')).map(|(_, value)| value.to_owned());
        let hidden = match credential {
            Some((_, secret)) => {
                Hidden::of([secret.to_owned(), url_encoded(secret)].into_iter().chain(in_header))
            }
            None => Hidden::default(),
        };
        Ok((request, hidden.and_everything(self.confidential)))
    }

    fn form_fields(&self) -> Vec<(&str, &str)> {
        match &self.body {
            Body::Form(fields) => fields.iter().map(|(name, value)| (&**name, &**value)).collect(),
            Body::None | Body::Text { .. } => Vec::new(),
        }
    }

    /// The cause is left out: it may quote a header.
    fn unsendable(&self) -> CollectError {
        let problem = format!(
            "the request to {} cannot be sent: a header or the secret holds a line break or a character \
             that headers do not allow; correct it",
            self.address
        );
        CollectError::new(Reason::Config, problem)
    }
}

/// A text as it looks in a query string.
fn url_encoded(text: &str) -> String {
    let Ok(url) = reqwest::Url::parse_with_params("http://localhost/", [("", text)]) else {
        return String::new();
    };
    url.query().unwrap_or_default().trim_start_matches('=').to_owned()
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("address", &self.address)
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}
