//! `/metrics` over HTTP with 800 services and the store down. `cargo bench --bench metrics` prints the table
//! of `docs/performance.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "../tests/support/running/mod.rs"]
mod running;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use collectors::SystemClock;
use jiff::civil::date;
use kpi::{Coverage, Period, PeriodKind, Point, Quality, SeriesFigures, SeriesKey, Value};
use pp_collector::alerts::state::AlertBook;
use pp_collector::config::settings::{KeepPeriods, ServiceSettings};
use pp_collector::config::{self, Source};
use pp_collector::metrics::{Encoding, Metrics};
use pp_collector::run::PushDoor;
use pp_collector::snapshot::Snapshots;
use pp_collector::state::StateDb;
use pp_collector::store::{EmbeddedStore, Provenance, Store, Submission};
use pp_collector::web::{self, Readiness, Shared};
use running::FakeStore;

const SERVICES: usize = 800;
const SCRAPES: usize = 1_000;
const MEASURES: [&str; 5] = ["started", "completed", "cost", "rating_4", "rating_5"];
const CHANNELS: [&str; 4] = ["digital", "assisted_digital", "phone", "paper"];

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("| what | measured |\n| --- | --- |");
    runtime.block_on(of("a week", PeriodKind::Week, 60));
    runtime.block_on(of("months and what they sum up to", PeriodKind::Month, 26));
}

fn row(what: &str, measured: &str) {
    println!("| {what} | {measured} |");
}

async fn of(what: &str, kind: PeriodKind, periods: i32) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
    for service in 0..SERVICES {
        store.append(Arc::new(submission(service, kind, periods))).await.expect("stored");
    }
    let clock = Arc::new(SystemClock);
    let snapshots = Arc::new(Snapshots::new(store, services(folder.path()), clock.clone()));
    snapshots.rebuild_all().await.expect("built");
    let store = Arc::new(FakeStore::default());
    store.fail(true);

    let metrics = Metrics::new(Arc::clone(&snapshots), KeepPeriods::All).expect("metrics");
    let started = Instant::now();
    let text = metrics.render(Encoding::Identity).expect("rendered").concat();
    let took = started.elapsed();
    let series = text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"pp_")).count();
    row(
        &format!("{what}: {series} series written and compressed, once for each snapshot"),
        &format!("{took:.0?}"),
    );

    let shared = Shared {
        snapshots,
        push: Arc::new(PushDoor::closed(store.clone(), clock.clone())),
        store,
        metrics,
        readiness: Arc::new(Readiness::default()),
        alerts: AlertBook::new(StateDb::in_memory().expect("a state")),
        clock,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(web::serve(listener, shared, std::future::pending()));
    for encoding in ["gzip", "identity"] {
        let (size, times) =
            tokio::task::spawn_blocking(move || scrapes(address, encoding)).await.expect("scraped");
        row(&format!("{what}: a scrape over HTTP, {encoding}, {} kB", size / 1000), &percentiles(times));
    }
    server.abort();
}

/// The services as a configuration declares them: all their channels, and a target.
fn services(folder: &Path) -> Vec<ServiceSettings> {
    let mut text = String::new();
    for service in 0..SERVICES {
        write!(
            text,
            "[[service]]\nid = 'service-{service:03}'\nname = 'Service {service}'\nchannels = {CHANNELS:?}\n\
             department = 'department-{0}'\ndepartment_name = 'Department {0}'\n\
             targets = {{ digital_takeup = 0.8 }}\n",
            service % 20
        )
        .expect("a string takes all");
    }
    std::fs::create_dir(folder.join("services")).expect("made");
    std::fs::write(folder.join("services/all.toml"), text).expect("written");
    let file = folder.join("config.toml");
    let config = format!("data_dir = '{0}'\nservices_dir = '{0}/services'\n", folder.display());
    std::fs::write(&file, config).expect("written");
    config::load(&Source { file: Some(file), ..Source::default() }).expect("a good config").services
}

fn submission(service: usize, kind: PeriodKind, periods: i32) -> Submission {
    let first = Period::containing(kind, date(2024, 1, 1)).expect("a period");
    let mut series = Vec::new();
    for measure in MEASURES {
        for channel in CHANNELS {
            let key = SeriesKey {
                service: format!("service-{service:03}").parse().expect("a slug"),
                measure: measure.parse().expect("a measure"),
                channel: channel.parse().expect("a channel"),
                coverage: Coverage::All,
                period_kind: kind,
            };
            let point = |(n, period)| Point {
                period,
                value: Value::Known(value(measure, service, n).into()),
                quality: Quality::default(),
            };
            let all = std::iter::successors(Some(first), |period| Some(period.next()));
            series.push(SeriesFigures { key, points: (0..periods).zip(all).map(point).collect() });
        }
    }
    series.sort_by(|a, b| a.key.cmp(&b.key));
    let provenance = Provenance {
        collector: "bench".parse().expect("a name"),
        adopts: Vec::new(),
        collected_at: jiff::Timestamp::now(),
    };
    Submission { provenance, series, services: Vec::new() }
}

/// More started than completed, and no two alike.
fn value(measure: &str, service: usize, period: i32) -> i64 {
    let service = i64::try_from(service).expect("small");
    let noise = (i64::from(period) * 7_919 + service * 104_729) % 97;
    let base = 1_000 * (service % 50 + 3) + noise;
    if measure == "started" { base * 3 / 2 } else { base }
}

/// Scrapes one after the other on one connection, as Prometheus does, and says how large the answer is.
fn scrapes(address: SocketAddr, encoding: &str) -> (usize, Vec<Duration>) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("set");
    let ask = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\naccept-encoding: {encoding}\r\n\r\n");
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    let times = (0..SCRAPES).map(|_| {
        let started = Instant::now();
        stream.write_all(ask.as_bytes()).expect("sent");
        size = answer(&mut stream, &mut buffer);
        started.elapsed()
    });
    let times = times.collect();
    (size, times)
}

/// Reads one answer and gives the length of its body.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    let mut head = Vec::new();
    loop {
        let read = stream.read(buffer).expect("received");
        head.extend_from_slice(&buffer[..read]);
        let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&head[..end]).to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").parse().expect("a number");
        let mut left = length - (head.len() - end - 4);
        while left > 0 {
            left -= stream.read(buffer).expect("received");
        }
        return length;
    }
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    format!("p50 {:.2?}, p99 {:.2?}", at(50), at(99))
}
