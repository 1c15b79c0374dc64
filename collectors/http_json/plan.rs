//! Settings checked against each other: what the collector works from.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use kpi::{Coverage, Period, PeriodKind, Value};
use rust_decimal::Decimal;

use super::config::{Method, PagingKind, Repeated, Settings, Source};
use super::dates::{self, DateFormat};
use super::paging::Paging;
use super::template::{Template, body_templates};
use crate::SettingProblems;
use crate::absence::{Absent, Expected, ExpectedFigure};
use crate::http::{Address, Credential, HostLimit, Tls};
use crate::settings::{self, Check};
use crate::windows::Settling;
use crate::words::Words;

const LOOK_BACK: u32 = 7;
const SETTLES_AFTER_HOURS: u32 = 24;
const MAX_PAGES: u32 = 100;
const MAX_ROWS: u64 = 200_000;
const MAX_BYTES: usize = 32 << 20;

/// What the collector works from. It cannot be printed: an address may hold a key.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) url: Template,
    /// The address for some window: whatever is filled in, the host stays this one.
    pub(super) home: Address,
    pub(super) method: Method,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: Option<serde_json::Value>,
    pub(super) credential: Option<Credential>,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) paging: Paging,
    pub(super) host_limit: HostLimit,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
    pub(super) max_pages: u32,
    pub(super) max_rows: u64,
    pub(super) max_bytes: usize,
    pub(super) period_kind: PeriodKind,
    pub(super) largest: u32,
    pub(super) look_back: u32,
    pub(super) settling: Settling,
    pub(super) rows: String,
    pub(super) service: Source,
    pub(super) period: Source,
    pub(super) figures: Vec<FigurePlan>,
    pub(super) period_formats: Vec<DateFormat>,
    pub(super) coverage: Coverage,
    pub(super) repeated: Repeated,
    pub(super) absent: Absent,
    pub(super) expected: Expected,
    pub(super) words: Words,
    pub(super) tokens: HashMap<String, Value>,
}

/// One figure of a row: all of a long row, one of several in a wide one.
#[derive(Clone)]
pub(super) struct FigurePlan {
    pub(super) measure: Source,
    pub(super) channel: Source,
    pub(super) value: Source,
    pub(super) multiply_by: Option<Decimal>,
}

/// Checks settings; nothing is asked.
pub(super) fn plan(table: &toml::Table) -> Result<Plan, SettingProblems> {
    let settings: Settings = settings::parse(table)?;
    let mut check = Check::default();
    let zone = check.time_zone("time_zone", settings.time_zone.as_deref());
    let url = template(&mut check, "url", &settings.url);
    let pairs = |check: &mut Check, key: &str, map: &std::collections::BTreeMap<String, String>| {
        map.iter()
            .filter_map(|(name, text)| Some((name.clone(), template(check, &format!("{key}.{name}"), text)?)))
            .collect::<Vec<_>>()
    };
    let query = pairs(&mut check, "query", &settings.query);
    let headers = pairs(&mut check, "headers", &settings.headers);
    let (body, in_body) = body(&mut check, &settings);
    let in_query = query.iter().chain(&headers).map(|(_, template)| template);
    let turns_pages = url.iter().chain(in_query).chain(&in_body).any(Template::turns_pages);
    let paging = paging(&mut check, &settings, turns_pages);
    let tls = settings.tls.clone().tls(&mut check);
    let credential = settings.auth.credential(tls.clone(), &mut check.problems);
    let words = Words::new(&settings.services, &settings.channels, &settings.measures);
    let figures = figures(&mut check, &settings, &words);
    check_pointer(&mut check, "rows", &settings.rows);
    check_source(&mut check, "fields.service", &settings.fields.service);
    check_source(&mut check, "fields.period", &settings.fields.period);
    let period_formats = formats(&mut check, settings.period_formats.as_deref());
    let fixed = fixed(&settings.fields.service, &figures, settings.coverage, &words);
    let expected = Expected::of(settings.absent, settings.expected.clone(), fixed, &mut check);
    let home = url.as_ref().and_then(|url| home(&mut check, url, &zone, settings.period));
    let limits = &settings.limits;
    let per_second = limits.requests_per_second.unwrap_or(5);
    match (url, home) {
        (Some(url), Some(home)) => check.finish(Plan {
            url,
            home,
            method: settings.method,
            query,
            headers,
            body,
            credential,
            tls,
            paging,
            host_limit: HostLimit::concurrent(limits.concurrent.unwrap_or(2)).per_second(per_second),
            timeout: Duration::from_secs(limits.timeout_secs.unwrap_or(60)),
            attempts: limits.attempts.unwrap_or(3),
            max_pages: limits.max_pages.unwrap_or(MAX_PAGES).max(1),
            max_rows: limits.max_rows.unwrap_or(MAX_ROWS),
            max_bytes: limits.max_bytes.unwrap_or(MAX_BYTES),
            period_kind: settings.period,
            largest: settings.largest.unwrap_or(31).max(1),
            look_back: settings.look_back.unwrap_or(LOOK_BACK),
            settling: Settling::hours(zone, settings.settles_after_hours.unwrap_or(SETTLES_AFTER_HOURS)),
            rows: settings.rows,
            service: settings.fields.service,
            period: settings.fields.period,
            figures,
            period_formats,
            coverage: settings.coverage,
            repeated: settings.repeated,
            absent: settings.absent,
            expected,
            words,
            tokens: settings.tokens.meanings(),
        }),
        _ => Err(check.problems),
    }
}

