//! Asking for one page after the other.

use jiff::ToSpan;
use jiff::Zoned;
use jiff::tz::TimeZone;
use kpi::{Period, PeriodKind};
use serde_json::Value;

use super::config::Method;
use super::paging::Turn;
use super::plan::Plan;
use super::read::Reader;
use super::template::{Values, fill_body};
use crate::http::{Address, Reply, Request};
use crate::words::shown;
use crate::{CollectError, Context, Reason};

/// What a question is filled with for the periods from `first` to `last`.
pub(super) fn values(
    first: Period,
    last: Period,
    zone: &TimeZone,
    kind: PeriodKind,
    start: u64,
    size: Option<u64>,
) -> Values {
    let to: Zoned = last.span(zone).end.to_zoned(zone.clone());
    let hourly = kind == PeriodKind::Hour;
    let step = if hourly { 1.second() } else { 1.day() };
    Values {
        from: first.span(zone).start.to_zoned(zone.clone()),
        last: to.saturating_sub(step),
        to,
        hourly,
        page: start,
        offset: start,
        size,
        cursor: None,
    }
}

/// Reads every page of the answer for some periods, at most `most_pages`; says whether there are more.
pub(super) async fn pages(
    plan: &Plan,
    (first, last): (Period, Period),
    context: &Context,
    most_pages: u32,
    reader: &mut Reader<'_>,
) -> Result<bool, CollectError> {
    let paging = &plan.paging;
    let filled = values(first, last, &plan.settling.zone, plan.period_kind, paging.first, paging.size);
    let mut turn = Turn::first(filled);
    while turn.pages < most_pages {
        let reply = context.http.send(request(plan, &turn)?).await?.without_credential();
        if paging.end_status == Some(reply.status) {
            if turn.pages == 0 {
                let problem = format!(
                    "{} answered {} to the question for the first page; check `url` and what is asked for",
                    reply.address(),
                    reply.status
                );
                return Err(CollectError::new(Reason::Config, problem));
            }
            reader.announced(&turn);
            return Ok(false);
        }
        let mut body: Value = reply.json()?;
        let rows = rows(plan, &reply, &mut body)?;
        let goes_on = paging.turn(&mut turn, &reply, &body, &rows)?;
        if turn.rows > plan.max_rows {
            let problem = format!(
                "{} gave more than {} rows; raise `limits.max_rows`, or ask for fewer periods with `largest`",
                reply.address(),
                plan.max_rows
            );
            return Err(CollectError::new(Reason::Malformed, problem));
        }
        for row in &rows {
            reader.row(row);
        }
        if !goes_on {
            reader.announced(&turn);
            return Ok(false);
        }
    }
    Ok(true)
}

fn request(plan: &Plan, turn: &Turn) -> Result<Request, CollectError> {
    let address = match &turn.link {
        Some(link) => link.clone(),
        None => address(plan, &turn.values)?,
    };
    let mut request = match plan.method {
        Method::Get => Request::get(address),
        Method::Post => Request::post(address),
    };
    request = request
        .credential(plan.credential.clone())
        .tls(plan.tls.clone())
        .host_limit(plan.host_limit)
        .timeout(plan.timeout)
        .attempts(plan.attempts)
        .largest_bytes(plan.max_bytes)
        .expect_json();
    if let Some(status) = plan.paging.end_status {
        request = request.accept(status);
    }
    // A link to the next page says all of the question itself.
    if turn.link.is_none() {
        for (name, template) in &plan.query {
            if let Some(text) = template.fill(&turn.values) {
                request = request.query(name, text);
            }
        }
        for (name, text) in plan.paging.parameters(&turn.values) {
            request = request.query(name, text);
        }
    }
    for (name, template) in &plan.headers {
        if let Some(text) = template.fill(&turn.values) {
            request = request.header(name, text);
        }
    }
    if let Some(body) = &plan.body {
        request = request.json(&fill_body(body, &turn.values));
    }
    Ok(request)
}

fn address(plan: &Plan, values: &Values) -> Result<Address, CollectError> {
    let text = plan.url.fill(values).unwrap_or_default();
    let address = Address::parse(&text).ok().filter(|address| address.same_origin(&plan.home));
    address.ok_or_else(|| {
        let problem = "`url` filled in is an address on another host; write no placeholder before the path";
        CollectError::new(Reason::Config, problem)
    })
}

/// Takes the rows out of a body; without any, null or an empty list.
fn rows(plan: &Plan, reply: &Reply, body: &mut Value) -> Result<Vec<Value>, CollectError> {
    let members = members(body);
    match body.pointer_mut(&plan.rows).map(Value::take) {
        Some(Value::Array(rows)) => Ok(rows),
        Some(Value::Null) => Ok(Vec::new()),
        found => {
            let what = if found.is_some() { "something other than a list of rows" } else { "nothing" };
            let problem = format!(
                "{} has {what} at {:?}, which `rows` names; its answer {members} and begins {:?}: correct `rows`, or \
                 see whether the source tells of a failure",
                reply.address(),
                plan.rows,
                reply.excerpt()
            );
            Err(CollectError::new(Reason::Malformed, problem))
        }
    }
}

/// The names in an object, for a person who looks for the right one.
pub(super) fn members(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let names: Vec<String> = members.keys().take(12).map(|name| shown(name)).collect();
            format!("has {}", names.join(", "))
        }
        Value::Array(_) => "is a list".to_owned(),
        _ => "is a single value".to_owned(),
    }
}
