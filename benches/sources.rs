//! Many sources, measured: 800 services × 5 queries, 16 at once, against a stand-in of Google Analytics
//! that takes 50 ms for each answer. `cargo bench --bench sources` prints the table.
//!
//! The stand-in is a process of its own, so that the memory measured is the collector's alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use collectors::http::{Backoff, Http};
use collectors::{Context, MachineRandomness, NoQuotaMeter, SystemClock, kind};
use futures::stream::{self, StreamExt as _};
use jiff::{Timestamp, ToSpan as _};
use kpi::period::london;
use pp_collector::config::settings::{CollectorSettings, PurgeGuard};
use pp_collector::plan::Schedule;
use pp_collector::run::{Ask, Events, MemoryState, NullMeter, Runner, ServiceBook, Trigger};
use pp_collector::store::EmbeddedStore;
use simulator::ga4::{FIRST_PROPERTY, STARTED, SUBMITTED, service_account_key};
use simulator::mischief::{Mischief, Rule};
use simulator::{Character, Service, Simulator, Source, World};
use tokio_util::sync::CancellationToken;

const SERVICES: usize = 800;
/// Five windows of seven days, each one query.
const QUERIES: usize = 5;
const CONCURRENCY: usize = 16;
const LATENCY: Duration = Duration::from_millis(50);
/// Set for the process that is the stand-in.
const STAND_IN: &str = "PP_BENCH_STAND_IN";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if std::env::var_os(STAND_IN).is_some() {
        runtime.block_on(stand_in());
    } else {
        let (mut child, address) = start_stand_in();
        runtime.block_on(collect(&address));
        // It ends with its input.
        drop(child.stdin.take());
        child.wait().expect("ended");
    }
}

/// Says its address, and answers until its input ends.
async fn stand_in() {
    let mut world = World::new(1, Arc::new(Timestamp::now));
    for number in 0..SERVICES {
        world = world.with(Service::new(&name(number), Character::Steady, 1000));
    }
    let running = Simulator::build(world).start().await.expect("started");
    running.mischief(Source::Ga4).script(Rule::new(Mischief::Latency(LATENCY)));
    println!("{}", running.address(Source::Ga4));
    std::io::stdout().flush().expect("said");
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await
        .expect("joined")
        .expect("read");
}

fn start_stand_in() -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .env(STAND_IN, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut address = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut address).expect("its address");
    (child, address.trim().to_owned())
}

fn name(number: usize) -> String {
    format!("service-{number:03}")
}

fn collector(number: usize, folder: &Path, address: &str) -> CollectorSettings {
    let kind = kind("ga4").expect("a known kind");
    let (key, property) = (folder.join("key.json"), FIRST_PROPERTY + number as u64);
    let table = format!(
        "key = {{ file = '{}' }}\napi = '{address}'\nproperty = {property}\n[services.{}]\n\
         started = '{STARTED}'\ncompleted = '{SUBMITTED}'\n",
        key.display(),
        name(number)
    );
    let days = i64::try_from(7 * QUERIES).expect("few");
    CollectorSettings {
        name: name(number).parse().expect("a name"),
        adopts: Vec::new(),
        kind,
        schedule: Schedule::parse("0 6 * * *", london()).expect("a schedule"),
        jitter: Duration::ZERO,
        deadline: Duration::from_mins(5),
        retries: 0,
        start: Some(Timestamp::now().to_zoned(london()).date() - days.days()),
        look_back: None,
        purge_guard: PurgeGuard::of_kind(kind),
        collector: (kind.build)(&table.parse().expect("TOML")).unwrap_or_else(|all| panic!("{all:#?}")),
    }
}

async fn collect(address: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let key = service_account_key(address).to_string();
    std::fs::write(folder.path().join("key.json"), key).expect("written");
    let all: Vec<_> = (0..SERVICES).map(|number| collector(number, folder.path(), address)).collect();
    let runner = Runner {
        store: Arc::new(EmbeddedStore::open(&folder.path().join("data")).expect("a store")),
        state: Arc::new(MemoryState::new()),
        context: Context {
            clock: Arc::new(SystemClock),
            http: Http::system().expect("a client"),
            bookmark: None,
            quota: Arc::new(NoQuotaMeter),
        },
        book: Arc::new(ServiceBook::new(&[])),
        events: Events::new(Arc::new(NullMeter)),
        randomness: Arc::new(MachineRandomness),
        backoff: Backoff::default(),
        on_stored: Arc::new(|_, _| {}),
    };
    let stop = CancellationToken::new();
    let before = Instant::now();
    let queries: usize = stream::iter(&all)
        .map(async |one| {
            let report = runner.run(one, Trigger::Start, &Ask::Due, &stop).await;
            assert!(report.is_success(), "{report:#?}");
            report.windows.len()
        })
        .buffer_unordered(CONCURRENCY)
        .fold(0, async |sum, windows| sum + windows)
        .await;
    let took = before.elapsed();
    assert_eq!(queries, SERVICES * QUERIES);
    let ideal = LATENCY.as_secs_f64() * queries as f64 / CONCURRENCY as f64;
    println!("| what | measured |\n| --- | --- |");
    println!(
        "| {SERVICES} services × {QUERIES} queries, {CONCURRENCY} at once | {:.1} s |",
        took.as_secs_f64()
    );
    println!("| ideal | {ideal:.1} s |");
    println!("| ratio | {:.2} |", took.as_secs_f64() / ideal);
    println!("| resident memory | {} |", resident());
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| {
        let found = status.lines().find_map(|line| line.strip_prefix(name));
        found.map(|kilobytes| kilobytes.trim().to_owned()).unwrap_or_default()
    };
    format!("{} (peak {})", line("VmRSS:"), line("VmHWM:"))
}
