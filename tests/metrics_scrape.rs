//! What a scrape gets is of the current snapshot as of now, however it is sent, and whatever the store does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;
#[path = "support/running/mod.rs"]
mod running;

use std::io::Read as _;
use std::num::NonZeroU32;
use std::sync::Arc;

use collectors::Clock as _;
use daemon::{Daemon, checkout};
use kpi::service::ServiceDescription;
use kpi::{Channel, Coverage, Measure, Period, PeriodKind, Point, Quality, SeriesFigures, SeriesKey, Value};
use pp_collector::alerts::state::AlertBook;
use pp_collector::config::settings::KeepPeriods;
use pp_collector::metrics::{Encoding, Metrics};
use pp_collector::run::PushDoor;
use pp_collector::snapshot::Snapshots;
use pp_collector::state::StateDb;
use pp_collector::store::{EmbeddedStore, Provenance, Store, Submission};
use pp_collector::web::{Readiness, Shared, router};
use running::{FakeStore, ManualClock};

/// One figure of a service and what its source says it is.
fn submission(service: &str, day: &str) -> Arc<Submission> {
    let id: kpi::ServiceId = service.parse().unwrap();
    let key = SeriesKey {
        service: id.clone(),
        measure: Measure::Completed,
        channel: Channel::AllChannels,
        coverage: Coverage::All,
        period_kind: PeriodKind::Day,
    };
    let point = Point {
        period: Period::starting(PeriodKind::Day, day.parse().unwrap()).unwrap(),
        value: Value::Known(7.into()),
        quality: Quality::default(),
    };
    Arc::new(Submission {
        provenance: Provenance {
            collector: "counter".parse().unwrap(),
            adopts: Vec::new(),
            collected_at: "2026-06-02T06:00:00Z".parse().unwrap(),
        },
        series: vec![SeriesFigures { key, points: vec![point] }],
        services: vec![ServiceDescription { id, name: service.to_owned(), department: None, agency: None }],
    })
}

struct World {
    clock: Arc<ManualClock>,
    store: Arc<EmbeddedStore>,
    snapshots: Arc<Snapshots>,
    metrics: Metrics,
    _folder: tempfile::TempDir,
}

impl World {
    fn at(now: &str, keep: KeepPeriods) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(now.parse().unwrap()));
        let store = Arc::new(EmbeddedStore::open(folder.path()).unwrap());
        let kept: Arc<dyn Store> = store.clone();
        let snapshots = Arc::new(Snapshots::new(kept, Vec::new(), clock.clone()));
        let metrics = Metrics::new(Arc::clone(&snapshots), keep).unwrap();
        Self { clock, store, snapshots, metrics, _folder: folder }
    }

    fn text(&self) -> String {
        String::from_utf8(self.metrics.render(Encoding::Identity).unwrap().concat()).unwrap()
    }

    fn shows(&self, series: &str) -> bool {
        self.text().lines().any(|line| line.starts_with(series))
    }
}

const VISAS: &str = "pp_transactions_all_channels{service=\"visas\",period=\"day\"}";

#[tokio::test]
async fn a_figure_is_shown_for_the_periods_it_is_kept_and_then_no_more_though_nothing_came() {
    let world = World::at("2026-06-02T06:00:00Z", KeepPeriods::Count(NonZeroU32::MIN.saturating_add(2)));
    world.store.append(submission("visas", "2026-06-01")).await.unwrap();
    world.snapshots.rebuild_all().await.unwrap();
    assert!(world.shows(VISAS));
    let to = |instant: &str| {
        let instant: jiff::Timestamp = instant.parse().unwrap();
        world.clock.advance(instant.duration_since(world.clock.now()).unsigned_abs());
    };
    // Of 1 June, for the three days after it: in London the last of them ends at 23:00 in Greenwich.
    to("2026-06-05T22:59:59Z");
    assert!(world.shows(VISAS));
    to("2026-06-05T23:00:00Z");
    assert!(!world.shows(VISAS));
    let state = "pp_kpi_state{service=\"visas\",kpi=\"transactions\",period=\"day\",state=\"expired\"} 1";
    assert!(world.shows(state), "and says why: {}", world.text());
    let end = "pp_kpi_period_end_timestamp_seconds{service=\"visas\",kpi=\"transactions\",period=\"day\"}";
    assert!(world.shows(end), "so that it can be seen to be late");
    assert!(world.shows("pp_service_info{service=\"visas\""), "it is known all the same");

    world.metrics.keep_periods(KeepPeriods::All);
    assert!(world.shows(VISAS));
    assert!(!world.shows(state));
}

