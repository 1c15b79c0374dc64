//! `runReport` and `batchRunReports`: checks, rows, what is withheld, order and pages.

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::answer::{Answer, Row};
use super::errors::Refusal;
use super::filter::Expression;
use super::names::{self, EVENTS, SUBMITTED};
use super::request::{BatchRequest, Choice, OrderBy, ReportRequest, parse};
use super::rows::{Question, Tally};
use super::{Ga4, Options};
use crate::world::today;

const DIMENSIONS: usize = 9;
const METRICS: usize = 10;
const DATE_RANGES: usize = 4;
const REPORTS: usize = 5;
const LIMIT: u64 = 10_000;
const LARGEST_LIMIT: u64 = 250_000;

/// Dimension that stands in front unasked when there are several date ranges.
const DATE_RANGE: &str = "dateRange";

impl Ga4 {
    pub(super) fn batch(
        &self,
        property: u64,
        body: &[u8],
        endless: bool,
        numeric: bool,
    ) -> Result<Value, Refusal> {
        let batch: BatchRequest = parse(body)?;
        same_property(batch.property.as_deref(), property)?;
        if batch.requests.len() > REPORTS {
            return Err(Refusal::invalid(format!("At most {REPORTS} requests are allowed in a batch.")));
        }
        let reports: Result<Vec<Value>, Refusal> = batch
            .requests
            .iter()
            .map(|request| self.run_report(property, request, endless, numeric))
            .collect();
        Ok(json!({"reports": reports?, "kind": "analyticsData#batchRunReports"}))
    }

    pub(super) fn run_report(
        &self,
        property: u64,
        request: &ReportRequest,
        endless: bool,
        numeric: bool,
    ) -> Result<Value, Refusal> {
        same_property(request.property.as_deref(), property)?;
        let service = self.service(property).ok_or_else(Refusal::no_access)?;
        let options = self.options.get();
        let zone = TimeZone::get(&options.time_zone).unwrap_or(TimeZone::UTC);
        let now = self.world.now();
        let dimensions = list(&request.dimensions);
        let metrics = list(&request.metrics);
        check(request, &dimensions, &metrics)?;

        let mut tallies = Vec::new();
        let mut days = 0;
        for (index, range) in request.date_ranges.iter().enumerate() {
            let dates = range.resolve(today(now, &zone))?;
            days += i64::from((dates.1 - dates.0).get_days()) + 1;
            let filter = request.dimension_filter.as_ref();
            let question = Question { dimensions: &dimensions, filter, dates, zone: &zone, now };
            let name = range.name.clone().unwrap_or_else(|| format!("date_range_{index}"));
            let dates_lacking = options.truncation.as_ref().map(|truncation| truncation.date);
            for (mut key, tally) in question.rows(&self.world, service) {
                if dates_lacking.is_some_and(|lacking| is_lacking(&dimensions, &key, lacking)) {
                    continue;
                }
                if request.date_ranges.len() > 1 {
                    key.push(name.clone());
                }
                tallies.push((key, tally));
            }
        }
        let mut headers = dimensions;
        if request.date_ranges.len() > 1 {
            headers.push(DATE_RANGE.to_owned());
        }

        let lost = gather_others(&mut tallies, &headers, options.other_after);
        let mut rows: Vec<Row> =
            tallies.into_iter().map(|(key, tally)| row(key, &tally, &metrics, &options)).collect();
        let all = rows.len();
        rows.retain(|row| options.threshold.is_none_or(|least| row.users >= least));
        let thresholded = options.threshold.is_some();
        if let Some(filter) = &request.metric_filter {
            rows.retain(|row| filter.holds(&|name| row.metric(&metrics, name)));
        }
        if !request.keep_empty_rows {
            rows.retain(|row| row.values.iter().any(|value| value != "0"));
        }
        sort(&mut rows, &request.order_bys, &headers, &metrics);

        let tokens = 1
            + u64::try_from(all).unwrap_or(0) / 500
            + u64::try_from(headers.len() + metrics.len()).unwrap_or(0)
            + u64::try_from(days).unwrap_or(0) / 31;
        let quota = self.charge(property, tokens, thresholded);

        let offset = if endless { 0 } else { request.offset.unwrap_or(0) };
        let limit = request.limit.unwrap_or(LIMIT);
        let count = if endless { usize::MAX / 2 } else { rows.len() };
        let page = rows
            .into_iter()
            .skip(usize::try_from(offset).unwrap_or(usize::MAX))
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect();
        let answer = Answer {
            headers,
            metrics,
            page,
            count,
            options,
            ranges: request.date_ranges.len(),
            thresholded,
            lost,
            quota: request.return_property_quota.then_some(quota),
            currency: request.currency_code.clone(),
        };
        Ok(answer.render(numeric))
    }
}

fn list(named: &[super::request::Named]) -> Vec<String> {
    named.iter().map(|named| named.name.clone()).collect()
}

fn same_property(stated: Option<&str>, property: u64) -> Result<(), Refusal> {
    match stated {
        Some(stated) if stated != format!("properties/{property}") => {
            Err(Refusal::invalid("The property in the request does not match the property in the URL."))
        }
        _ => Ok(()),
    }
}

