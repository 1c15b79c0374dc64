//! Promise 1: a figure acknowledged is never lost, whatever ends the process or fills the disk.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use kpi::Measure;
use pp_collector::store::{EmbeddedStore, Query, Store, StoreError, Submission};
use support::figures::*;

/// Where set, this test binary is the writer that gets killed, and this is its data directory.
const WRITER_DIR: &str = "PP_TEST_WRITER_DIR";
const SERIES_PER_EDITION: i32 = 20;
const DAYS_PER_SERIES: i32 = 250;
const KILLS: u32 = 8;

/// Every figure of an edition has its number as value, so that parts of two are told apart. Even
/// editions revise the one before, odd ones begin further series: both ways of writing get killed.
fn edition(number: i32) -> Arc<Submission> {
    let mut sent = Sent::at(number.into());
    for series in 0..SERIES_PER_EDITION {
        let key = series_key(&format!("service-{:04}-{series}", (number + 1) / 2), Measure::Completed);
        let points = (0..DAYS_PER_SERIES).map(|n| point(n, known(&number.to_string()))).collect();
        sent = sent.figures(&key, points);
    }
    sent.done()
}

/// Not a test of its own: the process that the others start and kill.
#[test]
#[ignore = "run by the tests that kill it"]
fn writer_process() {
    let Ok(data_dir) = std::env::var(WRITER_DIR) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = EmbeddedStore::open(Path::new(&data_dir)).unwrap();
        let first = highest_edition(&store).await + 1;
        let mut out = std::io::stdout().lock();
        for number in first.. {
            match store.append(edition(number)).await {
                Ok(_) => writeln!(out, "\nacknowledged {number}").unwrap(),
                Err(error) => writeln!(out, "\nrefused {error}").unwrap(),
            }
            out.flush().unwrap();
        }
    });
}

struct WriterProcess {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl WriterProcess {
    fn start(data_dir: &Path) -> Self {
        Self::start_with(Command::new(std::env::current_exe().unwrap()), data_dir)
    }

    fn start_with(mut command: Command, data_dir: &Path) -> Self {
        let mut child = command
            .args(["--exact", "writer_process", "--ignored", "--nocapture", "--test-threads=1"])
            .env(WRITER_DIR, data_dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next edition it was acknowledged, or what it was told instead.
    fn next(&mut self) -> Option<Result<i32, String>> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.strip_prefix("acknowledged ")
                .map(|number| Ok(number.parse().unwrap()))
                .or_else(|| line.strip_prefix("refused ").map(|error| Err(error.to_owned())))
        })
    }

    /// SIGKILL, and the last edition it was told is safe.
    fn kill(mut self, mut acknowledged: i32) -> i32 {
        self.child.kill().unwrap();
        while let Some(answer) = self.next() {
            acknowledged = answer.unwrap();
        }
        self.child.wait().unwrap();
        acknowledged
    }
}

async fn highest_edition(store: &EmbeddedStore) -> i32 {
    editions(store).await.last().copied().unwrap_or(0)
}

/// The editions the store shows, each checked to be whole.
async fn editions(store: &EmbeddedStore) -> Vec<i32> {
    let mut editions = Vec::new();
    let answer = store.series(&Query::default()).await.unwrap();
    for series in answer.chunks(SERIES_PER_EDITION.try_into().unwrap()) {
        let mut values: Vec<_> = series.iter().flat_map(|s| &s.points).map(|p| p.point.value).collect();
        assert_eq!(
            i32::try_from(values.len()).unwrap(),
            SERIES_PER_EDITION * DAYS_PER_SERIES,
            "a torn edition"
        );
        values.dedup();
        assert_eq!(values.len(), 1, "parts of two editions: {values:?}");
        editions.push(values[0].to_string().parse().unwrap());
    }
    editions
}