#[tokio::test]
async fn another_snapshot_is_shown_by_the_next_scrape() {
    let world = World::at("2026-06-02T06:00:00Z", KeepPeriods::All);
    assert!(world.shows("pp_services 0"));
    world.store.append(submission("visas", "2026-06-01")).await.unwrap();
    assert!(world.shows("pp_services 0"), "it reads no store");
    world.snapshots.rebuild_all().await.unwrap();
    assert!(world.shows("pp_services 1"));
    assert!(world.shows(VISAS));
}

#[test]
fn compressed_and_plain_are_the_same_text() {
    let data = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(data.path(), &checkout("config/default.toml"));
    daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    let agent = ureq::agent();
    let ask = |encoding: &str| {
        let address = format!("{}/metrics", daemon.address);
        let mut answer = agent.get(address).header("accept-encoding", encoding).call().unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let headers = ["content-type", "content-encoding", "content-length", "vary"].map(header);
        let mut body = Vec::new();
        answer.body_mut().as_reader().read_to_end(&mut body).unwrap();
        (headers, body)
    };
    let about_services = |text: &str| {
        let kept = text.lines().filter(|line| !line.contains("pp_http_") && !line.contains("process_"));
        kept.map(str::to_owned).collect::<Vec<_>>()
    };
    let (plain_headers, plain) = ask("identity");
    let (gzip_headers, gzip) = ask("gzip;q=0.9, identity;q=0.1");
    let kind = Some("text/plain; version=0.0.4; charset=utf-8".to_owned());
    let vary = Some("accept-encoding".to_owned());
    let length = |body: &[u8]| Some(body.len().to_string());
    assert_eq!(plain_headers, [kind.clone(), None, length(&plain), vary.clone()]);
    assert_eq!(gzip_headers, [kind, Some("gzip".to_owned()), length(&gzip), vary]);
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(gzip.as_slice()).read_to_string(&mut unpacked).unwrap();
    let plain = String::from_utf8(plain).unwrap();
    assert_eq!(about_services(&unpacked), about_services(&plain));
    assert!(unpacked.contains("process_start_time_seconds"), "what is about the process is there too");
    assert!(gzip.len() * 8 < plain.len(), "{} of {}", gzip.len(), plain.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_answer_while_the_store_is_out() {
    let world = World::at("2026-06-02T06:00:00Z", KeepPeriods::All);
    world.store.append(submission("visas", "2026-06-01")).await.unwrap();
    world.snapshots.rebuild_all().await.unwrap();
    let out = FakeStore::default();
    out.fail(true);
    let out: Arc<dyn Store> = Arc::new(out);
    let shared = Shared {
        snapshots: Arc::clone(&world.snapshots),
        push: Arc::new(PushDoor::closed(Arc::clone(&out), world.clock.clone())),
        store: out,
        metrics: world.metrics.clone(),
        readiness: Arc::new(Readiness::default()),
        alerts: AlertBook::new(StateDb::in_memory().unwrap()),
        clock: world.clock.clone(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router(shared)).await });
    let ask = move |path: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(format!("http://{address}{path}")).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let asked = tokio::task::spawn_blocking(move || (ask("/api/v1/figures?service=visas"), ask("/metrics")));
    let (figures, metrics) = asked.await.unwrap();
    assert_eq!(figures.0, 503, "{}", figures.1);
    assert_eq!(metrics.0, 200);
    assert!(metrics.1.contains(VISAS), "{}", metrics.1);
    server.abort();
}
