//! Opening the file, and moving it aside where it cannot be read.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::{OpenError, StateDb, remember, unavailable};

/// Every version of the schema in order; the number of the last one is `PRAGMA user_version`.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/0001.sql"), include_str!("migrations/0002.sql")];
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Years of daily runs of many collectors, and still a small file.
const RUNS_KEPT: i64 = 100_000;
const QUARANTINE: &str = "quarantine";

/// The state, and what there is to say about how it was found.
#[derive(Debug)]
pub struct Opened {
    /// The state.
    pub state: StateDb,
    /// Whether it was begun anew: every cursor, bookmark and backfill is gone.
    pub fresh: bool,
    /// Present where the file found could not be read.
    pub quarantined: Option<Quarantined>,
    /// Runs that a crash cut off.
    pub interrupted_runs: u64,
}

/// A file that was moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it is now.
    pub path: PathBuf,
    /// Why it could not be read.
    pub problem: String,
}

/// Why a file cannot be used.
enum Refusal {
    /// What it holds: another file would do.
    Damaged(String),
    /// The machine's state: any file would be refused.
    Passing(String),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // A table that is not as expected is an error of the statement, code 1.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Passing(error.to_string()),
        }
    }
}

pub(super) fn open(file: &Path, now: Timestamp) -> Result<Opened, OpenError> {
    if let Some(data_dir) = file.parent() {
        std::fs::create_dir_all(data_dir).map_err(|error| unavailable(file, &error))?;
    }
    let lock = lock(file)?;
    let found = file.try_exists().map_err(|error| unavailable(file, &error))?;
    let (connection, quarantined) = match connect(file) {
        Ok(connection) => (connection, None),
        Err(Refusal::Passing(problem)) => return Err(unavailable(file, &problem)),
        Err(Refusal::Damaged(problem)) => {
            let path = move_aside(file, now).map_err(|error| unavailable(file, &error))?;
            let anew = connect(file).map_err(|refusal| match refusal {
                Refusal::Damaged(problem) | Refusal::Passing(problem) => unavailable(file, &problem),
            })?;
            (anew, Some(Quarantined { path, problem }))
        }
    };
    let interrupted = connection
        .execute(
            "UPDATE run SET outcome = ?, finished_at = ? WHERE outcome IS NULL",
            params![remember::INTERRUPTED, remember::nanoseconds(now)],
        )
        .map_err(|error| unavailable(file, &error))?;
    connection
        .execute("DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?", [RUNS_KEPT])
        .map_err(|error| unavailable(file, &error))?;
    Ok(Opened {
        fresh: !found || quarantined.is_some(),
        quarantined,
        interrupted_runs: interrupted as u64,
        state: StateDb::holding(connection, Some(lock)),
    })
}

/// Opens the file for reading beside the process that writes it; `None` where there is none yet.
pub(super) fn open_read_only(file: &Path) -> Result<Option<StateDb>, OpenError> {
    if !file.try_exists().map_err(|error| unavailable(file, &error))? {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let connection = connection.map_err(|error| unavailable(file, &error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| unavailable(file, &error))?;
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| unavailable(file, &error))?;
    if usize::try_from(version).ok() != Some(MIGRATIONS.len()) {
        let problem = format!(
            "its schema has version {version} and this program knows {}; run the daemon once",
            MIGRATIONS.len()
        );
        return Err(unavailable(file, &problem));
    }
    Ok(Some(StateDb::holding(connection, None)))
}

/// State that lasts as long as the process.
pub(super) fn in_memory() -> rusqlite::Result<StateDb> {
    let connection = Connection::open_in_memory()?;
    for statements in MIGRATIONS {
        connection.execute_batch(statements)?;
    }
    Ok(StateDb::holding(connection, None))
}

/// Two daemons on one directory would run every collector twice.
fn lock(file: &Path) -> Result<File, OpenError> {
    let path = file.with_extension("db.lock");
    let lock = File::options().create(true).truncate(false).write(true).open(path);
    let lock = lock.map_err(|error| unavailable(file, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { place: file.display().to_string() }),
        Err(TryLockError::Error(error)) => Err(unavailable(file, &error)),
    }
}

fn connect(file: &Path) -> Result<Connection, Refusal> {
    let mut connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // The file stays small, so a look at all of it is quick.
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Refusal::Damaged(verdict));
    }
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = usize::try_from(version).ok().filter(|version| *version <= MIGRATIONS.len());
    let Some(from) = known else {
        return Err(Refusal::Damaged(format!(
            "its schema has version {version} and this program knows {}",
            MIGRATIONS.len()
        )));
    };
    for (statements, version) in MIGRATIONS.iter().zip(1_i64..).skip(from) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(statements)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    for table in ["run", "cursor", "bookmark", "backfill", "alert", "evaluation", "delivery"] {
        connection.prepare(&format!("SELECT * FROM {table}"))?;
    }
    Ok(connection)
}

/// Moves the file with its log to `quarantine/`, under a name that nothing has yet.
fn move_aside(file: &Path, now: Timestamp) -> std::io::Result<PathBuf> {
    let directory = file.with_file_name(QUARANTINE);
    std::fs::create_dir_all(&directory)?;
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut target = directory.join(format!("state-{stamp}.db"));
    let mut attempt = 1;
    while target.try_exists()? {
        attempt += 1;
        target = directory.join(format!("state-{stamp}-{attempt}.db"));
    }
    let suffixed = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match std::fs::rename(suffixed(file, suffix), suffixed(&target, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(target)
}
