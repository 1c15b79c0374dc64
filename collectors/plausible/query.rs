//! One query, all its pages.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::plan::{Figure, Plan};
use super::refusal;
use crate::http::{Reply, Request};
use crate::{CollectError, Context, PeriodSpan, Reason};

/// The API's own largest page (Stats API reference, "pagination").
const PAGE_ROWS: usize = 10_000;

/// An answer of the API; members we do not know are passed over.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Page {
    pub(super) results: Vec<Row>,
    #[serde(default)]
    pub(super) meta: Meta,
    #[serde(default)]
    pub(super) query: Value,
}

/// One bucket.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) dimensions: Vec<Value>,
    pub(super) metrics: Vec<Value>,
}

/// What is said about an answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta {
    pub(super) total_rows: Option<usize>,
    pub(super) time_labels: Option<Vec<String>>,
    pub(super) imports_warning: Option<String>,
    #[serde(default)]
    pub(super) metric_warnings: Option<Map<String, Value>>,
}

/// Asks for a figure, page by page, until all rows are there.
pub(super) async fn ask(
    plan: &Plan,
    site: &str,
    figure: &Figure,
    span: PeriodSpan,
    context: &Context,
) -> Result<Page, CollectError> {
    let mut all: Option<Page> = None;
    loop {
        let offset = all.as_ref().map_or(0, |page| page.results.len());
        let page = ask_page(plan, site, body(plan, site, figure, span, offset), context).await?;
        let (given, total) = (page.results.len(), page.meta.total_rows);
        let page = match all {
            None => page,
            Some(mut before) => {
                before.results.extend(page.results);
                before
            }
        };
        let there = page.results.len();
        let done = total.map_or(given < PAGE_ROWS, |total| there >= total);
        if done {
            return Ok(page);
        }
        // Each bucket has one row, so a source that goes on is one that repeats itself.
        let most = span.periods().count();
        if given == 0 || there > most {
            let problem = format!(
                "{} announced {} rows for site {site} and gave {there} of at most {most}; its pages repeat or \
                 end early: report it to whoever runs this Plausible",
                plan.address,
                total.map_or_else(|| "more".to_owned(), |total| total.to_string())
            );
            return Err(CollectError::new(Reason::Malformed, problem));
        }
        all = Some(page);
    }
}

fn body(plan: &Plan, site: &str, figure: &Figure, span: PeriodSpan, offset: usize) -> Value {
    let last_day = span.last.end_date().yesterday().unwrap_or(span.last.start_date());
    json!({
        "site_id": site,
        "metrics": [figure.metric],
        "date_range": [span.first.start_date().to_string(), last_day.to_string()],
        "dimensions": [plan.dimension],
        "filters": figure.filters,
        "order_by": [[plan.dimension, "asc"]],
        // Without the labels a bucket left out could not be told from one not looked at.
        "include": {"time_labels": true, "total_rows": true},
        "pagination": {"limit": PAGE_ROWS, "offset": offset},
    })
}

/// A question of one number, for the probe.
pub(super) async fn probe(plan: &Plan, site: &str, context: &Context) -> Result<String, CollectError> {
    let body = json!({"site_id": site, "metrics": ["visits"], "date_range": "day", "filters": []});
    let page = ask_page(plan, site, body, context).await?;
    let visits = page.results.first().and_then(|row| row.metrics.first()).map(Value::to_string);
    Ok(format!("site {site} answers, with {} visits today", visits.unwrap_or_else(|| "no".to_owned())))
}

async fn ask_page(plan: &Plan, site: &str, body: Value, context: &Context) -> Result<Page, CollectError> {
    let (site, now) = (site.to_owned(), context.clock.now());
    let request = Request::post(plan.address.clone())
        .json(&body)
        .credential(plan.credential.clone())
        .host_limit(plan.limit)
        .timeout(plan.timeout)
        .expect_json()
        .classify(move |reply| refusal::judge(reply, &site, now));
    // Messages and notes quote labels and warnings, which might echo the key.
    let reply = context.http.send(request).await?.without_credential();
    read(&reply, reply.text()?)
}

fn read(reply: &Reply, text: &str) -> Result<Page, CollectError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let place = error.path().to_string();
        let message: String = error.into_inner().to_string().chars().take(200).collect();
        let problem = format!(
            "{} answered JSON of another shape than version 2 of the Stats API has, at {place}: {message}; if \
             Plausible was updated, report it",
            reply.address()
        );
        CollectError::new(Reason::Malformed, problem)
    })
}
