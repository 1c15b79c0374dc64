//! `completions` and `man`: made from the same definitions as the help.

use std::io::Write;

use clap::Args;
use clap_complete::Shell;

use super::command_line;
use super::error::CommandError;

/// Write a completion script for a shell to standard output.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Write the manual page to standard output.
#[derive(Debug, Args)]
pub(super) struct Man {}

pub(super) fn completions(command: &Completions) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut command_line(), "pp-collector", &mut script);
    print(&script)
}

pub(super) fn man(_: &Man) -> Result<(), CommandError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command_line())
        .render(&mut page)
        .map_err(|error| CommandError::caused("cannot write the manual page", error))?;
    print(&page)
}

fn print(text: &[u8]) -> Result<(), CommandError> {
    std::io::stdout()
        .write_all(text)
        .map_err(|error| CommandError::caused("cannot write to standard output", error))
}
