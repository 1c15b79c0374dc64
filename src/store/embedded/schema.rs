//! The file: how it is made, recognised, opened and brought up to date.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault::{Fault, Outcome};

/// Marks a file as this store's (`PRAGMA application_id`): "PPKS" in ASCII.
const APPLICATION_ID: u32 = 0x5050_4B53;
/// Every version of the schema in order; the number of the last one is `PRAGMA user_version`.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/0001.sql"), include_str!("migrations/0002.sql")];
const PAGE_SIZE_BYTES: u32 = 8192;
/// Above the pages of a usual submission, so that it reaches the disk once, on commit.
const CACHE_KIB: i64 = 65_536;
/// The write-ahead log is cut back to this size once its content is in the main file.
const LOG_LIMIT_BYTES: u32 = 32 << 20;
/// Only another connection of this process or an analyst's can be in the way, and briefly.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens for writing; makes the file where there is none. The caller holds the lock.
pub(super) fn open_for_writing(file: &Path) -> Outcome<Connection> {
    if exists(file)? {
        recognise(file)?;
    } else {
        create(file)?;
    }
    let mut connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL: a commit is on the disk before it is acknowledged. https://sqlite.org/pragma.html#pragma_synchronous
    connection.pragma_update(None, "synchronous", "full")?;
    // The one writer inserts the rows that others refer to itself and deletes none; enforcement
    // would double the cost of a revision. `verify` checks the references.
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
    connection.set_prepared_statement_cache_capacity(32);
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens for reading, also while another process writes.
pub(super) fn open_for_reading(file: &Path) -> Outcome<Connection> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// Refuses a file that is not a store of ours or of a later version, without changing it: no
/// connection that could write is opened before. Gives the version of its schema.
pub(super) fn recognise(file: &Path) -> Outcome<usize> {
    check_header(file)?;
    let connection = open_for_looking(file)?;
    let version = version(&connection)?;
    if version > MIGRATIONS.len() {
        return Err(Fault::Unreadable(format!(
            "its schema has version {version} and this program knows {}; run the newer program",
            MIGRATIONS.len()
        )));
    }
    let tables =
        connection.prepare("SELECT 1 FROM series, collection, figure, superseded, service_description");
    match tables {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
            Err(Fault::Unreadable(format!("a table is missing: {error}")))
        }
        tables => Ok(tables.map(|_| version)?),
    }
}

/// Even a connection that only reads makes a log and its index beside the file, and cannot remove
/// them. Where there is no log, the file alone is all there is, and can be read as immutable.
fn open_for_looking(file: &Path) -> Outcome<Connection> {
    let path = file.to_str().filter(|_| !with_suffix(file, "-wal").exists());
    let Some(path) = path else { return open_for_reading(file) };
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(Connection::open_with_flags(
        format!("file:{path}?immutable=1"),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
    )?)
}

/// As [`recognise`], and refuses a version that only opening for writing would bring up to date.
pub(super) fn recognise_current(file: &Path) -> Outcome<()> {
    if !exists(file)? {
        return Err(Fault::Unavailable("there is no such file; nothing has been collected yet".to_owned()));
    }
    let version = recognise(file)?;
    if version < MIGRATIONS.len() {
        return Err(Fault::Unavailable(format!(
            "its schema has version {version} of {}; start the daemon once to bring it up to date",
            MIGRATIONS.len()
        )));
    }
    Ok(())
}

fn version(connection: &Connection) -> Outcome<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).map_err(|_| Fault::Unreadable(format!("its schema has version {version}")))
}

fn exists(file: &Path) -> Outcome<bool> {
    let found = file.try_exists().map_err(|error| Fault::Unavailable(error.to_string()))?;
    let log = with_suffix(file, "-wal");
    // SQLite would replay a log left behind into whatever file is made in place of its own.
    if !found && log.exists() {
        return Err(Fault::Unreadable(format!(
            "the file is missing but its write-ahead log {} is there",
            log.display()
        )));
    }
    Ok(found)
}

/// The first 100 bytes are documented: <https://sqlite.org/fileformat.html#the_database_header>.
fn check_header(file: &Path) -> Outcome<()> {
    let mut header = [0_u8; 100];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(Fault::unreadable("it is shorter than the header of a store"));
        }
        Err(error) => return Err(Fault::Unavailable(error.to_string())),
        Ok(()) => {}
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(Fault::unreadable("it is not an SQLite file"));
    }
    if header.get(68..72) != Some(APPLICATION_ID.to_be_bytes().as_slice()) {
        return Err(Fault::unreadable("it is the SQLite file of another program"));
    }
    Ok(())
}

/// Makes the file under another name first: it has its name only when it is whole.
fn create(file: &Path) -> Outcome<()> {
    let unfinished = with_suffix(file, ".new");
    let failed = |error: std::io::Error| Fault::Unavailable(error.to_string());
    for leftover in [unfinished.clone(), with_suffix(&unfinished, "-journal")] {
        match std::fs::remove_file(leftover) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    let mut connection = Connection::open(&unfinished)?;
    connection.pragma_update(None, "page_size", PAGE_SIZE_BYTES)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut connection)?;
    connection.close().map_err(|(_, error)| error)?;
    std::fs::rename(&unfinished, file).map_err(failed)?;
    sync_directory(file).map_err(failed)
}

/// A rename survives power loss only once the directory is on the disk too.
pub(super) fn sync_directory(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn migrate(connection: &mut Connection) -> Outcome<()> {
    let from = version(connection)?;
    for (statements, version) in MIGRATIONS.iter().zip(1_i64..).skip(from) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(statements)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
