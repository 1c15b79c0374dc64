//! `backfill`: history, window by window, resumable.

use clap::Args;
use collectors::Reading;
use jiff::civil::Date;
use kpi::CollectorName;

use super::collect::{chosen, say};
use super::error::CommandError;
use super::{Environment, progress, stop};
use crate::config::settings::CollectorSettings;
use crate::daemon::Keeping;
use crate::plan::Backfill as Span;
use crate::run::{Ask, Runner, Trigger};
use crate::shard::Shard;

/// Collect history. A backfill that was interrupted goes on where it was; it never moves what the
/// schedule has still to collect.
#[derive(Debug, Args)]
pub(super) struct Backfill {
    /// Collectors by name; all of them where none is named.
    #[arg(value_name = "NAME")]
    names: Vec<CollectorName>,
    /// First day.
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// Last day, included.
    #[arg(long, value_name = "DATE")]
    to: Date,
    /// Take values of old periods that are lower than those stored, which the purge guard holds back.
    #[arg(long)]
    accept_lower: bool,
    /// Only for the services of one of several equal parts: 2/8 is the second of eight. The same as shard in
    /// the configuration.
    #[arg(long, value_name = "NUMBER/COUNT")]
    shard: Option<Shard>,
}

pub(super) async fn run(command: Backfill, environment: &Environment) -> Result<(), CommandError> {
    if command.to < command.from {
        return Err(CommandError::Usage(format!("--to {} is before --from {}", command.to, command.from)));
    }
    let stop = stop::on_signal()?;
    let environment = environment.for_shard(command.shard);
    let settings = environment.settings()?;
    let collectors = chosen(&settings, &command.names, command.accept_lower)?;
    let keeping = environment.keeping(&settings).await?;
    let runner = super::runner(&settings, &keeping)?;
    let mut failed = 0;
    for collector in &collectors {
        if stop.is_cancelled() {
            return Err(CommandError::Failed("interrupted; the same command goes on from here".to_owned()));
        }
        if !one(collector, &command, &runner, &keeping, &stop).await? {
            failed += 1;
        }
    }
    if failed > 0 {
        return Err(CommandError::Failed(format!("{failed} of {} backfills failed", collectors.len())));
    }
    Ok(())
}

/// Whether the backfill of one collector came to its end.
async fn one(
    collector: &CollectorSettings,
    command: &Backfill,
    runner: &Runner,
    keeping: &Keeping,
    stop: &tokio_util::sync::CancellationToken,
) -> Result<bool, CommandError> {
    let reading = collector.collector.capabilities().reading;
    if reading == Reading::Whole {
        // A document is read whole however few days are wanted of it: there is nothing to resume.
        let report =
            runner.run(collector, Trigger::Backfill, &Ask::Days(command.from, command.to), stop).await;
        say(&report);
        return Ok(report.is_success());
    }
    let wanted = match Span::of_days(&reading, command.from, command.to, collector.schedule.zone()) {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("{}: {error}", collector.name);
            return Ok(false);
        }
    };
    let unavailable = |error| CommandError::caused("cannot read the state of runs", error);
    let under_way = keeping.state.backfill(&collector.name).await.map_err(unavailable)?;
    // The same span goes on where it was interrupted; another one begins anew.
    if under_way.as_ref().is_none_or(|going| going.span != wanted.span) {
        keeping.state.set_backfill(&collector.name, Some(&wanted)).await.map_err(unavailable)?;
    }
    let bar = progress::bar(wanted.progress().1 as u64, "periods");
    loop {
        let report = runner.run(collector, Trigger::Backfill, &Ask::Backfill, stop).await;
        let left = keeping.state.backfill(&collector.name).await.map_err(unavailable)?;
        if let Some(left) = &left {
            bar.set_position(left.progress().0 as u64);
        }
        if !report.is_success() || left.is_none() {
            bar.finish_and_clear();
            say(&report);
            return Ok(report.is_success());
        }
    }
}
