//! The program with an embedded store, with a real server beside it, and with several instances over one server:
//! figures move between the two whole, arrive at a mirror once, and none is lost or doubled by an instance that dies.

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
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError, mpsc};

use daemon::{Daemon, Said, checkout, finish, program};
use support::fault_proxy::{Fate, FaultProxy};
use support::influx::InfluxServer;

const SHEET: &str = "config/sample/department-for-education.csv";

/// One test at a time: a server that comes back needs its port, which the connections of another test could take.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The sample with a sheet of its own, and a bucket of a server.
struct Place {
    folder: tempfile::TempDir,
    bucket: String,
    token_file: PathBuf,
}

impl Place {
    fn new(server: &InfluxServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(checkout(SHEET), folder.path().join("sheet.csv")).unwrap();
        Self { folder, bucket: server.database(), token_file: server.token_file() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A configuration with some lines of `[store]`, and the server at an address.
    fn config(&self, name: &str, store: &str, url: &str) -> PathBuf {
        let sample = std::fs::read_to_string(checkout("config/default.toml")).unwrap();
        let sheet = self.path("sheet.csv");
        let text = format!(
            "{}\n[store]\n{store}\n[store.influxdb2]\nurl = {url:?}\norg = \"an-org\"\nbucket = {:?}\n\
             token = {{ file = {:?} }}\nretries = 0\n",
            sample.replace(SHEET, sheet.to_str().unwrap()),
            self.bucket,
            self.token_file.display().to_string()
        );
        let file = self.path(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Changes what the sheet says of one figure.
    fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path("sheet.csv")).unwrap();
        assert!(text.contains(from));
        std::fs::write(self.path("sheet.csv"), text.replacen(from, to, 1)).unwrap();
    }
}

fn say(data: &Path, config: &Path, arguments: &[&str]) -> Said {
    finish(program(data).arg("--config").arg(config).args(arguments))
}

fn done(data: &Path, config: &Path, arguments: &[&str]) -> String {
    let said = say(data, config, arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {}{}", said.out, said.err);
    said.out
}

fn copy<'a>(from: &'a str, to: &'a str) -> [&'a str; 6] {
    ["store", "copy", "--from", from, "--to", to]
}

/// Kills a process at some of the writes that go through, and lets these through nevertheless.
fn killer(door: u16, at: &'static [usize]) -> (FaultProxy, mpsc::Sender<u32>) {
    let (tell, pids) = mpsc::channel::<u32>();
    let pids = Mutex::new(pids);
    let proxy = FaultProxy::start(door, move |request| {
        if at.contains(&request.write) {
            let pid = pids.lock().unwrap().recv().unwrap();
            assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
        }
        Fate::Through
    });
    (proxy, tell)
}

#[test]
fn a_store_moves_to_a_server_and_back_through_a_kill_and_is_proved_the_same() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(server) = InfluxServer::shared() else { return };
    let place = Place::new(server);
    let (data, elsewhere) = (place.path("data"), place.path("elsewhere"));
    let config = place.config("config.toml", "kind = \"embedded\"", &server.url());
    done(&data, &config, &["collect", "--all"]);
    place.edit("digital,349029", "digital,349030");
    assert!(done(&data, &config, &["collect", "--all"]).contains("1 revised"));

    // Killed at its twentieth write.
    let (proxy, tell) = killer(server.door_port, &[20]);
    let through = place.config("through.toml", "", &format!("http://127.0.0.1:{}", proxy.port));
    let mut command = program(&data);
    let mut child =
        command.arg("--config").arg(&through).args(copy("embedded", "influxdb2")).spawn().expect("it starts");
    tell.send(child.id()).unwrap();
    assert!(!child.wait().unwrap().success());
    let stats = done(&data, &config, &["store", "stats"]);
    let figures = number(&stats, "figures ") + number(&stats, "superseded ");
    let rest = done(&data, &config, &copy("embedded", "influxdb2"));
    let copied: u64 = rest.split(' ').next().unwrap().parse().unwrap();
    assert!(copied > 0 && copied < figures, "{copied} of {figures} were left");
    assert!(rest.contains(&format!("series with {figures} revisions")), "{rest}");
    assert!(done(&data, &config, &copy("embedded", "influxdb2")).starts_with("0 revisions copied; "));

    let back = done(&elsewhere, &config, &copy("influxdb2", "embedded"));
    assert!(back.starts_with(&format!("{figures} revisions copied; ")), "{back}");
    assert_eq!(done(&data, &config, &["export"]), done(&elsewhere, &config, &["export"]));
    done(&elsewhere, &config, &["store", "verify"]);

    // The two go different ways.
    place.edit("digital,349030", "digital,1");
    done(&data, &config, &["collect", "--all"]);
    place.edit("digital,1\n", "digital,2\n");
    done(&elsewhere, &config, &["collect", "--all"]);
    done(&data, &config, &copy("embedded", "influxdb2"));
    let said = say(&elsewhere, &config, &copy("embedded", "influxdb2"));
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains("bis-apprenticeship-vacancies-applications completed digital"), "{}", said.out);
    assert!(said.err.contains("differences, named above"), "{}", said.err);
    assert_eq!(say(&data, &config, &copy("embedded", "embedded")).code, Some(2));
}

