//! What has been read before, so that the same content is not read again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Bookmark;

/// The memory of a spreadsheet collector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// Settings the files were read with.
    pub(super) settings: String,
    /// Files taken, by name. One that was rejected is not here, and so is read and reported again.
    pub(super) files: BTreeMap<String, Seen>,
}

/// A file as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
}

impl Memory {
    /// What a bookmark remembers of files read with these settings. A bookmark that cannot be read
    /// costs a re-read and nothing more.
    pub(super) fn recall(bookmark: Option<&Bookmark>, settings: &str) -> Self {
        bookmark
            .and_then(|bookmark| serde_json::from_str::<Self>(&bookmark.0).ok())
            .filter(|memory| memory.settings == settings)
            .unwrap_or_else(|| Self { settings: settings.to_owned(), files: BTreeMap::new() })
    }

    pub(super) fn bookmark(&self) -> Option<Bookmark> {
        serde_json::to_string(self).ok().map(Bookmark)
    }
}