async fn check_whole(data_dir: &Path, acknowledged: i32) {
    let store = EmbeddedStore::open(data_dir).unwrap();
    let editions = editions(&store).await;
    let highest = editions.last().copied().unwrap_or(0);
    // One more than acknowledged may have reached the disk before its answer got out.
    assert!(
        highest == acknowledged || highest == acknowledged + 1,
        "{acknowledged} acknowledged, {highest} stored"
    );
    let expected: Vec<i32> = (1..=highest).filter(|n| n % 2 == 0 || *n == highest).collect();
    assert_eq!(editions, expected);
    let found = store.verify().await.unwrap();
    assert_eq!(found.problems, Vec::<String>::new());
    let figures = SERIES_PER_EDITION * DAYS_PER_SERIES;
    assert_eq!(found.superseded, u64::try_from(highest / 2 * figures).unwrap());
}

/// Half of the kills come right after an acknowledgement, half in the middle of writing the log, at
/// a length of it that is random.
#[tokio::test]
async fn a_killed_writer_loses_nothing_acknowledged_and_tears_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("figures.db-wal");
    let log_length = || std::fs::metadata(&log).map_or(0, |log| log.len());
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let mut writer = WriterProcess::start(directory.path());
        for _ in 0..fastrand::u32(1..4) {
            acknowledged = writer.next().unwrap().unwrap();
        }
        if round % 2 == 0 {
            let (start, growth) = (log_length(), fastrand::u64(1..400_000));
            // Ends as soon as the log has grown by that much, or has been begun anew.
            while (start..start + growth).contains(&log_length()) {
                std::hint::spin_loop();
            }
        }
        acknowledged = writer.kill(acknowledged);
        check_whole(directory.path(), acknowledged).await;
        let store = EmbeddedStore::open(directory.path()).unwrap();
        acknowledged = highest_edition(&store).await;
    }
}

/// Kills while the file is being made: what is left is opened or begun anew.
#[tokio::test]
async fn a_writer_killed_while_it_makes_the_store_leaves_no_half_of_one() {
    for _ in 0..KILLS {
        let directory = tempfile::tempdir().unwrap();
        let writer = WriterProcess::start(directory.path());
        let entries = fastrand::usize(1..4);
        while std::fs::read_dir(directory.path()).unwrap().count() < entries {
            std::hint::spin_loop();
        }
        let acknowledged = writer.kill(0);
        check_whole(directory.path(), acknowledged).await;
    }
}

/// Says so past the capture of test output, so that a skipped promise is seen.
fn not_run(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "\nNOT RUN: {what}: {why}\n");
}

struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, megabytes: u32) -> Result<Self, String> {
        let options = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Self(at.to_owned())),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_whole_submissions_and_takes_them_when_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    let disk = match SmallDisk::mount(directory.path(), 4) {
        Ok(disk) => disk,
        Err(why) => return not_run("figures on a full disk", &format!("cannot mount a small tmpfs: {why}")),
    };
    let ballast = directory.path().join("ballast");
    std::fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let mut number = 1;
    let refused = loop {
        match store.append(edition(number)).await {
            Ok(_) => number += 1,
            Err(error) => break error,
        }
        assert!(number < 1000, "4 MB never fill up");
    };
    assert!(matches!(&refused, StoreError::Unavailable { .. }), "{refused}");
    assert!(refused.to_string().contains("free some space"), "{refused}");
    assert!(number > 1, "not even one edition fits");
    let highest = number - 1;
    assert_eq!(highest_edition(&store).await, highest, "readers see what was acknowledged");
    store.append(edition(number)).await.unwrap_err();
    std::fs::remove_file(&ballast).unwrap();
    store.append(edition(number)).await.unwrap();
    assert_eq!(highest_edition(&store).await, number);
    drop(store);
    check_whole(directory.path(), number).await;
    drop(disk);
}

/// Needs no privilege, so that there is a proof of a disk that says no on every machine.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_may_not_grow_refuses_whole_submissions() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    // Units of 512 bytes; ignoring the signal turns the limit into a failed write.
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 2000 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    let mut writer = WriterProcess::start_with(shell, directory.path());
    let mut acknowledged = 0;
    let refused = loop {
        match writer.next() {
            Some(Ok(number)) => acknowledged = number,
            Some(Err(refused)) => break refused,
            None => panic!("the writer ended after {acknowledged}"),
        }
    };
    assert!(refused.contains("unavailable"), "{refused}");
    assert!(acknowledged > 0);
    writer.child.kill().unwrap();
    writer.child.wait().unwrap();
    check_whole(directory.path(), acknowledged).await;
}

