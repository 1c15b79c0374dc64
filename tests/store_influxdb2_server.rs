//! What a real server says to the store, and what people who ask it by hand see.

#![cfg(feature = "influx")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::time::{Duration, Instant};

use kpi::{Measure, Point, Quality, SampledShare, Value};
use pp_collector::store::influxdb2::Influxdb2Settings;
use pp_collector::store::{Query, Store, StoreError, inspect};
use support::fault_proxy::{Fate, FaultProxy};
use support::figures::*;
use support::influx::{self, InfluxServer, Served, free_port, tool};

#[tokio::test]
async fn a_server_below_a_path_is_reached() {
    let Some(server) = InfluxServer::shared() else { return };
    for gzip in [false, true] {
        let settings = server.settings(&server.database());
        let url = format!("{}/below/a/path", server.url()).parse().unwrap();
        let store = influx::open(&Influxdb2Settings { url, gzip, ..settings.clone() });
        store.append(Sent::at(0).figures(&completed(), points(&[(0, "10")])).done()).await.unwrap();
        let direct = influx::open(&Influxdb2Settings { gzip: !gzip, ..settings });
        direct.append(Sent::at(1).figures(&completed(), points(&[(1, "11")])).done()).await.unwrap();
        let kept = store.series(&Query::default()).await.unwrap();
        assert_eq!(values(&kept), [(0, known("10")), (1, known("11"))]);
    }
}

