//! Asks the server by InfluxQL, on `/query`: the one language that every edition of InfluxDB answers.

use collectors::Secret;
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;

use super::answer::{Answer, Rows};
use super::fault::{Fault, Outcome, in_full};
use super::retry::Retry;
use super::settings::Influxdb2Settings;
use super::verdict::{Verdict, judge, shortened, unanswered};

/// Rows in one document of an answer: about a megabyte.
const CHUNK_ROWS: &str = "10000";
/// Statements in one request. A server carries them out in order.
const STATEMENTS_PER_REQUEST: usize = 32;

/// The client that reads.
pub(super) struct QueryClient {
    settings: Influxdb2Settings,
    token: Secret,
    http: reqwest::Client,
    retry: Retry,
}

impl QueryClient {
    pub(super) fn new(settings: &Influxdb2Settings, token: Secret, retry: Retry) -> Outcome<Self> {
        Ok(Self { settings: settings.clone(), token, http: http_client(settings)?, retry })
    }

    /// Asks, and hands on the rows of the answers, each with the number of its statement. Asked again
    /// where that may help, but only before the first row was handed on: `sink` sees each row once.
    pub(super) async fn ask(
        &self,
        statements: &[String],
        sink: &mut (dyn FnMut(usize, Rows<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        let mut first = 0;
        for request in statements.chunks(STATEMENTS_PER_REQUEST) {
            let mut numbered = |statement: usize, rows: Rows<'_>| sink(first + statement, rows);
            self.one_request(request, &mut numbered).await?;
            first += request.len();
        }
        Ok(())
    }

    async fn one_request(
        &self,
        statements: &[String],
        sink: &mut (dyn FnMut(usize, Rows<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        let text = statements.join(";");
        let mut attempts = self.retry.begin("query");
        let mut response = loop {
            match self.send(&text).await {
                Ok(response) => break response,
                Err(verdict) => attempts.after(verdict).await?,
            }
        };
        let mut answer = Answer::to(statements.len());
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) => answer.take(&bytes, sink)?,
                Ok(None) => return answer.finish(sink),
                Err(error) => {
                    let problem = in_full(&error.without_url());
                    return Err(Fault::Unavailable(format!("its answer to a query broke off: {problem}")));
                }
            }
        }
    }

    async fn send(&self, statements: &str) -> Result<reqwest::Response, Verdict> {
        let token = self.token.current().await.map_err(|error| Verdict::Fix(error.to_string()))?;
        let mut form = vec![
            ("db", self.settings.database.as_str()),
            ("epoch", "s"),
            ("chunked", "true"),
            ("chunk_size", CHUNK_ROWS),
            ("q", statements),
        ];
        if let Some(policy) = &self.settings.retention_policy {
            form.push(("rp", policy));
        }
        let sent = self
            .http
            .post(self.settings.url.endpoint("/query"))
            .header("Authorization", format!("Token {}", token.expose_secret()))
            .form(&form)
            .send()
            .await;
        let response = sent.map_err(|error| unanswered(in_full(&error.without_url())))?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(response);
        }
        let words = response.text().await.unwrap_or_default();
        let words = shortened(&words, token.expose_secret());
        // A statement is never a bad line: whatever is wrong with one is for people to repair.
        Err(match judge(status, words) {
            Verdict::BadLine(words) => Verdict::Fix(format!("it refused a query: {words}")),
            other => other,
        })
    }
}

/// The client for what the crate's own does not do: queries, and writes below a path.
pub(super) fn http_client(settings: &Influxdb2Settings) -> Outcome<reqwest::Client> {
    collectors::http::use_ring();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("pp-collector/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.query_timeout)
        .redirect(Policy::none())
        .referer(false);
    if let Some(pem) = ca_certificates(settings)? {
        let unusable = |error: reqwest::Error| unusable_ca(settings, &in_full(&error));
        builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(&pem).map_err(unusable)?);
    }
    builder
        .build()
        .map_err(|error| Fault::Unavailable(format!("no client for it can be made: {}", in_full(&error))))
}

/// The certificates of `ca_file`, unread.
pub(super) fn ca_certificates(settings: &Influxdb2Settings) -> Outcome<Option<Vec<u8>>> {
    let Some(file) = &settings.ca_file else { return Ok(None) };
    std::fs::read(file).map(Some).map_err(|error| unusable_ca(settings, &error.to_string()))
}

pub(super) fn unusable_ca(settings: &Influxdb2Settings, problem: &str) -> Fault {
    let file = settings.ca_file.as_deref().unwrap_or(std::path::Path::new("")).display();
    Fault::Unavailable(format!("the certificates in {file} cannot be used: {problem}; give PEM certificates"))
}
