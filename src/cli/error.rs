//! Why a command ends badly, and with which exit code.

use std::error::Error;
use std::process::ExitCode;

use crate::config::ConfigProblems;

/// A command that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// Wrong usage.
    #[error("{0}")]
    Usage(String),
    /// Wrong configuration.
    #[error("{0}")]
    Config(#[from] ConfigProblems),
    /// It was tried and failed.
    #[error("{0}")]
    Failed(String),
    /// It was tried and failed, for a reason given elsewhere.
    #[error("{doing}")]
    Caused {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl CommandError {
    /// What was being done, and why it failed.
    pub(super) fn caused(doing: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Caused { doing: doing.into(), source: source.into() }
    }

    /// Whether the reader of the output went away, which is no error of ours.
    fn is_broken_pipe(&self) -> bool {
        let mut cause: Option<&dyn Error> = Some(self);
        while let Some(error) = cause {
            if error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
            {
                return true;
            }
            cause = error.source();
        }
        false
    }

    /// Says what happened, the whole chain once, and gives the exit code: 1 failed, 2 wrong usage or
    /// configuration.
    pub(super) fn report(&self) -> ExitCode {
        if self.is_broken_pipe() {
            return ExitCode::SUCCESS;
        }
        match self {
            Self::Config(problems) => eprintln!("{problems}"),
            other => eprintln!("pp-collector: {}", chain(other)),
        }
        match self {
            Self::Usage(_) | Self::Config(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Caused { .. } => ExitCode::from(1),
        }
    }
}

/// An error and its causes on one line, each once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
