//! The folder of a demonstration, and what it must remember to tell the same story again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Its name in the data directory.
pub const FOLDER: &str = "demo";
/// What is remembered between starts.
const STORY: &str = "story.toml";
/// Hour of the anchor, in London, at which the clock begins: the nightly figures are there.
const FIRST_HOUR: i8 = 9;

/// What every figure of a demonstration follows from. The same story answers the same figures, so a
/// start again finds nothing new and nothing revised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// Day the script of events hangs on.
    pub anchor: Date,
    /// Seed of the services' volumes.
    pub seed: u64,
    /// What the clock of the demonstration shows.
    pub now: Timestamp,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be read or written.
    #[error("{path} cannot be read or written; make its folder writable, or give another with --data-dir")]
    Unusable {
        /// Which file or folder.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// What it remembers cannot be understood.
    #[error("{path} is not a story of a demonstration ({problem}); remove the folder it is in to begin anew")]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// It tells another story than the one asked for.
    #[error(
        "the demonstration in {path} began on {anchor} with seed {seed}; leave out --anchor and --seed to go on \
         with it, or remove that folder to begin another"
    )]
    AnotherStory {
        /// Which folder.
        path: String,
        /// Its anchor.
        anchor: Date,
        /// Its seed.
        seed: u64,
    },
    /// No clock can begin there.
    #[error("no demonstration can begin on {0}; give --anchor a day from 2000 to 2100")]
    OutOfRange(Date),
}

impl FolderError {
    pub(super) fn unusable(path: &Path, source: io::Error) -> Self {
        Self::Unusable { path: path.display().to_string(), source }
    }
}

/// The folder of a demonstration.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Where it is; absolute.
    pub path: PathBuf,
    /// What it tells.
    pub story: Story,
}

impl Folder {
    /// Opens the one in `data_dir`, or begins one: on `anchor`, or where none is given on `today`.
    pub fn open(
        data_dir: &Path,
        anchor: Option<Date>,
        seed: Option<u64>,
        today: Date,
    ) -> Result<Self, FolderError> {
        let path = std::path::absolute(data_dir.join(FOLDER))
            .map_err(|source| FolderError::unusable(data_dir, source))?;
        fs::create_dir_all(&path).map_err(|source| FolderError::unusable(&path, source))?;
        let file = path.join(STORY);
        let story = match fs::read_to_string(&file) {
            Ok(text) => toml::from_str::<Story>(&text).map_err(|error| FolderError::Malformed {
                path: file.display().to_string(),
                problem: error.message().to_owned(),
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                begin(anchor.unwrap_or(today), seed.unwrap_or(1))?
            }
            Err(source) => return Err(FolderError::unusable(&file, source)),
        };
        if anchor.is_some_and(|anchor| anchor != story.anchor) || seed.is_some_and(|seed| seed != story.seed)
        {
            return Err(FolderError::AnotherStory {
                path: path.display().to_string(),
                anchor: story.anchor,
                seed: story.seed,
            });
        }
        let folder = Self { path, story };
        folder.remember(folder.story.now)?;
        Ok(folder)
    }

    /// Remembers what the clock is about to show. Written before it is shown: a start after a crash goes
    /// on from there, and asks no source for what it will only know later.
    pub fn remember(&self, now: Timestamp) -> Result<(), FolderError> {
        let story = Story { now, ..self.story.clone() };
        let file = self.path.join(STORY);
        let text = toml::to_string(&story).map_err(|error| FolderError::Malformed {
            path: file.display().to_string(),
            problem: error.to_string(),
        })?;
        let part = file.with_extension("toml.part");
        fs::write(&part, text)
            .and_then(|()| fs::rename(&part, &file))
            .map_err(|source| FolderError::unusable(&file, source))
    }
}

fn begin(anchor: Date, seed: u64) -> Result<Story, FolderError> {
    let now = anchor
        .at(FIRST_HOUR, 0, 0, 0)
        .to_zoned(kpi::period::london())
        .ok()
        .filter(|_| (2000..=2100).contains(&anchor.year()))
        .ok_or(FolderError::OutOfRange(anchor))?
        .timestamp();
    Ok(Story { anchor, seed, now })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_story_goes_on_where_it_was_and_cannot_be_changed() {
        let data = tempfile::tempdir().unwrap();
        let first = Folder::open(data.path(), None, Some(7), date(2026, 6, 15)).unwrap();
        let later: Timestamp = "2026-06-20T08:00:00Z".parse().unwrap();
        first.remember(later).unwrap();
        let again = Folder::open(data.path(), None, None, date(2026, 12, 1)).unwrap();
        assert_eq!(again.story, Story { anchor: date(2026, 6, 15), seed: 7, now: later });
        let other = Folder::open(data.path(), Some(date(2026, 6, 16)), None, date(2026, 12, 1)).unwrap_err();
        assert!(other.to_string().contains("began on 2026-06-15 with seed 7"), "{other}");
    }
}
