//! The main job, measured: from a CSV file to acknowledged figures, reading them back, and the time
//! from start to ready. `cargo bench --bench main_job` prints the table of `docs/performance.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use collectors::{Clock, SystemClock};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use kpi::{Measure, Period, PeriodKind, Point, Quality, SeriesFigures, SeriesKey, Value};
use pp_collector::alerts::state::AlertBook;
use pp_collector::config::{self, Source};
use pp_collector::daemon::{self, Keeping};
use pp_collector::run::{Ask, Events, MemoryState, NullMeter, Trigger};
use pp_collector::snapshot::Snapshots;
use pp_collector::state::StateDb;
use pp_collector::store::embedded::EmbeddedStore;
use pp_collector::store::{Provenance, Query, Store, Submission};
use tokio_util::sync::CancellationToken;

const SERVICES: usize = 800;
const MEASURES: [&str; 5] = ["started", "completed", "cost", "rating_4", "rating_5"];
const CHANNELS: [&str; 5] = ["digital", "assisted_digital", "phone", "paper", "face_to_face"];
/// 800 services × 25 series × 50 days.
const CSV_DAYS: i32 = 50;
const FIRST_DAY: Date = date(2016, 1, 4);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("| what | measured |\n| --- | --- |");
    runtime.block_on(csv_to_acknowledged());
    runtime.block_on(start_and_read());
}

fn row(what: &str, measured: &str) {
    println!("| {what} | {measured} |");
}

async fn csv_to_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = folder.path().join("figures.csv");
    let figures = write_csv(&csv);
    let bytes = std::fs::metadata(&csv).expect("written").len();
    let config = folder.path().join("config.toml");
    let text = format!(
        "data_dir = '{0}/data'\n[collectors.bench]\nkind = 'spreadsheet'\nschedule = '0 6 * * *'\n\
         [collectors.bench.settings]\nfile = '{0}/figures.csv'\nlayout = 'long'\n\
         [collectors.bench.settings.columns]\nservice = 'service'\nperiod_kind = 'period_kind'\n\
         period = 'period_start'\nmeasure = 'measure'\nchannel = 'channel'\nvalue = 'value'\n\
         [collectors.bench.settings.periods]\nformats = ['date']\n",
        folder.path().display()
    );
    std::fs::write(&config, text).expect("written");
    let settings = config::load(&Source { file: Some(config), ..Source::default() }).expect("a good config");
    let store = Arc::new(EmbeddedStore::open(&settings.data_dir).expect("a store"));
    let alerts = AlertBook::new(StateDb::in_memory().expect("a state"));
    let keeping = Keeping { store, state: Arc::new(MemoryState::new()), alerts };
    let runner = daemon::runner(
        &settings,
        &keeping,
        Events::new(Arc::new(NullMeter)),
        Arc::new(|_: BTreeSet<_>, _| {}),
    )
    .expect("a runner");
    let stop = CancellationToken::new();
    for what in ["CSV to acknowledged, all new", "the same again, all unchanged"] {
        let started = Instant::now();
        let report = runner.run(&settings.collectors[0], Trigger::Manual, &Ask::Due, &stop).await;
        let took = started.elapsed();
        assert!(report.failure().is_none(), "{report:?}");
        let counts = report.counts();
        assert!(what.contains("new") == (counts.new == figures as u64), "{counts:?}");
        row(
            &format!("{what} ({figures} figures, {} MB)", bytes / 1_000_000),
            &format!("{:.0} figures/s ({:.2} s)", figures as f64 / took.as_secs_f64(), took.as_secs_f64()),
        );
        keeping.state.set_bookmark(&settings.collectors[0].name, None).await.expect("forgotten");
    }
}

fn write_csv(to: &Path) -> usize {
    let mut out = std::io::BufWriter::new(std::fs::File::create(to).expect("a file"));
    out.write_all(b"service,period_kind,period_start,measure,channel,value\n").expect("written");
    let mut figures = 0;
    for service in 0..SERVICES {
        for measure in MEASURES {
            for channel in CHANNELS {
                for day in 0..CSV_DAYS {
                    let start = FIRST_DAY.saturating_add(day.days());
                    let value = value(service, day);
                    writeln!(out, "service-{service:03},day,{start},{measure},{channel},{value}")
                        .expect("written");
                    figures += 1;
                }
            }
        }
    }
    out.flush().expect("written");
    figures
}

/// A weekday pattern with a little noise: nothing repeats for long, as in life.
fn value(service: usize, day: i32) -> i64 {
    let service = i64::try_from(service).expect("small");
    let day = i64::from(day);
    let weekday = if day % 7 > 4 { 40 } else { 100 };
    weekday * (service + 3) + (day * 7_919 + service * 104_729) % 97
}

/// 104 services with ten years of days and 696 with thirty days: 10,012,000 figures.
fn days_of(service: usize) -> i32 {
    if service < 104 { 3_650 } else { 30 }
}

