//! A copy of the store while it is in use.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::fault::{Fault, Outcome};
use super::schema::{sync_directory, with_suffix};

pub(super) fn backup(source: &Connection, to: &Path) -> Outcome<()> {
    refuse_existing(to)?;
    let unfinished = with_suffix(to, ".unfinished");
    let outcome = copy(source, &unfinished).and_then(|()| {
        refuse_existing(to)?;
        std::fs::rename(&unfinished, to).and_then(|()| sync_directory(to)).map_err(|error| failed(to, &error))
    });
    if outcome.is_err() {
        // Best effort: the error that matters is the one being returned.
        let _ = std::fs::remove_file(&unfinished);
    }
    outcome
}

fn copy(source: &Connection, to: &Path) -> Outcome<()> {
    create_private(to)?;
    let mut copy = Connection::open(to)?;
    // In one step, so that it is one state of the store and never starts over; writers go on
    // beside it.
    match Backup::new(source, &mut copy)?.step(-1)? {
        StepResult::Done => {}
        unfinished => return Err(Fault::Unavailable(format!("the backup did not finish: {unfinished:?}"))),
    }
    // One file without a log beside it, readable from a read-only medium too.
    copy.pragma_update(None, "journal_mode", "delete")?;
    let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Fault::Unreadable(format!("its backup has damage: {verdict}")));
    }
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Made before `SQLite` opens it, so that at no time others can read it.
fn create_private(file: &Path) -> Outcome<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(file, &error)),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop).map_err(|error| failed(file, &error))
}

fn refuse_existing(to: &Path) -> Outcome<()> {
    match to.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(Fault::Refused(format!(
            "{} is there already and a backup overwrites nothing; give another name",
            to.display()
        ))),
        Err(error) => Err(failed(to, &error)),
    }
}

fn failed(file: &Path, error: &std::io::Error) -> Fault {
    Fault::Unavailable(format!("cannot write {}: {error}", file.display()))
}
