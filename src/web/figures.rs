//! Raw figures with their quality and provenance.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as Parameters, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::api::CSV;
use super::error::ApiError;
use crate::exchange::{self, Record};
use crate::report::known_at;
use crate::store::Query;

/// Most figures in one answer: about 20 MB of JSON.
const MOST: usize = 100_000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Selection {
    service: Option<String>,
    measure: Option<String>,
    period: Option<String>,
    from: Option<String>,
    to: Option<String>,
    as_known_on: Option<String>,
}

impl Selection {
    fn parse(&self) -> Result<Query, Vec<String>> {
        let mut problems = Vec::new();
        let query = Query {
            services: one("service", self.service.as_deref(), &mut problems),
            measures: one("measure", self.measure.as_deref(), &mut problems),
            period_kinds: one("period", self.period.as_deref(), &mut problems),
            from: date("from", self.from.as_deref(), &mut problems),
            to: date("to", self.to.as_deref(), &mut problems),
            newest_days: None,
            known_at: self
                .as_known_on
                .as_deref()
                .and_then(|text| known_at(text).map_err(|problem| problems.push(problem)).ok()),
        };
        if let (Some(from), Some(to)) = (query.from, query.to)
            && to <= from
        {
            problems.push(format!("to: {to} is not after from, {from}; to is exclusive"));
        }
        if problems.is_empty() { Ok(query) } else { Err(problems) }
    }
}

fn one<T>(name: &str, text: Option<&str>, problems: &mut Vec<String>) -> Option<Vec<T>>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    match text?.parse() {
        Ok(value) => Some(vec![value]),
        Err(error) => {
            problems.push(format!("{name}: {error}"));
            None
        }
    }
}

fn date(name: &str, text: Option<&str>, problems: &mut Vec<String>) -> Option<Date> {
    let text = text?;
    text.parse().map_err(|_| problems.push(format!("{name}: {text:?} is not a date such as 2026-04-01"))).ok()
}

/// Figures as JSON.
pub(super) async fn json(
    State(shared): State<Shared>,
    selection: Result<Parameters<Selection>, QueryRejection>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let records = selected(&shared, selection).await?;
    Ok(Json(json!({ "as_of": shared.clock.now().to_string(), "figures": records })))
}

/// Figures as CSV, in the form `import` reads.
pub(super) async fn csv(
    State(shared): State<Shared>,
    selection: Result<Parameters<Selection>, QueryRejection>,
) -> Result<Response, ApiError> {
    let records = selected(&shared, selection).await?;
    let mut text = Vec::new();
    exchange::write_csv(&records, &mut text)?;
    Ok(([CSV], text).into_response())
}

async fn selected(
    shared: &Shared,
    selection: Result<Parameters<Selection>, QueryRejection>,
) -> Result<Vec<Record>, ApiError> {
    let Parameters(selection) = selection.map_err(|error| ApiError::BadRequest(vec![error.body_text()]))?;
    let query = selection.parse().map_err(ApiError::BadRequest)?;
    shared.known(query.services.iter().flatten().next())?;
    let series = shared.store.series(&query).await?;
    let count: usize = series.iter().map(|one| one.points.len()).sum();
    if count > MOST {
        return Err(ApiError::TooLarge(format!(
            "{count} figures are more than the {MOST} one answer may hold; ask for one service, or a shorter span by from and to"
        )));
    }
    Ok(series.iter().flat_map(Record::of_series).collect())
}
