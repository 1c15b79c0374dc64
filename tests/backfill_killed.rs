//! A backfill that is killed goes on where it was, and asks for nothing twice.
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
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use daemon::{Said, finish, program};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use kpi::period::london;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use simulator::ga4::{FIRST_PROPERTY, STARTED, SUBMITTED, service_account_key};
use simulator::mischief::{Mischief, Rule};
use simulator::{Running, Simulator, Source, World};

/// Six windows of the seven days that one request asks for, so that a second run is needed too.
const DAYS: i64 = 42;
const REPORT: &str = ":runReport";

/// The source, on the machine's clock because the program has no other, and what is on the disk.
struct Land {
    sources: Running,
    disk: tempfile::TempDir,
    first: Date,
}

impl Land {
    async fn new() -> Self {
        let today = Timestamp::now().to_zoned(london()).date();
        let world = World::demo(1, today, Arc::new(Timestamp::now));
        let sources = Simulator::build(world).start().await.unwrap();
        let disk = tempfile::tempdir().unwrap();
        let api = sources.address(Source::Ga4);
        let key = disk.path().join("key.json");
        std::fs::write(&key, service_account_key(api).to_string()).unwrap();
        let config = format!(
            "[collectors.analytics]\nkind = \"ga4\"\nschedule = \"0 6 * * *\"\n[collectors.analytics.settings]\n\
             key = {{ file = '{}' }}\napi = {api:?}\nproperty = {FIRST_PROPERTY}\n\
             [collectors.analytics.settings.services.apply-juggling-licence]\n\
             started = {STARTED:?}\ncompleted = {SUBMITTED:?}\n",
            key.display()
        );
        std::fs::write(disk.path().join("config.toml"), config).unwrap();
        Self { sources, disk, first: today - 60.days() }
    }

    fn data(&self) -> PathBuf {
        self.disk.path().join("data")
    }

    fn backfill(&self) -> Command {
        let mut command = program(&self.data());
        let (from, to) = (self.first, self.first + (DAYS - 1).days());
        command.arg("--config").arg(self.disk.path().join("config.toml"));
        command.args(["backfill", "analytics", "--from", &from.to_string(), "--to", &to.to_string()]);
        command
    }

    /// The first day of the backfill that is not stored, as the state has it.
    fn reached(&self) -> Option<Date> {
        let state = read_only(&self.data().join("state.db"))?;
        let next = state.query_row("SELECT next FROM backfill", [], |row| row.get(0)).optional().ok()??;
        Some(kpi::Period::from_index(kpi::PeriodKind::Day, next).unwrap().start_date())
    }

    fn reports(&self) -> u64 {
        self.sources.mischief(Source::Ga4).calls(REPORT)
    }
}

fn read_only(file: &Path) -> Option<Connection> {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()
}

fn one<T: rusqlite::types::FromSql>(file: &Path, select: &str) -> T {
    read_only(file).unwrap().query_row(select, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_backfill_goes_on_where_it_was_and_asks_for_nothing_twice() {
    let land = Land::new().await;
    // The fourth window never comes.
    let silence = Rule::new(Mischief::Latency(Duration::from_hours(1))).on(REPORT).calls(4..=4);
    land.sources.mischief(Source::Ga4).script(silence);
    let (land, reached) = tokio::task::spawn_blocking(move || {
        let mut killed = land.backfill().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let third_stored = land.first + 21.days();
        while land.reached() != Some(third_stored) {
            assert!(killed.try_wait().unwrap().is_none(), "it ended before it was killed");
            std::thread::yield_now();
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        let reached = land.reached();
        (land, reached)
    })
    .await
    .unwrap();
    assert_eq!((reached, land.reports()), (Some(land.first + 21.days()), 3));

    // It may have been killed just before it asked for the fourth.
    land.sources.mischief(Source::Ga4).forgive();
    let mut again = land.backfill();
    let Said { code, err, .. } = tokio::task::spawn_blocking(move || finish(&mut again)).await.unwrap();
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(land.reports(), 6, "what was stored is not asked for again");
    let figures = land.data().join("figures.db");
    let days = "SELECT count(DISTINCT period_start) FROM v_figures WHERE measure = 'completed'";
    assert_eq!(one::<i64>(&figures, days), DAYS);
    assert_eq!(one::<i64>(&figures, "SELECT max(revision) FROM v_revisions"), 1);
    let state = land.data().join("state.db");
    assert_eq!(one::<i64>(&state, "SELECT count(*) FROM backfill"), 0, "it is over");
    assert_eq!(one::<i64>(&state, "SELECT count(*) FROM cursor"), 0, "and what is due is as it was");
}