fn template(check: &mut Check, path: &str, text: &str) -> Option<Template> {
    Template::parse(text).map_err(|problem| check.problem(path, problem)).ok()
}

fn check_pointer(check: &mut Check, path: &str, pointer: &str) {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        check.problem(path, format!("{pointer:?} is no JSON Pointer; write one like \"/{pointer}\""));
    }
}

fn check_source(check: &mut Check, path: &str, source: &Source) {
    if let Source::Pointer(pointer) = source {
        check_pointer(check, path, pointer);
    }
}

fn home(check: &mut Check, url: &Template, zone: &TimeZone, kind: PeriodKind) -> Option<Address> {
    if url.has_cursor() {
        check.problem("url", "a cursor may hold anything; write {cursor} in `query` or `body`");
        return None;
    }
    let day = Period::from_index(PeriodKind::Day, 20_000).ok()?;
    let values = super::fetch::values(day, day, zone, kind, 0, Some(0));
    let address = url.fill(&values).map(|text| Address::parse(&text));
    address?.map_err(|problem| check.problem("url", problem)).ok()
}

fn body(check: &mut Check, settings: &Settings) -> (Option<serde_json::Value>, Vec<Template>) {
    let Some(given) = &settings.body else { return (None, Vec::new()) };
    if settings.method == Method::Get {
        check.problem("body", "a body goes with `method = \"post\"`; set it, or take the body out");
    }
    // Written as JSON text, or as a table.
    let body = match given {
        serde_json::Value::String(text) => match serde_json::from_str(text) {
            Ok(body) => body,
            Err(error) => {
                check.problem("body", format!("not JSON: {error}; correct it, or write the body as a table"));
                return (None, Vec::new());
            }
        },
        table => table.clone(),
    };
    match body_templates(&body) {
        Ok(templates) => (Some(body), templates),
        Err(problem) => {
            check.problem("body", problem);
            (None, Vec::new())
        }
    }
}

fn paging(check: &mut Check, settings: &Settings, turns_pages: bool) -> Paging {
    let given = &settings.paging;
    let numbered = matches!(given.kind, PagingKind::Page | PagingKind::Offset);
    let cursor = given.kind == PagingKind::Cursor;
    if (numbered || cursor) && given.parameter.is_none() && !turns_pages {
        check.problem(
            "paging.parameter",
            "this key is missing; name the parameter that says which page, or write {page}, {offset} or {cursor} in \
             `query` or `body`",
        );
    }
    if !numbered && !cursor && (given.parameter.is_some() || turns_pages) {
        check.problem("paging.kind", "nothing here turns pages by a parameter; use page, offset or cursor");
    }
    if matches!(given.kind, PagingKind::Cursor | PagingKind::NextLink) {
        match given.pointer.as_deref() {
            Some(pointer) => check_pointer(check, "paging.pointer", pointer),
            None => check.problem(
                "paging.pointer",
                "this key is missing; say where in the body the next page is named, such as \"/next\"",
            ),
        }
    } else if given.pointer.is_some() {
        check.problem("paging.pointer", "a pointer belongs to kinds cursor and next_link; take it out");
    }
    if given.size_parameter.is_some() && given.size.is_none() {
        check.problem("paging.size", "this key is missing; say how many rows a page should have");
    }
    if given.end_status.is_some() && !numbered {
        check.problem("paging.end_status", "belongs to kinds page and offset; take it out");
    }
    if let Some(total) = &given.total {
        check_pointer(check, "paging.total", total);
    }
    Paging {
        kind: given.kind,
        parameter: given.parameter.clone(),
        size_parameter: given.size_parameter.clone(),
        size: given.size,
        first: given.first.unwrap_or(u64::from(given.kind == PagingKind::Page)),
        pointer: given.pointer.clone().unwrap_or_default(),
        total: given.total.clone(),
        end_status: given.end_status,
    }
}

