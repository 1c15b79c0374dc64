//! `alerts`: what is wrong and was, and whether receivers can be told.

mod backtest;
mod list;
mod test;

use clap::Subcommand;

use super::Environment;
use super::error::CommandError;

/// Show alerts, and try their receivers.
#[derive(Debug, Subcommand)]
pub(super) enum Alerts {
    List(list::List),
    Test(test::Test),
    Backtest(backtest::Backtest),
}

pub(super) async fn run(command: Alerts, environment: &Environment) -> Result<(), CommandError> {
    match command {
        Alerts::List(command) => list::run(&command, environment).await,
        Alerts::Test(command) => test::run(&command, environment).await,
        Alerts::Backtest(command) => backtest::run(&command, environment).await,
    }
}