fn check(request: &ReportRequest, dimensions: &[String], metrics: &[String]) -> Result<(), Refusal> {
    let too_many = |what: &str, most: usize, given: usize| {
        Refusal::invalid(format!(
            "Requests are limited to {most} {what}. This request is for {given} {what}."
        ))
    };
    if dimensions.len() > DIMENSIONS {
        return Err(too_many("dimensions", DIMENSIONS, dimensions.len()));
    }
    if metrics.len() > METRICS {
        return Err(too_many("metrics", METRICS, metrics.len()));
    }
    if request.date_ranges.len() > DATE_RANGES {
        return Err(too_many("dateRanges", DATE_RANGES, request.date_ranges.len()));
    }
    if request.date_ranges.is_empty() {
        return Err(Refusal::invalid("A dateRange is required."));
    }
    if metrics.is_empty() && dimensions.is_empty() {
        return Err(Refusal::invalid("A report requires at least one dimension or metric."));
    }
    if request.limit.is_some_and(|limit| limit == 0 || limit > LARGEST_LIMIT) {
        return Err(Refusal::invalid(format!("The limit must be positive and at most {LARGEST_LIMIT}.")));
    }
    names::check(dimensions, metrics)?;
    let filters = [&request.dimension_filter, &request.metric_filter];
    filters.into_iter().flatten().try_for_each(Expression::check)?;
    for order in &request.order_bys {
        let dimension = order.dimension.as_ref().map(|order| &order.dimension_name);
        let metric = order.metric.as_ref().map(|order| &order.metric_name);
        let unknown = dimension
            .filter(|name| !dimensions.contains(name))
            .or_else(|| metric.filter(|name| !metrics.contains(name)));
        if let Some(name) = unknown {
            return Err(Refusal::invalid(format!(
                "Field {name} exists in OrderBy but is not defined in input Dimensions/Metrics list."
            )));
        }
    }
    Ok(())
}

/// Whether a row is of a date that a truncated report lacks.
fn is_lacking(dimensions: &[String], key: &[String], lacking: jiff::civil::Date) -> bool {
    let lacking = lacking.strftime("%Y%m%d").to_string();
    dimensions.iter().zip(key).any(|(name, value)| name == "date" && *value >= lacking)
}

/// Joins the smallest rows into `(other)`, as happens where a dimension has very many values.
fn gather_others(rows: &mut Vec<(Vec<String>, Tally)>, headers: &[String], after: Option<usize>) -> bool {
    let Some(after) = after.filter(|after| rows.len() > *after) else { return false };
    rows.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.iter().sum::<u64>()));
    let mut others: std::collections::BTreeMap<Vec<String>, Tally> = std::collections::BTreeMap::new();
    for (key, tally) in rows.split_off(after) {
        let key = headers
            .iter()
            .zip(key)
            .map(|(name, value)| if name.starts_with("date") { value } else { "(other)".to_owned() })
            .collect();
        let sums = others.entry(key).or_default();
        sums.iter_mut().zip(tally).for_each(|(sum, count)| *sum += count);
    }
    rows.extend(others);
    true
}

/// A row with its metrics. Users and sessions follow from the whole row, so they do not add up over rows.
fn row(key: Vec<String>, tally: &Tally, metrics: &[String], options: &Options) -> Row {
    let estimate = |count: u64| match options.sampling {
        Some((read, space)) if read > 0 => (count * read / space.max(1)) * space / read,
        _ => count,
    };
    let of = |name: &str| -> u64 {
        let named = EVENTS.iter().zip(tally).filter(|((event, _), _)| *event == name);
        estimate(named.map(|(_, count)| count).sum())
    };
    let events = estimate(tally.iter().sum());
    let largest = estimate(tally.iter().copied().max().unwrap_or(0));
    let users = largest - largest / 16;
    let values = metrics
        .iter()
        .map(|metric| match metric.as_str() {
            "eventCount" => events.to_string(),
            "sessions" => (largest - largest / 32).to_string(),
            "activeUsers" => users.to_string(),
            "totalUsers" => (largest - largest / 24).to_string(),
            "screenPageViews" => of("page_view").to_string(),
            "keyEvents" => of(SUBMITTED).to_string(),
            "averageSessionDuration" => format!("{}.{:02}", 90 + largest % 60, largest % 100),
            "engagementRate" => format!("0.{}", 600 + largest % 300),
            metric => metric
                .strip_prefix("keyEvents:")
                .map_or_else(|| "0".to_owned(), |event| of(event).to_string()),
        })
        .collect();
    Row { key, values, users }
}

/// Sorts as asked; unasked by the first metric, largest first, and so not by date.
fn sort(rows: &mut [Row], orders: &[OrderBy], headers: &[String], metrics: &[String]) {
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    rows.sort_by(|left, right| {
        let mut ordering = Ordering::Equal;
        for order in orders {
            let one = if let Some(by) = &order.dimension {
                let (left, right) = (
                    left.dimension(headers, &by.dimension_name),
                    right.dimension(headers, &by.dimension_name),
                );
                let kinds = ["ALPHANUMERIC", "CASE_INSENSITIVE_ALPHANUMERIC", "NUMERIC"];
                match by.order_type.as_ref().and_then(|kind: &Choice| kind.name(&kinds)).as_deref() {
                    Some("NUMERIC") => number(&left).total_cmp(&number(&right)),
                    Some("CASE_INSENSITIVE_ALPHANUMERIC") => left.to_lowercase().cmp(&right.to_lowercase()),
                    _ => left.cmp(&right),
                }
            } else if let Some(by) = &order.metric {
                number(&left.metric(metrics, &by.metric_name))
                    .total_cmp(&number(&right.metric(metrics, &by.metric_name)))
            } else {
                Ordering::Equal
            };
            ordering = ordering.then(if order.desc { one.reverse() } else { one });
        }
        if orders.is_empty() {
            let first = |row: &Row| row.values.first().map_or(0.0, |value| number(value));
            ordering = first(right).total_cmp(&first(left));
        }
        // Rows that are equal so far keep one order on every page.
        ordering.then_with(|| left.key.cmp(&right.key))
    });
}