/// The number behind a word of a list.
fn number(text: &str, word: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    line.unwrap_or_else(|| panic!("no {word} in {text}")).trim().parse().unwrap()
}

#[test]
fn a_mirror_that_is_out_delays_nobody_and_gets_everything_once() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut server) = InfluxServer::start() else { return };
    let place = Place::new(&server);
    let data = place.path("data");
    let config = place.config("config.toml", "mirror = true", &server.url());
    server.kill();
    let daemon = Daemon::start(&data, &config);
    daemon.get_until("/metrics", |_, body| {
        body.contains("pp_digital_takeup_ratio{")
            && body.contains("pp_mirror_failures_total{reason=\"unavailable\"}")
            && number(body, "pp_mirror_unsent_figures ") > 1000
            && body.contains("\npp_mirror_oldest_unsent_timestamp_seconds ")
    });
    daemon.signal("HUP");
    daemon.get_until("/metrics", |_, _| daemon.log().contains("configuration loaded anew"));

    server.run();
    let metrics = daemon.get_until("/metrics", |_, body| {
        number(body, "pp_mirror_unsent_figures ") == 0
            && !body.contains("\npp_mirror_oldest_unsent_timestamp_seconds ")
    });
    assert_eq!(number(&metrics, "pp_mirror_refused_figures "), 0);
    let stats = done(&data, &config, &["store", "stats"]);
    assert_eq!(number(&metrics, "pp_mirror_sent_figures_total "), number(&stats, "figures "));
    let on_server = place.config("server.toml", "kind = \"influxdb2\"", &server.url());
    assert_eq!(done(&data, &on_server, &["export"]), done(&data, &config, &["export"]));
    let points = server.query(&place.bucket, "SELECT COUNT(revision) FROM pp_figure");
    assert!(points.contains(&format!(",{}]", number(&stats, "figures "))), "{points}");
    assert_eq!(daemon.stop(), Some(0));
}

/// The rows of an export without when each was collected, which differs between runs.
fn rows(data: &Path, config: &Path) -> BTreeSet<String> {
    let without_time = |row: &str| {
        let mut columns: Vec<&str> = row.split(',').collect();
        columns.remove(13);
        columns.join(",")
    };
    done(data, config, &["export"]).lines().skip(1).map(without_time).collect()
}

#[test]
fn three_instances_over_one_server_lose_and_double_nothing_when_one_is_killed() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(server) = InfluxServer::shared() else { return };
    let place = Place::new(server);
    let config = place.config("config.toml", "kind = \"influxdb2\"", &server.url());
    let start = |number: u32, config: &Path| {
        let mut command = program(&place.path(&format!("data-{number}")));
        Daemon::launch(command.arg("--config").arg(config).args(["run", "--shard", &format!("{number}/3")]))
    };
    let others = [start(1, &config), start(3, &config)];
    // Killed when its first submission is announced, when the figures of the next are on their way, and when
    // that of the third is declared complete.
    let (proxy, tell) = killer(server.door_port, &[1, 3, 6]);
    let through =
        place.config("through.toml", "kind = \"influxdb2\"", &format!("http://127.0.0.1:{}", proxy.port));
    for _ in 0..3 {
        let killed = start(2, &through);
        tell.send(killed.pid()).unwrap();
        killed.wait();
    }
    let again = start(2, &through);
    for daemon in others.iter().chain([&again]) {
        daemon
            .get_until("/metrics", |_, body| body.contains("\npp_collector_last_success_timestamp_seconds{"));
    }
    let alone = place.config("alone.toml", "", &server.url());
    done(&place.path("alone"), &alone, &["collect", "--all"]);
    assert_eq!(rows(&place.path("any"), &config), rows(&place.path("alone"), &alone));
    let stats = done(&place.path("any"), &config, &["store", "stats"]);
    let expected = done(&place.path("alone"), &alone, &["store", "stats"]);
    for word in ["figures ", "superseded ", "series ", "services "] {
        assert_eq!(number(&stats, word), number(&expected, word), "{word}");
    }
    done(&place.path("any"), &config, &["store", "verify"]);
    for daemon in others.into_iter().chain([again]) {
        assert_eq!(daemon.stop(), Some(0));
    }
}
