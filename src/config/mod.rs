//! Configuration: layers are merged, filled in from variables, read and checked, and every error is
//! reported at once with its file, line and key.
//!
//! Loading reads the configuration files and the files secrets are in, and nothing else: no socket is
//! opened and nothing is started. What comes out has been checked; see `docs/configuration.md` for what
//! may be written.

mod alerts;
mod decode;
mod document;
mod interpolate;
mod layers;
mod path;
mod problem;
mod push;
mod raw;
mod receivers;
mod resolve;
mod scalar;
mod secret;
mod services;
pub mod settings;
mod store;
mod suggest;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use collectors::Kind;

pub use problem::{ConfigProblems, Problem};
pub use settings::Settings;

/// The file read when none is named, relative to the working directory.
pub const DEFAULT_FILE: &str = "config/default.toml";

/// Where a configuration is read from. Nothing else is looked at, the process's own environment
/// included, so a test needs no variable set.
#[derive(Clone)]
pub struct Source {
    /// The file named by the user; `None` for [`DEFAULT_FILE`].
    pub file: Option<PathBuf>,
    /// Environment variables: those that begin with `PP_` set keys, any may be referred to.
    pub environment: BTreeMap<String, String>,
    /// What relative paths to configuration files start from; empty for the process's own.
    pub working_dir: PathBuf,
    /// The kinds of collector there are.
    pub kinds: &'static [Kind],
}

impl Default for Source {
    fn default() -> Self {
        Self {
            file: None,
            environment: BTreeMap::new(),
            working_dir: PathBuf::new(),
            kinds: collectors::kinds(),
        }
    }
}

impl Source {
    /// A file, or the default one, with the environment of this process.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        Self { file, environment: std::env::vars().collect(), ..Self::default() }
    }
}

/// Shows which variables there are and not what they hold.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("file", &self.file)
            .field("environment", &self.environment.keys())
            .field("working_dir", &self.working_dir)
            .finish_non_exhaustive()
    }
}

/// Reads, merges and checks a configuration.
pub fn load(source: &Source) -> Result<Settings, ConfigProblems> {
    let mut document = layers::read(source).map_err(ConfigProblems::new)?;
    let unset = interpolate::interpolate(&mut document, &source.environment);
    let (raw, refused) = decode::decode(&document);
    let mut checker = resolve::Checker::new(&document);
    unset.into_iter().chain(refused).for_each(|problem| checker.add(problem));
    let settings = resolve::settings(raw, &mut checker, source);
    let problems = checker.into_problems();
    settings.filter(|_| problems.is_empty()).ok_or_else(|| ConfigProblems::new(problems))
}
