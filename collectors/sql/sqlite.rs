//! `SQLite`: a file opened for reading only.
//!
//! Through `rusqlite`, which the embedded store links already: of two crates that bring `SQLite` itself,
//! cargo allows one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::bounds::Bounds;
use super::cell::{Cell, Table};
use super::plan::Plan;
use crate::{CollectError, Context, Reason};

/// The rows of the query between two bounds.
pub(super) async fn query(
    file: &Path,
    plan: &Plan,
    bounds: Bounds,
    context: &Context,
) -> Result<Table, CollectError> {
    let (sql, most) = (plan.sql.clone(), plan.max_rows);
    interruptible(file, plan.timeout, context, move |file, connection| {
        rows(connection, &sql, bounds, most).map_err(|failure| failure.explain(file))
    })
    .await
}

/// What a probe learns of the file and of the query, without running it.
pub(super) async fn probe(
    file: &Path,
    plan: &Plan,
    bounds: Bounds,
    context: &Context,
) -> Result<Vec<String>, CollectError> {
    let (sql, mapping) = (plan.sql.clone(), plan.mapping.clone());
    interruptible(file, plan.timeout, context, move |file, connection| {
        let describe = || -> Result<Table, Failure> {
            let statement = connection.prepare(&sql)?;
            let columns = statement.column_names().map(str::to_owned).collect();
            connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?.query(texts(bounds))?.next()?;
            Ok(Table { columns, ..Table::default() })
        };
        let table = describe().map_err(|failure| failure.explain(file))?;
        super::figures::check_columns(&mapping, &table)?;
        Ok(vec![
            format!("SQLite {}, file {}, for reading only", rusqlite::version(), file.display()),
            format!("columns: {}", table.columns.join(", ")),
            "the query can be run".to_owned(),
        ])
    })
    .await
}

fn rows(connection: &Connection, sql: &str, bounds: Bounds, most: usize) -> Result<Table, Failure> {
    let mut statement = connection.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let mut table = Table { columns, ..Table::default() };
    let mut rows = statement.query(texts(bounds))?;
    while let Some(row) = rows.next()? {
        if table.rows.len() >= most {
            return Err(Failure::TooManyRows(most));
        }
        let cells = (0..width).map(|position| row.get_ref(position).map(cell));
        table.rows.push(cells.collect::<Result<_, _>>()?);
    }
    Ok(table)
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Number(number.into()),
        ValueRef::Real(number) => Cell::float(number),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .map_or_else(|_| Cell::Unreadable("a text that is not UTF-8".to_owned()), Cell::text),
        ValueRef::Blob(bytes) => {
            Cell::Unreadable(format!("a blob of {} bytes; cast it in the query", bytes.len()))
        }
    }
}

/// Dates as `SQLite`'s own functions write them: `2026-04-01`, and in UTC `2026-03-31 23:00:00`.
fn texts(bounds: Bounds) -> [String; 2] {
    match bounds {
        Bounds::Dates(dates) => dates.map(|date| date.to_string()),
        Bounds::Timestamps(instants) => {
            instants.map(|instant| instant.strftime("%Y-%m-%d %H:%M:%S").to_string())
        }
    }
}

enum Failure {
    Sqlite(rusqlite::Error),
    TooManyRows(usize),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Failure {
    fn explain(self, file: &Path) -> CollectError {
        let error = match self {
            Self::TooManyRows(most) => return super::too_many_rows(most),
            Self::Sqlite(error) => error,
        };
        let file = file.display();
        // The message alone: the whole text of the error repeats the query.
        let said = match &error {
            rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        // Where a file cannot be opened, SQLite names it as well.
        let said = said.strip_suffix(&format!(": {file}")).unwrap_or(&said);
        let (reason, remedy) = match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen) => (Reason::Config, "name a file this program may read"),
            Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
                (Reason::Permission, "let this program read the file")
            }
            Some(ErrorCode::ReadOnly) => (Reason::Config, "a collector only reads, so take the writing out"),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (Reason::Transient, "something else holds the file, it is asked again")
            }
            Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::DiskFull) => {
                (Reason::Transient, "it is asked again")
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                (Reason::Malformed, "name an SQLite file, or restore it")
            }
            _ => (Reason::Config, "correct the query or create what it names"),
        };
        CollectError::new(reason, format!("{file}: {said}; {remedy}"))
    }
}

/// Runs blocking work beside the daemon's other work, and stops it when the clock says so.
async fn interruptible<T: Send + 'static>(
    file: &Path,
    timeout: Duration,
    context: &Context,
    work: impl FnOnce(&Path, &Connection) -> Result<T, CollectError> + Send + 'static,
) -> Result<T, CollectError> {
    let path: PathBuf = file.to_owned();
    let late = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&late);
    let mut running = tokio::task::spawn_blocking(move || {
        let connection = open(&path, stop).map_err(|error| Failure::Sqlite(error).explain(&path))?;
        work(&path, &connection)
    });
    let finished = tokio::select! {
        biased;
        finished = &mut running => finished,
        () = context.clock.time_limit(timeout) => {
            late.store(true, Ordering::Relaxed);
            // Not its result: it may have ended by itself meanwhile, and late is late.
            let _ = running.await;
            return Err(super::too_slow(timeout));
        }
    };
    finished.unwrap_or_else(|error| {
        let message = "the file cannot be read; the reader failed on it";
        Err(CollectError::new(Reason::Malformed, message).with_source(error))
    })
}

/// Opens a file for reading; `stop` ends whatever runs on it, or is about to.
fn open(file: &Path, stop: Arc<AtomicBool>) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // An interrupt would be lost where it comes before the query begins; this is asked every so many steps.
    connection.progress_handler(10_000, Some(move || stop.load(Ordering::Relaxed)))?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}
