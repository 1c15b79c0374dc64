//! Where a value stands in a configuration.

use std::fmt;

use config::{Value, ValueKind};

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

/// The way from the top of a configuration to one value: `service[2].channels[1]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeyPath(Vec<Step>);

impl KeyPath {
    /// The path through these keys.
    pub(super) fn of(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Step::Key((*key).to_owned())).collect())
    }

    /// One table deeper.
    pub(super) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// One list deeper.
    pub(super) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// Deeper along a path that is written as text, such as `columns.period` or `sheets[1].name`.
    pub(super) fn dotted(&self, text: &str) -> Self {
        text.split('.').filter(|part| !part.is_empty()).fold(self.clone(), |path, part| {
            let (key, indices) = part.split_once('[').unwrap_or((part, ""));
            let path = if key.is_empty() { path } else { path.key(key) };
            indices
                .split(['[', ']'])
                .filter_map(|index| index.parse().ok())
                .fold(path, |path, index| path.index(index))
        })
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is `other` or lies under it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Takes the nearest key at or above this path out of its table; `false` when there is none.
    ///
    /// A list goes as a whole: without one of its elements the others would change places, and every
    /// later message would name the wrong one.
    pub(super) fn remove(&self, root: &mut Value) -> bool {
        let Some(nearest) = self.0.iter().rposition(|step| matches!(step, Step::Key(_))) else {
            return false;
        };
        let (above, rest) = self.0.split_at(nearest);
        let Some(Step::Key(key)) = rest.first() else { return false };
        let mut value = root;
        for step in above {
            value = match (step, &mut value.kind) {
                (Step::Key(key), ValueKind::Table(table)) => match table.get_mut(key) {
                    Some(child) => child,
                    None => return false,
                },
                (Step::Index(index), ValueKind::Array(list)) => match list.get_mut(*index) {
                    Some(child) => child,
                    None => return false,
                },
                _ => return false,
            };
        }
        match &mut value.kind {
            ValueKind::Table(table) => table.remove(key).is_some(),
            _ => false,
        }
    }
}

impl From<&serde_path_to_error::Path> for KeyPath {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment;
        let step = |segment: &Segment| match segment {
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        Self(path.iter().filter_map(step).collect())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |key: &str| {
            !key.is_empty()
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if place > 0 {
                        f.write_str(".")?;
                    }
                    if bare(key) { f.write_str(key)? } else { write!(f, "{key:?}")? }
                }
            }
        }
        Ok(())
    }
}
