//! The queries of `docs/store.md` give what the page says they give.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::fmt::Write;
use std::path::Path;

use kpi::{Channel, Measure, Period, PeriodKind, Point, Quality, SampledShare, SeriesKey, Value};
use pp_collector::store::{EmbeddedStore, Store};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use support::figures::*;

fn month(start: &str, value: Value) -> Point {
    let period = Period::starting(PeriodKind::Month, start.parse().unwrap()).unwrap();
    Point { period, value, quality: Quality::default() }
}

fn monthly(measure: Measure, channel: Channel) -> SeriesKey {
    let key = series_key("apply-for-teacher-training", measure);
    SeriesKey { channel, period_kind: PeriodKind::Month, ..key }
}

async fn append(store: &EmbeddedStore, collected_at: &str, figures: &[(SeriesKey, Point)]) {
    let mut sent = Sent::at(0).by("spreadsheet");
    for (key, point) in figures {
        sent = sent.figures(key, vec![*point]);
    }
    let mut submission = std::sync::Arc::unwrap_or_clone(sent.done());
    submission.provenance.collected_at = collected_at.parse().unwrap();
    store.append(submission.into()).await.unwrap();
}

fn read_only(data_dir: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(data_dir.join("figures.db"), flags).unwrap()
}

/// The rows as the `sqlite3` shell prints them.
fn rows(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut found = statement.query([]).unwrap();
    let mut lines = String::new();
    while let Some(row) = found.next().unwrap() {
        let cells: Vec<String> = (0..columns)
            .map(|column| match row.get::<_, Cell>(column).unwrap() {
                Cell::Null => String::new(),
                Cell::Integer(number) => number.to_string(),
                Cell::Real(number) => format!("{number:?}"),
                Cell::Text(text) => text,
                Cell::Blob(_) => panic!("a view shows a blob"),
            })
            .collect();
        lines += &(cells.join("|") + "\n");
    }
    lines
}

/// Without an ORDER BY the order of rows is nobody's promise.
fn sorted(lines: &str) -> Vec<&str> {
    let mut lines: Vec<_> = lines.lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn the_worked_queries_give_what_the_page_says() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let completed = |channel, start, value| (monthly(Measure::Completed, channel), month(start, value));
    let cost = |value| (monthly(Measure::Cost, Channel::AllChannels), month("2026-04-01", value));
    let first = [
        completed(Channel::Digital, "2026-04-01", known("880")),
        completed(Channel::AssistedDigital, "2026-04-01", known("20")),
        completed(Channel::Paper, "2026-04-01", known("100")),
        completed(Channel::AllChannels, "2026-04-01", known("1000")),
        completed(Channel::Digital, "2026-05-01", known("950")),
        completed(Channel::AssistedDigital, "2026-05-01", known("0")),
        completed(Channel::Paper, "2026-05-01", known("50")),
        completed(Channel::Digital, "2026-06-01", known("990")),
        completed(Channel::Paper, "2026-06-01", Value::NotProvided),
        cost(known("1234.50")),
    ];
    append(&store, "2026-06-01T09:00:00Z", &first).await;
    append(&store, "2026-06-02T09:00:00Z", &[cost(known("1300.05"))]).await;
    append(&store, "2026-06-03T09:00:00Z", &[cost(Value::NotProvided)]).await;

    let page = include_str!("../docs/store.md");
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let mut checked = 0;
    for pair in blocks.windows(2) {
        if let (Some(sql), Some(expected)) = (pair[0].strip_prefix("sql\n"), pair[1].strip_prefix("text\n")) {
            assert_eq!(rows(&read_only(directory.path()), sql), expected, "{sql}");
            checked += 1;
        }
    }
    assert_eq!(checked, 2);
}

/// What the views show is what the program reads, for every value and every kind of period.
#[tokio::test]
async fn views_show_what_the_program_reads() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let numbers = [
        "0",
        "0.00",
        "-1",
        "1.10",
        "-0.05",
        "0.5",
        "-12.3",
        "9223372036854775808",
        "79228162514264337593543950335",
        "-7.9228162514264337593543950335",
        "0.0000000000000000000000000001",
        "-0.1234567890123456789012345678",
        "100.00",
    ];
    let mut sent = Sent::at(0);
    let numbers = (0_i32..).zip(numbers).map(|(n, number)| point(n, known(number))).collect();
    sent = sent.figures(&completed(), numbers);
    for period_kind in PeriodKind::ALL {
        let key = SeriesKey { period_kind, ..series_key("kinds", Measure::Started) };
        let instant = "1969-12-31T23:30:00Z".parse().unwrap();
        let period = match period_kind {
            PeriodKind::Hour => Period::hour_containing(instant).unwrap(),
            dated => Period::containing(dated, "1968-02-29".parse().unwrap()).unwrap(),
        };
        let sampled = SampledShare::from_parts_per_million(250_000);
        let quality = Quality { provisional: true, thresholded: true, sampled };
        let values = [Value::NotProvided, Value::NotApplicable, Value::Suppressed, Value::Withdrawn];
        let mut points = Vec::new();
        let mut at = period;
        for value in values {
            points.push(Point { period: at, value, quality });
            at = at.next();
        }
        sent = sent.figures(&key, points);
    }
    store.append(sent.service("kinds", "Kinds").done()).await.unwrap();

    let connection = read_only(directory.path());
    let mut expected = String::new();
    let mut newest = String::new();
    for series in store.series(&pp_collector::store::Query::default()).await.unwrap() {
        for stored in &series.points {
            let Point { period, value, quality } = stored.point;
            let number = value.known().map(|number| number.to_string()).unwrap_or_default();
            let sampled =
                quality.sampled.map(|share| format!("{:?}", f64::from(share.parts_per_million()) / 1e6));
            writeln!(
                expected,
                "{}|{}|{}|{}|{}|{number}|{}|{}|{}|1",
                series.key.service,
                series.key.period_kind,
                period.start_text(),
                period.end_text(),
                value.state(),
                u8::from(quality.provisional),
                u8::from(quality.thresholded),
                sampled.unwrap_or_default(),
            )
            .unwrap();
        }
        let last = series.points.last().unwrap().point.period.start_text();
        writeln!(newest, "{}|{}|{last}|matomo", series.key.service, series.key.period_kind).unwrap();
    }
    let columns = "service, period_kind, period_start, period_end, state, value, provisional, thresholded,
        sampled_share, revision";
    let figures = rows(&connection, &format!("SELECT {columns} FROM v_figures"));
    assert_eq!(sorted(&figures), sorted(&expected));
    let series =
        rows(&connection, "SELECT service, period_kind, newest_period_start, collector FROM v_series");
    assert_eq!(sorted(&series), sorted(&newest));
    let services = rows(&connection, "SELECT service, name, department, collected_at FROM v_services");
    assert_eq!(services, "kinds|Kinds||2026-05-28T20:26:40Z\n");
}
