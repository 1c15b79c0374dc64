//! Promises 1 and 2 where figures are kept on a server: whatever fails between, none is lost, none is
//! doubled, none is shown in part, and the log names what happened.

#![cfg(feature = "influx")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kpi::Measure;
use pp_collector::store::influxdb2::Influxdb2Settings;
use pp_collector::store::{Accepted, Influxdb2Store, Query, Store, StoreError, Submission};
use support::fault_proxy::{Fate, FaultProxy, Request};
use support::figures::*;
use support::influx::{self, InfluxServer, TOKEN};
use support::logged::Logged;

const SERIES: i32 = 30;
const DAYS: i32 = 365;
const FIGURES: u64 = 30 * 365;
/// Writes of one edition: it is announced, two or three batches follow, and it is declared complete.
const ANNOUNCED: usize = 1;
const FIRST_BATCH: usize = 2;
const SECOND_BATCH: usize = 3;
const COMPLETE: usize = 5;

/// Figures that take three batches, every one of the number of their edition.
fn edition(number: i64) -> Arc<Submission> {
    let mut sent = Sent::at(number).service("service-0", &format!("Edition {number}"));
    for series in 0..SERIES {
        let points = (0..DAYS).map(|n| point(n, known(&number.to_string()))).collect();
        sent = sent.figures(&series_key(&format!("service-{series}"), Measure::Completed), points);
    }
    sent.done()
}

/// A server, a proxy before it, and a store behind the proxy.
struct Land {
    server: Arc<Mutex<InfluxServer>>,
    proxy: FaultProxy,
    settings: Influxdb2Settings,
    store: Influxdb2Store,
    logged: Logged,
}

impl Land {
    /// `None` where there is no server to be had.
    fn new(fate: impl Fn(&Request) -> Fate + Send + Sync + 'static) -> Option<Self> {
        Some(Self::with_server(InfluxServer::start()?, |settings| settings, fate))
    }

    fn with_server(
        server: InfluxServer,
        change: impl Fn(Influxdb2Settings) -> Influxdb2Settings,
        fate: impl Fn(&Request) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let bucket = server.database();
        let direct = change(server.settings(&bucket));
        let proxy = FaultProxy::start(server.door_port, fate);
        let url = format!("http://127.0.0.1:{}", proxy.port).parse().unwrap();
        let logged = Logged::begin();
        let store = influx::open(&Influxdb2Settings { url, ..direct.clone() });
        Self { server: Arc::new(Mutex::new(server)), proxy, settings: direct, store, logged }
    }

    /// What is kept, read past the proxy by a store that knows nothing.
    async fn kept(&self) -> Vec<String> {
        let mut kept = Vec::new();
        for history in influx::open(&self.settings).history(&Query::default()).await.unwrap() {
            let values: Vec<String> = history
                .revisions
                .iter()
                .map(|revision| format!("r{}={}", revision.stored.revision, revision.stored.point.value))
                .collect();
            let mut distinct = values[..values.len() / usize::try_from(DAYS).unwrap()].to_vec();
            distinct.push(format!("x{}", values.len()));
            kept.push(distinct.join(" "));
        }
        kept
    }

    /// Every series holds every figure, each with the revisions of these editions and no other.
    async fn holds(&self, editions: &[i64]) {
        let revisions: Vec<String> =
            editions.iter().zip(1..).map(|(edition, revision)| format!("r{revision}={edition}")).collect();
        let count = usize::try_from(DAYS).unwrap() * editions.len();
        let expected = format!("{} x{count}", revisions.join(" "));
        let kept = self.kept().await;
        assert_eq!(kept.len(), if editions.is_empty() { 0 } else { 30 });
        assert!(kept.iter().all(|series| *series == expected), "{kept:?} and not {expected}");
        let newest = influx::open(&self.settings).services(None).await.unwrap();
        let names: Vec<String> = newest.into_iter().map(|service| service.name).collect();
        let expected: Vec<String> = editions.last().map(|n| format!("Edition {n}")).into_iter().collect();
        assert_eq!(names, expected);
    }
}

