//! Lines that the server refuses, kept where people see them.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::fault::{Fault, Outcome};

/// A file of line protocol, each line below a comment with the server's words. Repaired and written by
/// hand, or looked at and deleted: nothing reads it but people.
#[derive(Debug)]
pub(super) struct Quarantine(PathBuf);

impl Quarantine {
    pub(super) fn in_file(file: &Path) -> Self {
        Self(file.to_owned())
    }

    pub(super) fn file(&self) -> &Path {
        &self.0
    }

    /// Says that a line was refused, and keeps it unless it is kept already: every run brings it again.
    pub(super) fn keep(&self, line: &str, words: &str) -> Outcome<()> {
        tracing::warn!(
            line,
            words,
            file = %self.0.display(),
            "the store's server refused a line, which is kept in quarantine; the others of its batch land"
        );
        self.append(line, words).map_err(|error| {
            Fault::Unavailable(format!("a line it refused cannot be kept in {}: {error}", self.0.display()))
        })
    }

    fn append(&self, line: &str, words: &str) -> std::io::Result<()> {
        let kept = match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            kept => kept.unwrap_or_default(),
        };
        // The same figure comes with another instant and another submission each time.
        let what = line.split(",collected_at=").next().unwrap_or(line);
        if kept.lines().any(|kept| kept.starts_with(what)) {
            return Ok(());
        }
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = std::fs::File::options().create(true).append(true).open(&self.0)?;
        file.write_all(format!("# {words}\n{line}\n").as_bytes())?;
        file.sync_all()
    }
}