fn figures(check: &mut Check, settings: &Settings, words: &Words) -> Vec<FigurePlan> {
    let fields = &settings.fields;
    let mut plans = Vec::new();
    if settings.figures.is_empty() {
        let parts = [("measure", &fields.measure), ("channel", &fields.channel), ("value", &fields.value)];
        for (key, source) in parts {
            match source {
                Some(source) => check_source(check, &format!("fields.{key}"), source),
                None => check.problem(
                    format!("fields.{key}"),
                    "this key is missing; give a JSON Pointer, or { value = \"…\" } for every row",
                ),
            }
        }
        if let (Some(measure), Some(channel), Some(value)) = (&fields.measure, &fields.channel, &fields.value)
        {
            plans.push(FigurePlan {
                measure: measure.clone(),
                channel: channel.clone(),
                value: value.clone(),
                multiply_by: fields.multiply_by,
            });
        }
    } else if fields.measure.is_some() || fields.value.is_some() || fields.multiply_by.is_some() {
        check.problem(
            "fields",
            "measure, value and multiply_by belong to rows of one figure; `figures` says them here",
        );
    }
    for (index, figure) in settings.figures.iter().enumerate() {
        check_source(check, &format!("figures[{index}].value"), &figure.value);
        let Some(channel) = figure.channel.clone().or_else(|| fields.channel.clone()) else {
            let message = "this key is missing; give it here or as `fields.channel`";
            check.problem(format!("figures[{index}].channel"), message);
            continue;
        };
        check_source(check, &format!("figures[{index}].channel"), &channel);
        plans.push(FigurePlan {
            measure: Source::Constant(figure.measure.as_str().to_owned()),
            channel,
            value: figure.value.clone(),
            multiply_by: figure.multiply_by,
        });
    }
    for plan in &plans {
        constant(check, "measure", &plan.measure, |text| words.measure(text).err());
        constant(check, "channel", &plan.channel, |text| words.channel(text).err());
    }
    constant(check, "service", &fields.service, |text| words.service(text).err());
    plans
}

/// A text given for every row is one of our own words, or of those that stand for them.
fn constant(check: &mut Check, what: &str, source: &Source, wrong: impl Fn(&str) -> Option<String>) {
    if let Source::Constant(text) = source
        && let Some(expected) = wrong(text)
    {
        check.problem(format!("fields.{what}"), format!("{text:?}: {expected}"));
    }
}

fn formats(check: &mut Check, given: Option<&[String]>) -> Vec<DateFormat> {
    let Some(given) = given else { return dates::USUAL.to_vec() };
    let read = |(index, text): (usize, &String)| {
        let path = format!("period_formats[{index}]");
        DateFormat::parse(text).map_err(|problem| check.problem(&path, problem)).ok()
    };
    given.iter().enumerate().filter_map(read).collect()
}

/// What is the same for every row, and so expected of every period.
fn fixed(service: &Source, figures: &[FigurePlan], coverage: Coverage, words: &Words) -> Expected {
    let constant = |source: &Source| match source {
        Source::Constant(text) => Some(text.clone()),
        Source::Pointer(_) => None,
    };
    let figure = |figure: &FigurePlan| {
        let measure = words.measure(&constant(&figure.measure)?).ok()?;
        let channel = words.channel(&constant(&figure.channel)?).ok()?;
        Some(ExpectedFigure { measure, channel, coverage })
    };
    let service = constant(service).and_then(|text| words.service(&text).ok());
    Expected { services: service.into_iter().collect(), figures: figures.iter().filter_map(figure).collect() }
}
