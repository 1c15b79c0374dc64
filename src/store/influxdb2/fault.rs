//! What can go wrong with the server, and which of the caller's errors each is.

use std::fmt::Display;

use crate::store::StoreError;

/// A failure that does not name the store yet.
#[derive(Debug)]
pub(super) enum Fault {
    /// It may pass, by itself or by the remedy it names.
    Unavailable(String),
    /// What was asked can never be done.
    Refused(String),
    /// The server holds something this program did not write.
    Unreadable(String),
}

pub(super) type Outcome<T> = Result<T, Fault>;

impl Fault {
    pub(super) fn unreadable(problem: impl Display) -> Self {
        Self::Unreadable(problem.to_string())
    }

    pub(super) fn at(self, place: &str) -> StoreError {
        let place = place.to_owned();
        match self {
            Self::Unavailable(problem) => StoreError::Unavailable { place, problem },
            Self::Refused(problem) => StoreError::Refused { place, problem },
            Self::Unreadable(problem) => StoreError::Unreadable { place, problem },
        }
    }
}

/// An error with its causes, in one line.
pub(super) fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