#[tokio::test]
async fn a_second_writer_is_refused_and_a_reader_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = WriterProcess::start(directory.path());
    writer.next().unwrap().unwrap();
    let refused = EmbeddedStore::open(directory.path()).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    let reader = EmbeddedStore::open_read_only(directory.path()).unwrap();
    assert!(highest_edition(&reader).await >= 1);
    let refused = reader.append(edition(1)).await.unwrap_err();
    assert!(refused.to_string().contains("reading only"), "{refused}");
    writer.kill(0);
    EmbeddedStore::open(directory.path()).unwrap();
}

#[tokio::test]
async fn a_second_writer_of_the_same_process_is_refused_until_the_first_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let first = EmbeddedStore::open(directory.path()).unwrap();
    assert!(matches!(EmbeddedStore::open(directory.path()), Err(StoreError::InUse { .. })));
    drop(first);
    EmbeddedStore::open(directory.path()).unwrap();
}

#[tokio::test]
async fn a_store_that_is_not_there_cannot_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let refused = EmbeddedStore::open_read_only(directory.path()).unwrap_err();
    assert!(refused.to_string().contains("nothing has been collected yet"), "{refused}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// Every file of a directory but the lock, with its bytes.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_string_lossy().ends_with(".lock"))
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Garbage,
    Empty,
    Truncated,
    SchemaOverwritten,
    OtherProgram,
    NewerVersion,
    OrphanedLog,
    TableMissing,
}

fn damage(file: &Path, how: Damage) {
    let mut bytes = std::fs::read(file).unwrap();
    match how {
        Damage::Garbage => bytes = b"these are not the figures you are looking for".repeat(100),
        Damage::Empty => bytes.clear(),
        Damage::Truncated => bytes.truncate(bytes.len() / 2),
        Damage::SchemaOverwritten => bytes[100..8192].fill(0xA5),
        Damage::OtherProgram | Damage::NewerVersion => {
            let raw = rusqlite::Connection::open(file).unwrap();
            let pragma = if matches!(how, Damage::NewerVersion) { "user_version" } else { "application_id" };
            raw.pragma_update(None, pragma, 99).unwrap();
            return;
        }
        Damage::TableMissing => {
            rusqlite::Connection::open(file).unwrap().execute_batch("DROP TABLE superseded").unwrap();
            return;
        }
        Damage::OrphanedLog => {
            std::fs::rename(file, file.with_extension("db-wal")).unwrap();
            return;
        }
    }
    std::fs::write(file, bytes).unwrap();
}

#[rstest::rstest]
#[case(Damage::Garbage, "not an SQLite file")]
#[case(Damage::Empty, "shorter than")]
#[case(Damage::Truncated, "malformed")]
#[case(Damage::SchemaOverwritten, "")]
#[case(Damage::OtherProgram, "another program")]
#[case(Damage::NewerVersion, "version 99")]
#[case(Damage::TableMissing, "a table is missing")]
#[case(Damage::OrphanedLog, "write-ahead log")]
#[tokio::test]
async fn an_unreadable_file_is_refused_and_left_as_it_is(#[case] how: Damage, #[case] expected: &str) {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    store.append(edition(1)).await.unwrap();
    drop(store);
    damage(&directory.path().join("figures.db"), how);
    let before = contents(directory.path());
    for attempt in [EmbeddedStore::open(directory.path()), EmbeddedStore::open_read_only(directory.path())] {
        let refused = attempt.unwrap_err();
        assert!(matches!(refused, StoreError::Unreadable { .. }), "{refused:?}");
        assert!(refused.to_string().contains(expected), "{refused}");
        assert_eq!(contents(directory.path()).len(), before.len(), "files came or went");
        assert!(contents(directory.path()) == before, "a file was changed");
    }
}
