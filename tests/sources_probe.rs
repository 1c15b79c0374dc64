//! `probe` as people run it, against sources that answer and sources that refuse.
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

use std::path::{Path, PathBuf};
use std::sync::Arc;

use daemon::{Said, finish, program};
use jiff::Timestamp;
use simulator::ga4::{FIRST_PROPERTY, service_account_key};
use simulator::{Running, Simulator, Source, World, matomo};

/// Sources on the machine's clock, because the program has no other.
async fn sources() -> Running {
    let world = World::demo(1, jiff::civil::date(2026, 11, 23), Arc::new(Timestamp::now));
    Simulator::build(world).start().await.unwrap()
}

fn configured(sources: &Running, dir: &Path) -> PathBuf {
    let (ga4, site) = (sources.address(Source::Ga4), sources.address(Source::Matomo));
    let (key, token) = (dir.join("key.json"), dir.join("token"));
    std::fs::write(&key, service_account_key(ga4).to_string()).unwrap();
    std::fs::write(&token, matomo::TOKEN).unwrap();
    let (key, token) = (key.display(), token.display());
    let config = dir.join("config.toml");
    let text = format!(
        "[collectors.analytics]\nkind = \"ga4\"\nschedule = \"0 6 * * *\"\n[collectors.analytics.settings]\n\
         key = {{ file = \"{key}\" }}\napi = {ga4:?}\nproperty = {FIRST_PROPERTY}\n\
         [collectors.analytics.settings.services.apply-juggling-licence]\n\
         started = \"application_start\"\ncompleted = \"application_submitted\"\n\
         [collectors.visits]\nkind = \"matomo\"\nschedule = \"0 6 * * *\"\n[collectors.visits.settings]\n\
         url = \"{site}/\"\ntoken = {{ file = \"{token}\" }}\n\
         [collectors.visits.settings.services.apply-juggling-licence]\nsite = 1\n\
         started = {{ goal = 1 }}\ncompleted = {{ goal = 2 }}\n"
    );
    std::fs::write(&config, text).unwrap();
    config
}

async fn probe(config: &Path, dir: &Path, names: &[&str]) -> Said {
    let mut command = program(&dir.join("data"));
    command.arg("--config").arg(config).arg("probe").args(names);
    tokio::task::spawn_blocking(move || finish(&mut command)).await.unwrap()
}

#[tokio::test]
async fn a_source_says_under_its_collectors_name_what_it_holds() {
    let (sources, dir) = (sources().await, tempfile::tempdir().unwrap());
    let config = configured(&sources, dir.path());
    let said = probe(&config, dir.path(), &["visits"]).await;
    let address = sources.address(Source::Matomo);
    let expected = format!(
        "visits\n  Matomo 5.6.0 answers at {address}/index.php\n  site 1 is \"apply-juggling-licence\" and counts its \
         days in Europe/London\n  goal 1 of site 1 is \"Started\"\n  goal 2 of site 1 is \"Completed\"\n"
    );
    assert_eq!((said.code, said.out), (Some(0), expected), "{}", said.err);
    assert!(!dir.path().join("data").exists(), "a probe keeps nothing");
}

#[tokio::test]
async fn a_source_that_refuses_is_named_with_the_remedy_and_the_others_are_asked() {
    let (sources, dir) = (sources().await, tempfile::tempdir().unwrap());
    let config = configured(&sources, dir.path());
    sources.ga4().set(|options| options.forbidden.extend([FIRST_PROPERTY]));
    let said = probe(&config, dir.path(), &[]).await;
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.starts_with("analytics\n  failed (permission): "), "{}", said.out);
    assert!(said.out.contains("has no access to property 300000001: add it as a Viewer"), "{}", said.out);
    assert!(said.out.contains("\nvisits\n  "), "{}", said.out);
    assert!(said.err.contains("1 of 2 collectors failed"), "{}", said.err);

    let said = probe(&config, dir.path(), &["nobody"]).await;
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("there is no collector nobody; there are: analytics, visits"), "{}", said.err);
}