#[tokio::test]
async fn what_needs_repair_is_said_with_its_remedy() {
    let Some(server) = InfluxServer::shared() else { return };
    let sent = || Sent::at(0).figures(&completed(), points(&[(0, "10")])).done();
    let said = async |settings: &Influxdb2Settings| match influx::open(settings).append(sent()).await {
        Err(error @ StoreError::Unavailable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let no_bucket = said(&server.settings("no-such-bucket")).await;
    assert!(no_bucket.contains("database not found") && no_bucket.contains("create it"), "{no_bucket}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "another-token").unwrap();
    let wrong_token = said(&influx::settings(&server.url(), "b0", folder.path())).await;
    assert!(wrong_token.contains("set store.influxdb2.token"), "{wrong_token}");
    assert!(!wrong_token.contains("another-token"), "{wrong_token}");
    std::fs::remove_file(folder.path().join("token")).unwrap();
    let no_token = said(&influx::settings(&server.url(), "b0", folder.path())).await;
    assert!(no_token.contains("cannot be read"), "{no_token}");
}

/// A field has one type in a bucket, and here somebody has written another.
#[tokio::test]
async fn a_line_that_the_server_refuses_is_kept_and_the_others_land() {
    let Some(server) = InfluxServer::shared() else { return };
    let settings = server.settings(&server.database());
    server.write(&settings.bucket, "pp_figure,service=by-hand sampled_ppm=\"x\" 1727740800");
    let store = influx::open(&settings);
    let sampled = SampledShare::from_parts_per_million(250_000);
    let odd = Point { quality: Quality { sampled, ..Quality::default() }, ..point(1, known("11")) };
    let sent =
        || Sent::at(0).figures(&completed(), vec![point(0, known("10")), odd, point(2, known("12"))]).done();
    let accepted = store.append(sent()).await.unwrap();
    assert_eq!(accepted.new, 2);
    let [quarantined] = accepted.quarantined.as_slice() else { panic!("{accepted:?}") };
    assert_eq!(quarantined.what, "apply-for-teacher-training completed digital (all, day) for 2024-10-05");
    assert!(quarantined.words.contains("field type conflict"), "{}", quarantined.words);
    let file = std::fs::read_to_string(&settings.quarantine_file).unwrap();
    assert!(
        file.starts_with("# ")
            && file.contains("field type conflict")
            && file.contains("sampled_ppm=250000i"),
        "{file}"
    );
    let mine = Query { services: Some(vec![completed().service]), ..Query::default() };
    assert_eq!(values(&store.series(&mine).await.unwrap()), [(0, known("10")), (2, known("12"))]);
    // It comes again with every run, and is named again, and kept once.
    assert_eq!(store.append(sent()).await.unwrap().quarantined.len(), 1);
    assert_eq!(std::fs::read_to_string(&settings.quarantine_file).unwrap(), file);
}

#[tokio::test]
async fn where_every_line_is_refused_nothing_counts() {
    let Some(server) = InfluxServer::shared() else { return };
    let settings = server.settings(&server.database());
    server.write(&settings.bucket, "pp_figure,service=by-hand state=1 1727740800");
    let store = influx::open(&settings);
    let days = (0..100).map(|n| point(n, known("1"))).collect();
    match store.append(Sent::at(0).figures(&completed(), days).service("s", "S").done()).await {
        Err(StoreError::Refused { problem, .. }) => {
            assert!(problem.contains("refused 20 lines"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(store.services(None).await.unwrap(), []);
}

#[tokio::test]
async fn texts_of_every_kind_come_back_as_they_went() {
    let Some(server) = InfluxServer::shared() else { return };
    let store = influx::open(&server.settings(&server.database()));
    let names = [
        "two\nlines",
        "tab\there",
        "a \"quoted\" name",
        r"C:\path\",
        "’ü🦀",
        "a,b=c d",
        "'; DROP DATABASE b0; --",
    ];
    let mut sent = Sent::at(0);
    for (n, name) in names.iter().enumerate() {
        sent = sent.service(&format!("s{n}"), name);
    }
    store.append(sent.done()).await.unwrap();
    let read: Vec<String> = store.services(None).await.unwrap().into_iter().map(|s| s.name).collect();
    assert_eq!(read, names);
}

#[tokio::test]
async fn everything_that_is_kept_can_be_inspected() {
    let Some(server) = InfluxServer::shared() else { return };
    let store = influx::open(&server.settings(&server.database()));
    store
        .append(Sent::at(0).figures(&completed(), points(&[(0, "1"), (1, "1")])).service("t", "T").done())
        .await
        .unwrap();
    store.append(Sent::at(1).figures(&completed(), points(&[(0, "2")])).done()).await.unwrap();
    let found = inspect(&store).await.unwrap();
    assert_eq!((found.figures, found.superseded, found.series, found.services), (2, 1, 1, 2));
    assert_eq!((found.first_day, found.newest_day), (Some(date(0)), Some(date(1))));
    assert_eq!(found.problems, Vec::<String>::new());
}

/// A second vendor takes what the writer sends. It keeps no texts, so it is no store.
#[tokio::test]
async fn victoria_metrics_takes_the_write_call() {
    let Some(server) = InfluxServer::shared() else { return };
    let Some(program) = tool("victoria-metrics") else { return };
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let arguments = [
        format!("-httpListenAddr=127.0.0.1:{port}"),
        format!("-storageDataPath={}", folder.path().display()),
        "-retentionPeriod=100y".to_owned(),
        "-search.latencyOffset=0".to_owned(),
        "-loggerLevel=ERROR".to_owned(),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let victoria_metrics = Served::start(&program, &arguments, &folder.path().join("log"));
    let address = format!("http://127.0.0.1:{port}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while ureq::get(format!("{address}/health")).call().is_err() {
        assert!(Instant::now() < deadline, "VictoriaMetrics does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    // It has no InfluxQL: what is there is asked of the other.
    let proxy = FaultProxy::start(server.door_port, move |request| {
        if request.write == 0 { Fate::Through } else { Fate::Elsewhere(port) }
    });
    let settings = server.settings(&server.database());
    let url = format!("http://127.0.0.1:{}", proxy.port).parse().unwrap();
    let store = influx::open(&Influxdb2Settings { url, ..settings });
    let days = (0..6000).map(|n| point(n - 6000, Value::Known(n.into()))).collect();
    let sent = Sent::at(0).figures(&series_key("a", Measure::Completed), days).done();
    assert_eq!(store.append(sent).await.unwrap().new, 6000);
    ureq::get(format!("{address}/internal/force_flush")).call().unwrap();
    let exported = ureq::get(format!("{address}/api/v1/export?match[]=pp_figure_value"))
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(exported.lines().next().unwrap()).unwrap();
    assert_eq!(line["metric"]["measure"], "completed");
    let total: f64 = line["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).sum();
    assert_eq!(total.to_string(), (0..6000).sum::<i32>().to_string());
    victoria_metrics.kill();
}

/// The queries of the manual, in order: InfluxQL, Flux, SQL.
fn queries() -> Vec<String> {
    let manual = include_str!("../docs/store-influxdb2.md");
    let blocks = manual.split("```").skip(1).step_by(2);
    let queries = blocks.filter_map(|block| block.strip_prefix("sql\n").or(block.strip_prefix("flux\n")));
    queries.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_query_of_the_manual_gives_the_newest_revisions() {
    let Some(server) = InfluxServer::shared() else { return };
    let settings = server.settings(&server.database());
    let store = influx::open(&settings);
    // The first three days of October 2024; the second is revised, the third blanked.
    let figures =
        |values: &[(i32, &str)]| points(&values.iter().map(|(n, v)| (n - 3, *v)).collect::<Vec<_>>());
    store
        .append(Sent::at(0).figures(&completed(), figures(&[(0, "10"), (1, "11"), (2, "12")])).done())
        .await
        .unwrap();
    let mut second = figures(&[(1, "21")]);
    second.push(point(-1, Value::NotProvided));
    store.append(Sent::at(1).figures(&completed(), second).done()).await.unwrap();

    let answer = server.query(&settings.bucket, &queries()[0]);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let day = |n: i64| 1_727_740_800 + n * 86_400;
    let expected = serde_json::json!([
        [day(0), 1, "known", 10],
        [day(1), 2, "known", 21],
        [day(2), 2, "withdrawn", null],
    ]);
    assert_eq!(answer.pointer("/results/0/series/0/values"), Some(&expected), "{answer}");
}

/// On `SQLite`, which has no `date_trunc` and keeps times as text.
#[test]
fn the_sql_of_the_manual_gives_the_newest_revisions() {
    let sqlite = rusqlite::Connection::open_in_memory().unwrap();
    sqlite
        .execute_batch(
            "CREATE TABLE pp_figure (service, measure, channel, coverage, period_kind, time, revision, state, value);
             INSERT INTO pp_figure
             SELECT 'apply-for-teacher-training', 'completed', 'digital', 'all', 'day', column1, column2, column3, column4
             FROM (VALUES ('2024-10-01T00:00:00Z', 1, 'known', 10.0), ('2024-10-02T00:00:00Z', 1, 'known', 11.0),
               ('2024-10-02T00:00:01Z', 2, 'withdrawn', NULL));
             INSERT INTO pp_figure SELECT 'other', measure, channel, coverage, period_kind, time, revision, state, 99.0
             FROM pp_figure;",
        )
        .unwrap();
    let query = queries()[2].replace("date_trunc('day', time)", "date(time)");
    assert!(!query.contains("date_trunc"), "{query}");
    let mut statement = sqlite.prepare(&query).unwrap();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let value: Option<f64> = row.get(3)?;
        Ok(format!(
            "{} {} {} {value:?}",
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, String>(2)?
        ))
    };
    let rows: Vec<String> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, ["2024-10-01 1 known Some(10.0)", "2024-10-02 2 withdrawn None"]);
}

/// What each line of the manual's Flux calls, and with which types, is judged by the vendor's own checker.
#[test]
fn the_flux_of_the_manual_is_flux() {
    let Some(node) = tool("node") else { return };
    let module = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/tools/flux/node_modules/@influxdata/flux-lsp-node");
    if !module.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "absent: flux-lsp-node");
        println!("absent: flux-lsp-node (npm package @influxdata/flux-lsp-node; tests/run installs it)");
        return;
    }
    let valid = |query: &str| {
        let script =
            "const { Flux } = require(process.argv[1]); console.log(new Flux(process.argv[2]).is_valid());";
        let output =
            std::process::Command::new(&node).args(["-e", script]).arg(&module).arg(query).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim() == "true"
    };
    let query = &queries()[1];
    assert!(valid(query), "{query}");
    assert!(!valid(&query.replace("unit: 1d", "unt: 1d")), "the checker finds a wrong argument");
}
