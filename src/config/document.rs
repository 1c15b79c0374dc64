//! A parsed configuration that remembers which file, and which line of it, each value came from.

use std::collections::BTreeMap;

use config::{Value, ValueKind};
use toml::de::{DeTable, DeValue};

use super::path::{KeyPath, Step};
use super::problem::Problem;

/// What the crate `config` calls the origin of a value read from the environment.
pub(super) const ENVIRONMENT_ORIGIN: &str = "the environment";

/// A shorter value is turned back only in quotes: bare, it would be found inside other words.
const SHORTEST_REPLACED: usize = 4;

/// A tree of values and the texts it was read from.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// The values, layers merged.
    pub(super) tree: Value,
    /// The file a problem is laid to when nothing better is known.
    pub(super) main_file: String,
    /// Text of each file read, by its name as shown.
    pub(super) texts: BTreeMap<String, String>,
    /// What variables put into values, so that a message shows the reference and not what it stands
    /// for, which may be a password.
    pub(super) substitutions: Vec<Substitution>,
}

/// One reference in a value, replaced by what it stands for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Substitution {
    /// The value it is in.
    pub(super) path: KeyPath,
    /// The value as written.
    pub(super) written: String,
    /// The value it became.
    pub(super) became: String,
}

/// What a variable held is not for logs.
impl std::fmt::Debug for Substitution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Substitution")
            .field("path", &self.path)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl Document {
    /// A problem with the value at a path, or with its absence.
    pub(super) fn problem(&self, path: &KeyPath, message: impl Into<String>) -> Problem {
        let (file, line) = self.place(path);
        Problem { file, line, path: path.to_string(), message: self.as_written(path, message.into()) }
    }

    /// The file and line of a path, or of the nearest thing above it that is written down.
    pub(super) fn place(&self, path: &KeyPath) -> (String, Option<usize>) {
        let origin = self.origin(path);
        if origin.as_deref() == Some(ENVIRONMENT_ORIGIN) {
            return (format!("environment {}", variable(path)), None);
        }
        let file = origin.unwrap_or_else(|| self.main_file.clone());
        let line = self.texts.get(&file).and_then(|text| line_of(text, path));
        (file, line)
    }

    fn origin(&self, path: &KeyPath) -> Option<String> {
        let mut origin = None;
        let mut value = &self.tree;
        for step in path.steps() {
            let child = match (step, &value.kind) {
                (Step::Key(key), ValueKind::Table(table)) => table.get(key),
                (Step::Index(index), ValueKind::Array(list)) => list.get(*index),
                _ => None,
            };
            let Some(child) = child else { break };
            value = child;
            origin = origin_within(value);
        }
        origin
    }

    /// The message with every substituted value turned back into what the file says.
    fn as_written(&self, path: &KeyPath, mut message: String) -> String {
        for Substitution { written, became, .. } in
            self.substitutions.iter().filter(|one| one.path.is_within(path))
        {
            let quoted = format!("{became:?}");
            let escaped = quoted.trim_matches('"');
            message = if became.chars().count() < SHORTEST_REPLACED {
                message.replace(&quoted, &format!("{written:?}"))
            } else if message.contains(escaped) {
                message.replace(escaped, written)
            } else {
                message.replace(became.as_str(), written)
            };
        }
        message
    }
}

/// The origin of a value; of a merged table, which has none of its own, that of the file most of it is
/// likely to be in: the first by name that is not the environment.
fn origin_within(value: &Value) -> Option<String> {
    if let Some(origin) = value.origin() {
        return Some(origin.to_owned());
    }
    let ValueKind::Table(table) = &value.kind else { return None };
    table
        .values()
        .filter_map(origin_within)
        .min_by_key(|origin| (origin == ENVIRONMENT_ORIGIN, origin.clone()))
}

/// The environment variable that sets the value at a path.
fn variable(path: &KeyPath) -> String {
    let keys: Vec<String> = path
        .steps()
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.to_uppercase(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    format!("PP_{}", keys.join("__"))
}

/// The line, from 1, of a path or of the nearest thing above it in a TOML text.
fn line_of(text: &str, path: &KeyPath) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut start = None;
    let mut table = Some(document.get_ref());
    let mut list = None;
    for step in path.steps() {
        let found = match step {
            Step::Key(name) => table
                .and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name.as_str()))
                .map(|(key, value)| (key.span().start, value)),
            Step::Index(index) => list
                .and_then(|list: &toml::de::DeArray<'_>| list.get(*index))
                .map(|value| (value.span().start, value)),
        };
        let Some((offset, value)) = found else { break };
        start = Some(offset);
        (table, list) = match value.get_ref() {
            DeValue::Table(inner) => (Some(inner), None),
            DeValue::Array(inner) => (None, Some(inner)),
            _ => (None, None),
        };
    }
    let before = text.get(..start?)?;
    Some(before.bytes().filter(|byte| *byte == b'\n').count() + 1)
}
