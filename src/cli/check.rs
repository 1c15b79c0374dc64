//! `check`: the configuration, offline, with every error.

use clap::Args;

use super::Environment;
use super::error::CommandError;

/// Check the configuration and say everything that is wrong with it. Nothing is collected or written.
#[derive(Debug, Args)]
pub(super) struct Check {}

pub(super) fn run(_: &Check, environment: &Environment) -> Result<(), CommandError> {
    let settings = environment.settings()?;
    println!(
        "the configuration is good: {} and {}",
        counted(settings.collectors.len(), "collector"),
        counted(settings.services.len(), "configured service")
    );
    Ok(())
}

fn counted(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}
