//! What can go wrong inside the store, and which of the caller's errors each is.

use std::fmt::Display;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// A failure that does not name the store yet.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    /// A row, or the file, is not what this program writes.
    Unreadable(String),
    Refused(String),
    Unavailable(String),
}

pub(super) type Outcome<T> = Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Fault {
    pub(super) fn unreadable(problem: impl Display) -> Self {
        Self::Unreadable(problem.to_string())
    }

    pub(super) fn at(self, place: &Path) -> StoreError {
        let place = place.display().to_string();
        match self {
            Self::Sqlite(error) => classify(place, &error),
            Self::Unreadable(problem) => StoreError::Unreadable { place, problem },
            Self::Refused(problem) => StoreError::Refused { place, problem },
            Self::Unavailable(problem) => StoreError::Unavailable { place, problem },
        }
    }
}

/// Everything not known to be damage is taken for a passing state of the machine: a wrong guess
/// then costs a retry, and never makes an operator move a good file away.
fn classify(place: String, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Unreadable { place, problem: error.to_string() }
        }
        Some(ErrorCode::DiskFull) => StoreError::Unavailable {
            place,
            problem: "the disk is full; free some space, nothing was stored in part".to_owned(),
        },
        _ => StoreError::Unavailable { place, problem: error.to_string() },
    }
}
