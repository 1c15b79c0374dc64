//! The sql kind against `SQLite` files.

#![cfg(feature = "sql")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_collect,
    reason = "helpers of tests, where a panic is the verdict"
)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collectors::{Clock, CollectError, Context, PeriodSpan, Reason, SystemClock, Window};
use jiff::Timestamp;
use kpi::{Batch, Period, PeriodKind};
use rusqlite::Connection;
use support::{batch, collector, context, figures_text};

const SCHEMA: &str = "create table decisions (at text, channel text, fee numeric); \
    insert into decisions values ('2026-04-01 08:00:00', 'phone', 1.25), ('2026-04-01 09:00:00', 'phone', 2), \
    ('2026-04-02 22:59:59', 'paper', null), ('2026-04-02 23:00:00', 'paper', 7);";

fn file(folder: &Path) -> String {
    let path = folder.join("cases.sqlite");
    Connection::open(&path).unwrap().execute_batch(SCHEMA).unwrap();
    path.display().to_string()
}

fn settings(file: &str, query: &str, more: &str) -> String {
    format!(
        "dialect = \"sqlite\"\nfile = {file:?}\nlayout = \"long\"\nquery = '''{query}'''\n{more}\n\
         period = \"day\"\ncolumns.service = {{ value = \"permit\" }}\ncolumns.measure = {{ value = \"cost\" }}"
    )
}

fn days(first: &str, last: &str) -> Window {
    let day = |text| Period::from_start_text(PeriodKind::Day, text).unwrap();
    Window::Span(PeriodSpan { first: day(first), last: day(last) })
}

async fn ask(settings: &str, context: &Context) -> Result<Batch, CollectError> {
    let answer = collector("sql", settings).collect(&days("2026-04-01", "2026-04-02"), context).await;
    answer.map(|answer| batch(answer).0)
}

const SUMS: &str = "select date(at, '+1 hour') as period_start, channel, sum(fee) as value from decisions \
                    where at >= :from and at < :to group by 1, 2";

#[tokio::test]
async fn rows_between_two_instants_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&file(folder.path()), SUMS, "bind = \"timestamps\"");
    let batch = ask(&settings, &context(None)).await.unwrap();
    let expected = [("paper", "02", "03", "not_provided"), ("phone", "01", "02", "known\",\"value\":\"3.25")];
    let mut lines: Vec<String> = figures_text(&batch).lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, (channel, first, end, state)) in lines.iter().zip(expected) {
        assert_eq!(
            line,
            &format!(
                "{{\"channel\":\"{channel}\",\"measure\":\"cost\",\"period\":{{\"end\":\"2026-04-{end}\",\"kind\":\"day\",\
                 \"start\":\"2026-04-{first}\"}},\"service\":\"permit\",\"state\":\"{state}\"}}"
            )
        );
    }
}

#[tokio::test]
async fn a_probe_names_the_columns() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&file(folder.path()), SUMS, "");
    let report = collector("sql", &settings).probe(&context(None)).await.unwrap();
    assert!(report.lines[0].starts_with("SQLite 3."), "{report:?}");
    assert_eq!(report.lines[1], "columns: period_start, channel, value");
}

#[tokio::test]
async fn failures_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path());
    let other = folder.path().join("notes.txt");
    std::fs::write(&other, "not a database, and long enough to see that it is none".repeat(20)).unwrap();
    let missing = folder.path().join("missing.sqlite").display().to_string();
    let other = other.display().to_string();
    let nowhere = "select at, :from, :to from nowhere";
    let writes = "with a as (select 1) insert into decisions select :from, :to, 1 from a";
    let many = "select at as period_start, channel, 1 as value from decisions where :from < :to";
    for (file, query, more, reason, expected) in [
        (
            &missing,
            SUMS,
            "",
            Reason::Config,
            "unable to open database file; name a file this program may read",
        ),
        (&other, SUMS, "", Reason::Malformed, "file is not a database; name an SQLite file, or restore it"),
        (
            &good,
            nowhere,
            "",
            Reason::Config,
            "no such table: nowhere; correct the query or create what it names",
        ),
        (&good, writes, "", Reason::Config, "attempt to write a readonly database; a collector only reads"),
        (&good, many, "max_rows = 3", Reason::Config, "the query gives more than 3 rows; count and group"),
    ] {
        let error = ask(&settings(file, query, more), &context(None)).await.unwrap_err();
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(!Path::new(&missing).exists(), "asking for a file does not make it");
}

/// A clock on which every wait is over at once.
struct Impatient;

#[async_trait]
impl Clock for Impatient {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    async fn sleep(&self, _: Duration) {}
}

#[tokio::test]
async fn an_endless_query_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let endless = "with recursive n(n) as (select 1 union all select n + 1 from n) \
                   select :from as period_start, 'phone' as channel, count(*) as value from n where :to > :from";
    let settings = settings(&file(folder.path()), endless, "");
    let context = Context { clock: Arc::new(Impatient), ..context(None) };
    let error = ask(&settings, &context).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Transient);
    assert!(error.to_string().starts_with("the query was stopped after 30 s"), "{error}");
}