async fn start_and_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let store = EmbeddedStore::open(&data).expect("a store");
    let started = Instant::now();
    let mut figures = 0;
    for service in 0..SERVICES {
        let submission = submission(service);
        figures += submission.series.iter().map(|series| series.points.len()).sum::<usize>();
        store.append(Arc::new(submission)).await.expect("stored");
    }
    let took = started.elapsed();
    row(
        &format!("append, a commit a service ({figures} figures)"),
        &format!("{:.0} figures/s", figures as f64 / took.as_secs_f64()),
    );
    let bytes = store.stats().await.expect("stats").size_bytes;
    row("size on disk", &format!("{:.1} bytes a figure", bytes as f64 / figures as f64));
    scans(&store).await;
    snapshot(store).await;
    start_to_ready(&data, figures);
}

fn submission(service: usize) -> Submission {
    let newest = FIRST_DAY.saturating_add(3_650.days());
    let days = days_of(service);
    let mut series = Vec::new();
    for measure in MEASURES {
        for channel in CHANNELS {
            let key = SeriesKey {
                service: format!("service-{service:03}").parse().expect("a slug"),
                measure: measure.parse().expect("a measure"),
                channel: channel.parse().expect("a channel"),
                coverage: kpi::Coverage::All,
                period_kind: PeriodKind::Day,
            };
            let points = (0..days)
                .map(|day| Point {
                    period: Period::starting(PeriodKind::Day, newest.saturating_sub((days - day).days()))
                        .expect("a day"),
                    value: Value::Known(value(service, day).into()),
                    quality: Quality::default(),
                })
                .collect();
            series.push(SeriesFigures { key, points });
        }
    }
    series.sort_by(|a, b| a.key.cmp(&b.key));
    let provenance = Provenance {
        collector: "bench".parse().expect("a name"),
        adopts: Vec::new(),
        collected_at: SystemClock.now(),
    };
    Submission { provenance, series, services: Vec::new() }
}

async fn scans(store: &EmbeddedStore) {
    let mut times = Vec::new();
    for round in 0..500 {
        let query = Query {
            services: Some(vec![format!("service-{:03}", round % 104).parse().expect("a slug")]),
            measures: Some(vec![Measure::Completed]),
            from: Some(date(2024, 1, 1)),
            to: Some(date(2025, 1, 1)),
            ..Query::default()
        };
        let started = Instant::now();
        let series = store.series(&query).await.expect("read");
        times.push(started.elapsed());
        assert_eq!(series.len(), CHANNELS.len());
    }
    row("one measure of one service, 5 channels × 1 year (1,830 figures)", &percentiles(times));
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    format!("p50 {:?}, p99 {:?}", at(50), at(99))
}

async fn snapshot(store: EmbeddedStore) {
    let store: Arc<dyn Store> = Arc::new(store);
    let snapshots = Snapshots::new(store, Vec::new(), Arc::new(SystemClock));
    let started = Instant::now();
    snapshots.rebuild_all().await.expect("built");
    row("snapshot of 800 services from the store", &format!("{:?}", started.elapsed()));
}

fn start_to_ready(data: &Path, figures: usize) {
    let config = data.with_file_name("empty.toml");
    std::fs::write(&config, "").expect("written");
    let mut times = Vec::new();
    let mut memory = String::new();
    for _ in 0..5 {
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_pp-collector"))
            .args(["--config".as_ref(), config.as_os_str(), "run".as_ref()])
            .env("PP_DATA_DIR", data)
            .env("PP_WEB__LISTEN", "127.0.0.1:0")
            .env("PP_LOG__FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let address = address(&mut child);
        while !is_ready(&address) {
            std::thread::yield_now();
        }
        times.push(started.elapsed());
        memory = resident(&child);
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    row(&format!("process start to /readyz ({figures} figures)"), &percentiles(times));
    row("resident memory when ready", &memory);
}

fn address(child: &mut Child) -> String {
    let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut lines = lines.map_while(Result::ok);
    let address = lines
        .by_ref()
        .find_map(|line| {
            let event: serde_json::Value = serde_json::from_str(&line).ok()?;
            Some(event.pointer("/fields/address")?.as_str()?.trim_start_matches("http://").to_owned())
        })
        .expect("it says where it listens");
    std::thread::spawn(move || lines.for_each(drop));
    address
}

fn is_ready(address: &str) -> bool {
    let mut answer = String::new();
    let mut asked = String::new();
    let _ = write!(asked, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    TcpStream::connect(address)
        .and_then(|mut stream| {
            stream.write_all(asked.as_bytes())?;
            stream.read_to_string(&mut answer)
        })
        .is_ok_and(|_| answer.starts_with("HTTP/1.1 200"))
}

fn resident(child: &Child) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|kb| kb.trim().to_owned())
            .unwrap_or_default()
    };
    format!("{} (peak {})", line("VmRSS:"), line("VmHWM:"))
}
