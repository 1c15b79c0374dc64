//! Instances that share the work: each collects, keeps and shows its own services, and together they have
//! what one alone would have.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::collections::BTreeSet;
use std::path::Path;

use daemon::{Daemon, program, say};
use kpi::ServiceId;
use pp_collector::shard::Shard;

/// The rows of an export without when each was collected, which differs between runs.
fn rows(data_dir: &Path) -> BTreeSet<String> {
    let said = say(data_dir, &["export"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let without_time = |row: &str| {
        let mut columns: Vec<&str> = row.split(',').collect();
        columns.remove(13);
        columns.join(",")
    };
    said.out.lines().skip(1).map(without_time).collect()
}

fn owned(shard: Shard, id: &str) -> bool {
    shard.owns(&id.parse::<ServiceId>().unwrap())
}

#[test]
fn three_shards_have_what_one_instance_has_and_none_has_anothers() {
    let whole = tempfile::tempdir().unwrap();
    assert_eq!(say(whole.path(), &["collect", "--all"]).code, Some(0));
    let mut together = BTreeSet::new();
    for number in 1..=3 {
        let shard = format!("{number}/3");
        let data = tempfile::tempdir().unwrap();
        let said = say(data.path(), &["collect", "--all", "--shard", &shard]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let own = rows(data.path());
        assert!(!own.is_empty(), "shard {shard} of the sample has no figure");
        let shard: Shard = shard.parse().unwrap();
        assert!(own.iter().all(|row| owned(shard, row.split(',').next().unwrap())));
        together.extend(own);
        // Asked again, and asked again without what it remembered: nothing new, nothing revised.
        for file in ["", "state-shard-"] {
            if !file.is_empty() {
                let state = data.path().join(format!("{file}{number}-of-3.db"));
                std::fs::remove_file(state).expect("each shard has a state of its own");
            }
            let said = say(data.path(), &["collect", "--all", "--shard", &format!("{number}/3")]).out;
            assert!(
                said.contains("nothing has changed") || said.contains("0 new") && said.contains("0 revised")
            );
        }
    }
    assert_eq!(together, rows(whole.path()));
}

#[test]
fn an_instance_that_becomes_another_shard_takes_over_its_services() {
    let data = tempfile::tempdir().unwrap();
    for shard in ["1/3", "2/3"] {
        // A file that has not changed is read again: the other shard's memory of it is not this one's.
        let said = say(data.path(), &["collect", "--all", "--shard", shard]);
        assert!(!said.out.contains("nothing has changed"), "{}", said.out);
    }
    let shards: [Shard; 2] = ["1/3".parse().unwrap(), "2/3".parse().unwrap()];
    for shard in shards {
        let has = |row: &String| owned(shard, row.split(',').next().unwrap());
        assert!(rows(data.path()).iter().any(has), "nothing of {shard}");
    }
}

#[test]
fn a_daemon_shows_its_own_services_only() {
    let data = tempfile::tempdir().unwrap();
    let daemon = Daemon::launch(program(data.path()).args(["run", "--shard", "2/3"]));
    let shard: Shard = "2/3".parse().unwrap();
    let metrics = daemon.get_until("/metrics", |_, body| body.contains("pp_digital_takeup_ratio{"));
    let labelled: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| Some(line.split_once("service=\"")?.1.split_once('"')?.0))
        .collect();
    let answer: serde_json::Value = serde_json::from_str(&daemon.get("/api/v1/services").1).unwrap();
    let mut listed = BTreeSet::new();
    collect_ids(&answer, &mut listed);
    for id in labelled.iter().copied().chain(listed.iter().map(String::as_str)) {
        assert!(owned(shard, id), "{id} belongs to another shard");
    }
    assert!(!labelled.is_empty() && !listed.is_empty());
    assert!(daemon.log().contains("\"shard\":\"2/3\""), "{}", daemon.log());
    assert_eq!(daemon.stop(), Some(0));
}

/// The ids of services in the answer, wherever they stand.
fn collect_ids(value: &serde_json::Value, ids: &mut BTreeSet<String>) {
    for service in value["services"].as_array().expect("a list of services") {
        ids.insert(service["id"].as_str().expect("an id").to_owned());
    }
}

#[test]
fn a_collector_without_a_service_of_the_shard_is_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(folder.path().join("key"), "secret").unwrap();
    // Nothing listens there: a collector that is asked fails.
    let text = format!(
        "[collectors.elsewhere]\nkind = \"plausible\"\nschedule = \"0 6 * * *\"\nretries = 0\nstart = 2026-01-01\n\
         [collectors.elsewhere.settings]\nurl = \"http://127.0.0.1:9/\"\napi_key = {{ file = {:?} }}\n\
         [collectors.elsewhere.settings.services.apply-for-teacher-training]\nsite = \"example.org\"\n\
         started = {{ visits = \"all\" }}\n",
        folder.path().join("key")
    );
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    for (shard, code) in [("1/3", 0), ("2/3", 1), ("3/3", 0)] {
        let said = say(folder.path(), &["--config", config, "collect", "--all", "--shard", shard]);
        assert_eq!(said.code, Some(code), "shard {shard}: {} {}", said.out, said.err);
    }
}

#[test]
fn a_shard_that_is_none_is_refused_as_wrong_usage() {
    let data = tempfile::tempdir().unwrap();
    let said = say(data.path(), &["collect", "--all", "--shard", "4/3"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("write the number of this instance and how many there are"), "{}", said.err);
}
