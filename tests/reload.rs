//! Promise 7: a refused config leaves the running one in place, and a gauge says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::path::{Path, PathBuf};

use daemon::{Daemon, checkout};

const LOADED: &str = "pp_config_last_reload_successful";

/// The sample's configuration, free to be changed.
fn configuration(folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(checkout("config/default.toml")).unwrap();
    let file = folder.join("config.toml");
    std::fs::write(&file, text).unwrap();
    file
}

fn change(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

fn running(data: &Path, file: &Path) -> Daemon {
    let daemon = Daemon::start(data, file);
    daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    daemon
}

#[test]
fn a_refused_configuration_leaves_the_running_one_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path());
    let daemon = running(&folder.path().join("data"), &file);
    let shown = |body: &str| body.lines().filter(|line| line.starts_with("pp_digital_takeup_ratio{")).count();
    let before = shown(&daemon.get("/metrics").1);

    change(&file, "kind = \"spreadsheet\"", "kind = \"spreadshet\"");
    daemon.signal("HUP");
    let metrics = daemon.get_until("/metrics", |_, body| body.contains(&format!("{LOADED} 0")));
    assert_eq!(shown(&metrics), before);
    assert!(daemon.log().contains("spreadshet"), "{}", daemon.log());

    change(&file, "kind = \"spreadshet\"", "kind = \"spreadsheet\"");
    daemon.signal("HUP");
    daemon.get_until("/metrics", |_, body| body.contains(&format!("{LOADED} 1")));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn an_accepted_configuration_is_carried_out_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path());
    let daemon = running(&folder.path().join("data"), &file);
    change(&file, "keep_periods = \"all\"", "keep_periods = 3");
    change(&file, "[collectors.sample]", "[collectors.other]\nadopts = [\"sample\"]");
    change(&file, "[collectors.sample.", "[collectors.other.");
    daemon.signal("HUP");
    let metrics = daemon.get_until("/metrics", |_, body| {
        body.contains("pp_collector_last_success_timestamp_seconds{collector=\"other\"}")
    });
    // The sample ends in 2016, more than three periods ago.
    assert!(!metrics.contains("pp_digital_takeup_ratio{"), "{metrics}");
    let mut states = metrics.lines().filter(|line| line.starts_with("pp_kpi_state{"));
    assert!(states.all(|line| line.contains("state=\"expired\"")), "{metrics}");
    assert!(!metrics.contains("timestamp_seconds{collector=\"sample\"}"), "{metrics}");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn what_only_a_restart_can_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path());
    let daemon = running(&folder.path().join("data"), &file);
    std::fs::write(folder.path().join("config.toml"), "[log]\nlevel = \"debug\"\n").unwrap();
    daemon.signal("HUP");
    let metrics = daemon.get_until("/metrics", |_, body| body.contains(&format!("{LOADED} 0")));
    assert!(metrics.contains("pp_digital_takeup_ratio{"));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_reload_while_the_store_cannot_be_read_keeps_the_figures_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path());
    let data = folder.path().join("data");
    let daemon = running(&data, &file);
    let store = data.join("figures.db");
    let bytes = std::fs::read(&store).unwrap();
    let mut damaged = bytes.clone();
    damaged[100..].fill(7);
    std::fs::write(&store, damaged).unwrap();
    daemon.signal("HUP");
    daemon.get_until("/healthz", |_, _| daemon.log().contains("configuration loaded anew"));
    let metrics = daemon.get("/metrics").1;
    assert!(metrics.contains("pp_digital_takeup_ratio{"));
    assert_eq!(daemon.get("/api/v1/services").0, 200);
    daemon.kill();
}
