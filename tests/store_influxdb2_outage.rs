//! Promises 4 and 9 where figures are kept on a server: while it is out the daemon runs and shows what it knew,
//! and nothing that was missed stays missing.

#![cfg(feature = "influx")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;
#[path = "support/running/mod.rs"]
mod running;
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use collectors::clock::ManualClock;
use collectors::{Clock as _, Context, PeriodSpan, Reason};
use daemon::{Daemon, checkout, finish, program};
use pp_collector::run::{Ask, RunState as _, Runner, Trigger};
use pp_collector::store::{Query, Store};
use running::{Fake, World, day, settings, windows};
use support::influx::{self, InfluxServer};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn what_was_missed_while_the_server_was_out_is_collected_in_order() {
    let Some(mut server) = InfluxServer::start() else { return };
    let bucket = server.settings(&server.database());
    let clock = ManualClock::new("2026-11-20T06:00Z".parse().unwrap()).skipping_sleeps();
    let store: Arc<dyn Store> = Arc::new(influx::open_on(&bucket, Arc::new(clock.clone())));
    let world = World::at("2026-11-20T06:00Z");
    let runner = world.runner();
    let context = Context { clock: Arc::new(clock.clone()), ..runner.context.clone() };
    let runner = Runner { store: Arc::clone(&store), context, ..runner };
    let fake = Fake::new(windows(1, 0));
    let visas = settings("visas", fake.clone());
    let run = async || runner.run(&visas, Trigger::Schedule, &Ask::Due, &CancellationToken::new()).await;
    let cursor = async || world.state.cursor(&visas.name).await.unwrap();
    let move_to = |text: &str| {
        let now: jiff::Timestamp = text.parse().unwrap();
        clock.advance(now.duration_since(clock.now()).unsigned_abs());
    };

    assert!(run().await.is_success());
    assert_eq!(cursor().await, Some(day("2026-11-19")));
    server.kill();
    move_to("2026-11-23T06:00Z");
    let report = run().await;
    let failure = report.failure().unwrap();
    assert_eq!(failure.reason, Reason::Transient);
    assert!(failure.message.contains("is unavailable"), "{}", failure.message);
    assert_eq!(cursor().await, Some(day("2026-11-19")));
    server.run();
    assert!(run().await.is_success());
    assert_eq!(cursor().await, Some(day("2026-11-22")));

    let spans = fake.spans();
    let days = ["2026-11-20", "2026-11-21", "2026-11-22"].map(day);
    let after_the_outage = days.map(|day| PeriodSpan { first: day, last: day });
    assert_eq!(spans[spans.len() - 3..], after_the_outage);
    let kept = store.series(&Query::default()).await.unwrap();
    let kept: Vec<_> = kept[0].points.iter().map(|stored| (stored.point.period, stored.revision)).collect();
    assert_eq!(kept, ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"].map(|text| (day(text), 1)));
}

/// A figure that nothing collects.
const PUSHED: &str = "service,measure,channel,period_kind,period_start,value\n\
                      pushed,completed,phone,month,2026-04-01,300\n";

/// The sample's configuration, with figures on a server.
fn configuration(folder: &Path, server: &InfluxServer, bucket: &str) -> PathBuf {
    let text = std::fs::read_to_string(checkout("config/default.toml")).unwrap();
    let store = format!(
        "\n[store]\nkind = \"influxdb2\"\n\n[store.influxdb2]\nurl = {:?}\norg = \"an-org\"\nbucket = {bucket:?}\n\
         token = {{ file = \"{}\" }}\nretries = 0\n",
        server.url(),
        server.token_file().display()
    ) + &format!(
        "\n[push.call-centre]\ntoken = {{ file = \"{}\" }}\n",
        server.token_file().display()
    );
    let file = folder.join("config.toml");
    std::fs::write(&file, text + &store).unwrap();
    file
}

#[test]
fn the_daemon_starts_without_its_server_and_goes_on_when_it_goes() {
    let Some(mut server) = InfluxServer::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let bucket = server.database();
    let (data, file) = (folder.path().join("data"), configuration(folder.path(), &server, &bucket));
    server.kill();
    let daemon = Daemon::start(&data, &file);
    let why = daemon.get_until("/readyz", |status, body| status == 503 && body.contains("is unavailable"));
    assert!(why.contains(&bucket) && why.starts_with("not ready: "), "{why}");
    assert_eq!(daemon.get("/healthz").0, 200);

    server.run();
    daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    assert_eq!(daemon.get("/readyz").0, 200);
    let metrics = daemon.get("/metrics").1;
    let points =
        metrics.lines().find(|line| line.starts_with("pp_store_write_points_total{store=\"influxdb2\"}"));
    assert!(points.is_some_and(|line| !line.ends_with(" 0")), "{points:?}");
    assert!(metrics.contains("pp_store_write_failures_total{reason=\"unavailable\",store=\"influxdb2\"} 0"));

    server.kill();
    let shown = |body: &str| body.lines().filter(|line| line.starts_with("pp_digital_takeup_ratio{")).count();
    let still = daemon.get("/metrics").1;
    assert_eq!((shown(&still), daemon.get("/readyz").0), (shown(&metrics), 200));
    assert!(still.contains("pp_snapshot_built_timestamp_seconds "));
    assert_eq!(daemon.get("/api/v1/services").0, 200);
    let token = std::fs::read_to_string(server.token_file()).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let push = || {
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/csv")];
        daemon.post("/api/v1/figures", &headers, PUSHED)
    };
    let (code, said, wait) = push();
    assert_eq!((code, wait.as_deref()), (503, Some("30")), "{said}");
    assert!(said.contains("push them again"), "{said}");
    server.run();
    let (code, said, _) = push();
    assert!(code == 200 && said.starts_with("{\"new\":1,"), "{code} {said}");
    assert_eq!(daemon.stop(), Some(0));

    // Every command reads the same store.
    let command = |arguments: &[&str]| finish(program(&data).arg("--config").arg(&file).args(arguments));
    let stats = command(&["store", "stats"]);
    assert!(stats.code == Some(0) && !stats.out.contains("figures      0\n"), "{}{}", stats.out, stats.err);
    let verified = command(&["store", "verify"]);
    assert!(verified.out.starts_with("all is well: "), "{}{}", verified.out, verified.err);
    let again = command(&["collect", "--all"]);
    assert!(again.code == Some(0) && again.out.contains("nothing has changed"), "{}{}", again.out, again.err);
    assert_eq!(command(&["kpi"]).code, Some(0));
    let exported = command(&["export"]);
    let file_of_figures = folder.path().join("figures.csv");
    std::fs::write(&file_of_figures, &exported.out).unwrap();
    let imported = command(&["import", file_of_figures.to_str().unwrap()]);
    assert!(imported.out.starts_with("imported: 0 new, "), "{}{}", imported.out, imported.err);
    let refused = command(&["store", "backup"]);
    assert!(refused.code == Some(2) && refused.err.contains("its own backup"), "{}", refused.err);
    server.kill();
    let unavailable = command(&["kpi"]);
    assert!(unavailable.code == Some(1) && unavailable.err.contains("is unavailable"), "{}", unavailable.err);
}