fn unavailable(outcome: Result<Accepted, StoreError>) -> String {
    match outcome {
        Err(error @ StoreError::Unavailable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The fate of one write, of each of these numbers; all else goes through.
fn only(writes: &'static [usize], fate: Fate) -> impl Fn(&Request) -> Fate + Send + Sync {
    move |request| if writes.contains(&request.write) { fate.clone() } else { Fate::Through }
}

/// What passes by itself is only waited for.
#[rstest::rstest]
#[case::reset_in_the_middle_of_a_request(Fate::ResetHalfway, "error sending request")]
#[case::answer_lost(Fate::AnswerLost, "error sending request")]
#[case::busy(Fate::Answered("503 Service Unavailable\r\nRetry-After: 30"), "it answered 503")]
#[case::too_many(Fate::Answered("429 Too Many Requests\r\nRetry-After: 30"), "it answered 429")]
#[case::slow_drip(Fate::Dripped, "timed out")]
#[tokio::test]
async fn what_passes_is_waited_for(#[case] fate: Fate, #[case] log: &str) {
    let Some(server) = InfluxServer::start() else { return };
    let impatient = |settings| Influxdb2Settings { write_timeout: Duration::from_millis(1500), ..settings };
    // Each step of a submission meets it once: announced, a batch, declared complete.
    let fate = only(&[ANNOUNCED, FIRST_BATCH + 1, SECOND_BATCH + 2, COMPLETE + 3], fate);
    let land = Land::with_server(server, impatient, fate);
    let accepted = land.store.append(edition(1)).await.unwrap();
    assert_eq!((accepted.new, accepted.revised.len(), accepted.quarantined.len()), (FIGURES, 0, 0));
    land.holds(&[1]).await;
    let text = land.logged.text();
    let named = text.matches("the store's server did not take a request, asking again").count();
    assert!(named == 4 && text.matches(log).count() == 4, "{named} of {log}: {text}");
}

/// The server is gone between two requests of a submission, and comes back later.
#[rstest::rstest]
#[case::before_the_first_batch(FIRST_BATCH)]
#[case::between_batches(SECOND_BATCH)]
#[case::before_it_is_complete(COMPLETE)]
#[tokio::test]
async fn a_server_killed_between_batches_loses_and_shows_nothing(#[case] write: usize) {
    let kill: Arc<Mutex<Option<Arc<Mutex<InfluxServer>>>>> = Arc::default();
    let armed = Arc::clone(&kill);
    let Some(land) = Land::new(move |request| {
        // The first edition goes through: so many writes of it.
        if request.write == COMPLETE + write
            && let Some(server) = armed.lock().unwrap().take()
        {
            server.lock().unwrap().kill();
        }
        Fate::Through
    }) else {
        return;
    };
    *kill.lock().unwrap() = Some(Arc::clone(&land.server));
    land.store.append(edition(1)).await.unwrap();
    let problem = unavailable(land.store.append(edition(2)).await);
    assert!(problem.contains("given up after 4 attempts"), "{problem}");
    land.server.lock().unwrap().run();
    land.holds(&[1]).await;
    let accepted = land.store.append(edition(2)).await.unwrap();
    assert_eq!((accepted.new, accepted.revised.len() as u64), (0, FIGURES));
    land.holds(&[1, 2]).await;
    let again = land.store.append(edition(2)).await.unwrap();
    assert_eq!((again.unchanged, again.revised.len()), (FIGURES, 0));
    assert!(land.logged.text().contains("a submission was interrupted and is given up"));
}

/// A request that timed out is carried out after all, when a later submission is complete.
#[tokio::test]
async fn a_write_that_arrives_late_changes_nothing() {
    let Some(server) = InfluxServer::start() else { return };
    let hasty = |settings| Influxdb2Settings { retries: 0, ..settings };
    let land = Land::with_server(server, hasty, only(&[SECOND_BATCH], Fate::Held));
    unavailable(land.store.append(edition(1)).await);
    land.holds(&[]).await;
    land.store.append(edition(2)).await.unwrap();
    assert_eq!(land.proxy.deliver().await, 1);
    land.holds(&[2]).await;
    land.store.append(edition(3)).await.unwrap();
    land.holds(&[2, 3]).await;
}

/// The token stops being good in the middle of a submission.
#[tokio::test]
async fn a_wrong_token_half_way_stops_and_says_what_to_fix() {
    let Some(server) = InfluxServer::start() else { return };
    let token_file = server.token_file();
    let spoilt = token_file.clone();
    let land = Land::with_server(
        server,
        |settings| settings,
        move |request| {
            if request.write == FIRST_BATCH {
                std::fs::write(&spoilt, "revoked-token").unwrap();
            }
            Fate::Through
        },
    );
    let problem = unavailable(land.store.append(edition(1)).await);
    assert!(
        problem.contains("does not accept the token") && problem.contains("store.influxdb2.token"),
        "{problem}"
    );
    assert!(!problem.contains("revoked-token") && !land.logged.text().contains("asking again"), "{problem}");
    std::fs::write(&token_file, TOKEN).unwrap();
    land.holds(&[]).await;
    assert_eq!(land.store.append(edition(1)).await.unwrap().new, FIGURES);
    land.holds(&[1]).await;
}

/// A file system that can be made full, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn of(folder: &Path, size: &str) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder)
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder.to_owned()));
        }
        println!(
            "absent: mount (a small file system cannot be made without root; this test proves nothing without it)"
        );
        assert!(std::env::var_os("CI").is_none(), "no small file system can be mounted");
        None
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_behind_the_server_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::of(folder.path(), "1500k") else { return };
    let server = InfluxServer::start_in(tempfile::tempdir().unwrap(), Some(folder.path()));
    let Some(server) = server else { return };
    let land = Land::with_server(server, |settings| settings, |_| Fate::Through);
    let mut editions = 1..20;
    let mut acknowledged = Vec::new();
    let problem = loop {
        let number = editions.next().expect("a disk that fills");
        match land.store.append(edition(number)).await {
            Ok(_) => acknowledged.push(number),
            refused => break unavailable(refused),
        }
    };
    assert!(problem.contains("no space left on device"), "{problem}");
    disk.grow("200m");
    {
        let mut server = land.server.lock().unwrap();
        server.kill();
        server.run();
    }
    land.holds(&acknowledged).await;
    let next = editions.next().unwrap();
    land.store.append(edition(next)).await.unwrap();
    acknowledged.push(next);
    land.holds(&acknowledged).await;
    land.server.lock().unwrap().kill();
    drop(disk);
}
