//! What the store on a server takes and gives in a second, beside what the bare server does with the same
//! lines and the same questions by `curl`, in the same run.
//!
//! `cargo bench --bench influxdb2 -- [FIGURES]`, by default 200,000; each series has 365 days. It starts its own
//! InfluxDB behind nginx, as the tests do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a bench ends at the first thing that goes wrong"
)]

#[path = "../tests/support/fault_proxy.rs"]
mod fault_proxy;
#[path = "../tests/support/influx.rs"]
mod influx;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fault_proxy::{Fate, FaultProxy};
use influx::{InfluxServer, TOKEN};
use jiff::Timestamp;
use kpi::{Channel, Coverage, Measure, Period, PeriodKind, Point, Quality, SeriesFigures, SeriesKey, Value};
use pp_collector::store::influxdb2::Influxdb2Settings;
use pp_collector::store::{Provenance, Query, Store, Submission};
use rust_decimal::Decimal;

const DAYS_PER_SERIES: i32 = 365;
const FIRST_DAY: i32 = 20_000;
const ROUNDS: usize = 3;

/// Counts of up to five digits, 24 series a service.
fn submission(figures: i32, edition: i64) -> Arc<Submission> {
    let measures = [Measure::Cost, Measure::Started, Measure::Completed];
    let series = (0..figures / DAYS_PER_SERIES).map(|number| {
        let of_service = usize::try_from(number % 24).unwrap();
        let key = SeriesKey {
            service: format!("service-{:05}", number / 24).parse().unwrap(),
            measure: measures[of_service / 8],
            channel: Channel::ALL[of_service % 8],
            coverage: Coverage::All,
            period_kind: PeriodKind::Day,
        };
        let point = |day: i32| {
            let digits = i64::from(number) * 7919 + i64::from(day) * 104_729 + edition;
            Point {
                period: Period::from_index(PeriodKind::Day, FIRST_DAY + day).unwrap(),
                value: Value::Known(Decimal::new(digits % 100_000, 0)),
                quality: Quality::default(),
            }
        };
        SeriesFigures { key, points: (0..DAYS_PER_SERIES).map(point).collect() }
    });
    let mut series: Vec<SeriesFigures> = series.collect();
    series.sort_by(|a, b| a.key.cmp(&b.key));
    let provenance = Provenance {
        collector: "bench".parse().unwrap(),
        adopts: Vec::new(),
        collected_at: Timestamp::from_second(1_780_000_000 + edition).unwrap(),
    };
    Arc::new(Submission { provenance, series, services: Vec::new() })
}

#[tokio::main]
async fn main() {
    let figures = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(200_000);
    let server = InfluxServer::start().expect("influxd and nginx");
    let sent = submission(figures, 0);
    let count: usize = sent.series.iter().map(|series| series.points.len()).sum();
    let folder = tempfile::tempdir().unwrap();
    let bodies = record(&server, &sent, folder.path()).await;

    let (mut bare_write, mut write, mut again, mut bare_read, mut read) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // The bare server and the store take turns, each with an empty database.
        let bare = server.database();
        bare_write.push(curl_writes(&server, &bare, &bodies));
        let settings = server.settings(&server.database());
        let store = influx::open(&settings);
        let started = Instant::now();
        assert_eq!(store.append(Arc::clone(&sent)).await.unwrap().new, count as u64);
        write.push(started.elapsed());
        let started = Instant::now();
        assert_eq!(store.append(Arc::clone(&sent)).await.unwrap().unchanged, count as u64);
        again.push(started.elapsed());
        bare_read.push(curl_read(&server, &settings.bucket));
        let started = Instant::now();
        let answer = store.series(&Query::default()).await.unwrap();
        read.push(started.elapsed());
        assert_eq!(answer.iter().map(|series| series.points.len()).sum::<usize>(), count);
    }
    let rate = |times: &mut Vec<Duration>| {
        times.sort();
        count as f64 / times[times.len() / 2].as_secs_f64()
    };
    let (bare_write, write, again) = (rate(&mut bare_write), rate(&mut write), rate(&mut again));
    let (bare_read, read) = (rate(&mut bare_read), rate(&mut read));
    println!("| {count} figures, median of {ROUNDS} | figures/s | of the bare server |");
    println!("| --- | --- | --- |");
    println!("| written by curl, the same lines | {bare_write:.0} | |");
    println!(
        "| written by the store, compared and complete | {write:.0} | {:.0} % |",
        100.0 * write / bare_write
    );
    println!("| sent again, all unchanged | {again:.0} | |");
    println!("| read by curl, the same statement | {bare_read:.0} | |");
    println!("| read by the store | {read:.0} | {:.0} % |", 100.0 * read / bare_read);
}

/// The bodies that the store writes, in files, in order.
async fn record(server: &InfluxServer, sent: &Arc<Submission>, folder: &Path) -> Vec<String> {
    let proxy = FaultProxy::start(server.door_port, |_| Fate::Through);
    let url = format!("http://127.0.0.1:{}", proxy.port).parse().unwrap();
    let settings = Influxdb2Settings { url, gzip: false, ..server.settings(&server.database()) };
    influx::open(&settings).append(Arc::clone(sent)).await.unwrap();
    let bodies = proxy.written();
    let file = |(number, body): (usize, &Vec<u8>)| {
        let file = folder.join(number.to_string());
        std::fs::write(&file, body).unwrap();
        format!("@{}", file.display())
    };
    bodies.iter().enumerate().map(file).collect()
}

/// One `curl` that writes all bodies over one connection.
fn curl_writes(server: &InfluxServer, bucket: &str, bodies: &[String]) -> Duration {
    let url = format!("{}/api/v2/write?org=an-org&bucket={bucket}&precision=s", server.url());
    let token = format!("Authorization: Token {TOKEN}");
    let mut command = Command::new("curl");
    for (number, body) in bodies.iter().enumerate() {
        if number > 0 {
            command.arg("--next");
        }
        command.args([
            "-sS",
            "--fail",
            "-H",
            &token,
            "-H",
            "Content-Type: text/plain",
            "--data-binary",
            body,
            &url,
        ]);
    }
    timed(&mut command)
}

fn curl_read(server: &InfluxServer, bucket: &str) -> Duration {
    let from = i64::from(FIRST_DAY) * 86_400;
    let to = i64::from(FIRST_DAY + DAYS_PER_SERIES) * 86_400;
    let statement = format!(
        r#"q=SELECT "submission","state","exact","revision","collected_at","provisional","thresholded","sampled_ppm" FROM "pp_figure" WHERE time>={from}s AND time<{to}s GROUP BY "channel","coverage","measure","period_kind","service""#
    );
    let (url, database) = (format!("{}/query", server.url()), format!("db={bucket}"));
    let token = format!("Authorization: Token {TOKEN}");
    let mut command = Command::new("curl");
    command.args(["-sS", "--fail", "-H", &token, &url, "--data-urlencode", &database]);
    command.args([
        "--data-urlencode",
        &statement,
        "-d",
        "epoch=s",
        "-d",
        "chunked=true",
        "-d",
        "chunk_size=10000",
    ]);
    timed(&mut command)
}

fn timed(command: &mut Command) -> Duration {
    let started = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("curl");
    assert!(status.success(), "{status}");
    started.elapsed()
}
