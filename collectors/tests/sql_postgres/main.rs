//! The sql kind against the real `PostgreSQL`, which the tests start and stop themselves.

#![cfg(feature = "sql")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_collect,
    reason = "helpers of tests, where a panic is the verdict"
)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod refusals;
mod replicas;
mod server;

use collectors::{CollectError, PeriodSpan, Window};
use kpi::{Batch, Period, PeriodKind};
use server::Server;
use support::{batch, collector, context};

fn window(kind: PeriodKind, first: &str, last: &str) -> Window {
    let period = |text| Period::from_start_text(kind, text).unwrap();
    Window::Span(PeriodSpan { first: period(first), last: period(last) })
}

fn days(first: &str, last: &str) -> Window {
    window(PeriodKind::Day, first, last)
}

/// What the settings give for a window; every error is searched for the password.
async fn ask(server: &Server, query: &str, more: &str, window: Window) -> Result<Batch, CollectError> {
    let collector = collector("sql", &server.settings(query, more));
    let answer = collector.collect(&window, &context(None)).await;
    answer.map(|answer| batch(answer).0).inspect_err(no_password)
}

async fn probe(server: &Server, query: &str, more: &str) -> Result<Vec<String>, CollectError> {
    let collector = collector("sql", &server.settings(query, more));
    let report = collector.probe(&context(None)).await;
    report.map(|report| report.lines).inspect_err(no_password)
}

fn no_password(error: &CollectError) {
    assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
}

/// One figure a line: service, measure, channel, period, value.
fn figures(batch: &Batch) -> Vec<String> {
    let line = |(key, point): (&kpi::SeriesKey, &kpi::Point)| {
        let provisional = if point.quality.provisional { " provisional" } else { "" };
        let period = point.period.start_text();
        let value = point.value.known().map_or(point.value.state().to_owned(), |number| number.to_string());
        format!("{} {} {} {period} {value}{provisional}", key.service, key.measure, key.channel)
    };
    batch.figures().map(line).collect()
}
