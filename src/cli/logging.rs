//! The log, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::error::CommandError;
use crate::config::settings::{LogFormat, LogSettings};

/// Starts the log.
pub(super) fn start(settings: &LogSettings) -> Result<(), CommandError> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| {
        CommandError::Usage(format!("log.level {:?} cannot be read: {error}", settings.level))
    })?;
    let log = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match settings.format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    started.map_err(|error| CommandError::caused("cannot start the log", error))
}
