//! A query and its rows.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use kpi::Channel;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Options, Refusal, filter};
use crate::world::{Service, Settling, World, days, draw, part, share, signed, today};

const DEVICES: [&str; 3] = ["Mobile", "Desktop", "Tablet"];
const METRICS: [&str; 5] = ["visitors", "visits", "pageviews", "events", "conversion_rate"];
const DIMENSIONS: [&str; 6] =
    ["time:day", "time:week", "time:month", "event:goal", "visit:device", "visit:channel"];
const ROWS: usize = 10_000;

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum DateRange {
    Days([Date; 2]),
    Word(String),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Include {
    time_labels: bool,
    total_rows: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Pagination {
    limit: Option<usize>,
    offset: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    site_id: String,
    metrics: Vec<String>,
    date_range: DateRange,
    #[serde(default)]
    dimensions: Vec<String>,
    #[serde(default)]
    filters: Vec<Value>,
    #[serde(default)]
    order_by: Vec<(String, String)>,
    #[serde(default)]
    include: Include,
    #[serde(default)]
    pagination: Pagination,
}

/// Counts of a row: of visits and of events that are page views or goals.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    visits: u64,
    events: u64,
    pageviews: u64,
}

/// Counts by the values of the dimensions.
type Rows = BTreeMap<Vec<String>, Tally>;

fn bad(text: String) -> Refusal {
    (StatusCode::BAD_REQUEST, text)
}

impl Query {
    pub(super) fn answer(&self, world: &World, options: &Options, endless: bool) -> Result<Value, Refusal> {
        if let Some(name) = self.metrics.iter().find(|name| !METRICS.contains(&name.as_str())) {
            return Err(bad(format!("Invalid metric \"{name}\"")));
        }
        if let Some(name) = self.dimensions.iter().find(|name| !DIMENSIONS.contains(&name.as_str())) {
            return Err(bad(format!("Invalid dimension \"{name}\"")));
        }
        // Unknown site and foreign key are one answer, so that sites cannot be guessed.
        let service = world.services().iter().find(|service| service.host() == self.site_id);
        let service = service.ok_or_else(|| {
            let text = "Invalid API key or site ID. Please make sure you're using a valid API key with access to \
                        the site you've requested.";
            (StatusCode::UNAUTHORIZED, text.to_owned())
        })?;
        let zone = TimeZone::get(&options.time_zone).unwrap_or(TimeZone::UTC);
        let (first, last) = self.dates(today(world.now(), &zone))?;
        let by_goal = self.speaks_of("event:goal");
        if self.metrics.iter().any(|name| name == "conversion_rate") && !by_goal {
            return Err(bad(
                "Metric `conversion_rate` can only be queried with event:goal filters or dimensions."
                    .to_owned(),
            ));
        }
        let (mut rows, whole) = self.rows(world, service, (first, last), &zone, by_goal)?;
        rows.retain(|_, tally| tally.events > 0);
        let mut shown: Vec<(Vec<String>, Vec<Value>)> = rows
            .into_iter()
            .map(|(key, tally)| {
                let visits = self.time(&key).and_then(|bucket| whole.get(bucket));
                let visits = visits.copied().unwrap_or_else(|| whole.values().sum());
                let metrics = self.metrics.iter().map(|name| metric(name, tally, visits)).collect();
                (key, metrics)
            })
            .collect();
        self.sort(&mut shown);
        let total = shown.len();
        let offset = if endless { 0 } else { self.pagination.offset };
        let results: Vec<Value> = shown
            .into_iter()
            .skip(offset)
            .take(self.pagination.limit.unwrap_or(ROWS))
            .map(|(dimensions, metrics)| json!({"dimensions": dimensions, "metrics": metrics}))
            .collect();
        let mut meta = json!({});
        if let Some(members) = meta.as_object_mut() {
            if self.include.total_rows {
                members.insert(
                    "total_rows".to_owned(),
                    json!(if endless { usize::from(u16::MAX) } else { total }),
                );
            }
            let time = self.dimensions.iter().find(|name| name.starts_with("time:"));
            if let Some(time) = time.filter(|_| self.include.time_labels) {
                let mut labels: Vec<String> = days(first, last).map(|date| bucket(time, date)).collect();
                labels.dedup();
                members.insert("time_labels".to_owned(), json!(labels));
            }
        }
        Ok(json!({
            "results": results,
            "meta": meta,
            "query": {
                "site_id": self.site_id,
                "metrics": self.metrics,
                "date_range": [self.edge(first, &zone), self.edge(last, &zone)],
                "dimensions": self.dimensions,
                "filters": self.filters,
            },
        }))
    }

    /// The bucket of time a row is of, when the query has one.
    fn time<'a>(&self, key: &'a [String]) -> Option<&'a String> {
        let index = self.dimensions.iter().position(|name| name.starts_with("time:"))?;
        key.get(index)
    }

    fn speaks_of(&self, name: &str) -> bool {
        self.dimensions.iter().any(|dimension| dimension == name)
            || self.filters.iter().any(|filter| filter.to_string().contains(name))
    }

    fn edge(&self, date: Date, zone: &TimeZone) -> String {
        date.to_zoned(zone.clone())
            .map_or_else(|_| self.site_id.clone(), |zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    }

    fn dates(&self, today: Date) -> Result<(Date, Date), Refusal> {
        let word = match &self.date_range {
            DateRange::Days([first, last]) if first <= last => return Ok((*first, *last)),
            DateRange::Days(_) => return Err(bad("Invalid date_range".to_owned())),
            DateRange::Word(word) => word.as_str(),
        };
        let back: i32 = match word {
            "day" => return Ok((today, today)),
            "month" => return Ok((today.first_of_month(), today.last_of_month())),
            "7d" => 7,
            "28d" => 28,
            "30d" => 30,
            "91d" => 91,
            _ => return Err(bad(format!("Invalid date_range \"{word}\""))),
        };
        // Since 2025 such a span ends yesterday.
        Ok((today.saturating_sub(back.days()), today.saturating_sub(1.day())))
    }

    /// The rows, and all visits by bucket of time: the whole that a conversion rate is of.
    fn rows(
        &self,
        world: &World,
        service: &Service,
        (first, last): (Date, Date),
        zone: &TimeZone,
        by_goal: bool,
    ) -> Result<(Rows, BTreeMap<String, u64>), Refusal> {
        let mut rows = Rows::new();
        let mut whole: BTreeMap<String, u64> = BTreeMap::new();
        let time =
            self.dimensions.iter().find(|name| name.starts_with("time:")).map_or("time:day", String::as_str);
        for date in days(first, last) {
            let counts = world.span(service, (date, date), zone, Settling::NONE, world.now());
            let seed = draw(&[
                world.seed(),
                service.key(),
                part("plausible"),
                signed(i64::from(date.day_of_year())),
            ]);
            let visits = counts.started + counts.started / 5;
            *whole.entry(bucket(time, date)).or_default() += visits;
            // Cookieless: every browser that runs scripts is seen, whatever its user accepts.
            let kinds = if by_goal {
                vec![("Start", counts.started), ("Submit", counts.on(Channel::Digital))]
            } else {
                vec![("", visits)]
            };
            for (goal, count) in kinds {
                let mobile = share(count, 560, seed);
                let desktop = share(count, 380, seed).min(count - mobile);
                for (device, count) in DEVICES.into_iter().zip([mobile, desktop, count - mobile - desktop]) {
                    let value = |name: &str| {
                        Some(match name {
                            "event:goal" => goal.to_owned(),
                            "visit:device" => device.to_owned(),
                            "visit:channel" => "Direct".to_owned(),
                            time if time.starts_with("time:") => bucket(time, date),
                            _ => return None,
                        })
                    };
                    let held: Result<Vec<bool>, Refusal> =
                        self.filters.iter().map(|one| filter::holds(one, &value)).collect();
                    if held?.contains(&false) {
                        continue;
                    }
                    let key = self.dimensions.iter().filter_map(|name| value(name)).collect();
                    let tally = rows.entry(key).or_default();
                    tally.visits += count;
                    tally.events += if by_goal { count } else { count * 3 };
                    tally.pageviews += if by_goal { 0 } else { count * 3 };
                }
            }
        }
        Ok((rows, whole))
    }

    fn sort(&self, rows: &mut [(Vec<String>, Vec<Value>)]) {
        let number = |value: Option<&Value>| value.and_then(Value::as_f64).unwrap_or(0.0);
        rows.sort_by(|left, right| {
            let mut ordering = std::cmp::Ordering::Equal;
            for (name, direction) in &self.order_by {
                let one = if let Some(index) = self.metrics.iter().position(|metric| metric == name) {
                    number(left.1.get(index)).total_cmp(&number(right.1.get(index)))
                } else if let Some(index) = self.dimensions.iter().position(|dimension| dimension == name) {
                    left.0.get(index).cmp(&right.0.get(index))
                } else {
                    std::cmp::Ordering::Equal
                };
                ordering = ordering.then(if direction == "desc" { one.reverse() } else { one });
            }
            if self.order_by.is_empty() && !self.dimensions.iter().any(|name| name.starts_with("time:")) {
                ordering = number(right.1.first()).total_cmp(&number(left.1.first()));
            }
            ordering.then_with(|| left.0.cmp(&right.0))
        });
    }
}

fn bucket(time: &str, date: Date) -> String {
    let start = match time {
        "time:week" => {
            let back = i32::from(date.weekday().since(Weekday::Monday));
            date.saturating_sub(back.days())
        }
        "time:month" => date.first_of_month(),
        _ => date,
    };
    start.to_string()
}

fn metric(name: &str, tally: Tally, visits: u64) -> Value {
    match name {
        "visitors" => json!(tally.visits - tally.visits / 14),
        "visits" => json!(tally.visits),
        "pageviews" => json!(tally.pageviews),
        "events" => json!(tally.events),
        _ => {
            let hundredths = tally.visits * 10_000 / visits.max(1);
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            serde_json::from_str(&text).unwrap_or_default()
        }
    }
}
