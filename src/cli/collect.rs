//! `collect`: one run of collectors, now.

use clap::{ArgGroup, Args};
use jiff::civil::Date;
use kpi::CollectorName;

use super::error::CommandError;
use super::{Environment, progress, stop, table};
use crate::config::settings::{CollectorSettings, PurgeGuard, Settings};
use crate::run::{Ask, Failure, Outcome, RunReport, Trigger};
use crate::shard::Shard;

/// Run collectors once, now.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["names", "all"])))]
pub(super) struct Collect {
    /// Collectors by name.
    #[arg(value_name = "NAME")]
    names: Vec<CollectorName>,
    /// Every collector.
    #[arg(long)]
    all: bool,
    /// Show the figures as a table, with what they would change, and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// Ask for periods from this day on, whatever was stored before.
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<Date>,
    /// Ask for periods up to this day, included.
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<Date>,
    /// Take values of old periods that are lower than those stored, which the purge guard holds back.
    #[arg(long)]
    accept_lower: bool,
    /// Only for the services of one of several equal parts: 2/8 is the second of eight. The same as shard in
    /// the configuration.
    #[arg(long, value_name = "NUMBER/COUNT")]
    shard: Option<Shard>,
}

pub(super) async fn run(command: Collect, environment: &Environment) -> Result<(), CommandError> {
    let stop = stop::on_signal()?;
    let environment = environment.for_shard(command.shard);
    let settings = environment.settings()?;
    let collectors = chosen(&settings, &command.names, command.accept_lower)?;
    let ask = match (command.from, command.to) {
        (Some(from), Some(to)) if to < from => {
            return Err(CommandError::Usage(format!("--to {to} is before --from {from}")));
        }
        (Some(from), Some(to)) => Ask::Days(from, to),
        _ => Ask::Due,
    };
    let keeping = if command.dry_run {
        environment.looking(&settings).await?
    } else {
        environment.keeping(&settings).await?
    };
    let runner = super::runner(&settings, &keeping)?;
    let bar = progress::bar(collectors.len() as u64, "collectors");
    let mut failed = 0;
    for collector in &collectors {
        if command.dry_run {
            match runner.preview(collector, &ask, &stop).await {
                Ok(preview) => print!("{}", table::preview(&collector.name, &preview)),
                Err(failure) => {
                    failed += 1;
                    say_failure(&collector.name, &failure);
                }
            }
        } else {
            let report = runner.run(collector, Trigger::by_hand(&ask), &ask, &stop).await;
            // What waits for an allowance is not done either, and nobody here runs it again by itself.
            failed += usize::from(!report.is_success());
            bar.suspend(|| say(&report));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if failed > 0 {
        return Err(CommandError::Failed(format!(
            "{failed} of {} collectors are not done",
            collectors.len()
        )));
    }
    Ok(())
}

/// The collectors of these names, all where none is named; without their purge guard where lower
/// values are to be accepted.
pub(super) fn chosen(
    settings: &Settings,
    names: &[CollectorName],
    accept_lower: bool,
) -> Result<Vec<CollectorSettings>, CommandError> {
    let mut chosen = named(settings, names)?;
    if accept_lower {
        for collector in &mut chosen {
            collector.purge_guard = PurgeGuard::Off;
        }
    }
    Ok(chosen)
}

/// The collectors of these names, all where none is named; of a shard, those that may have figures for it.
pub(super) fn named(
    settings: &Settings,
    names: &[CollectorName],
) -> Result<Vec<CollectorSettings>, CommandError> {
    let own = settings.own_collectors();
    if names.is_empty() {
        return Ok(own);
    }
    let collectors = &settings.collectors;
    let known = || {
        let names: Vec<&str> = collectors.iter().map(|collector| collector.name.as_str()).collect();
        names.join(", ")
    };
    if let Some(name) = names.iter().find(|name| !collectors.iter().any(|known| known.name == **name)) {
        return Err(CommandError::Usage(format!("there is no collector {name}; there are: {}", known())));
    }
    Ok(own.into_iter().filter(|collector| names.contains(&collector.name)).collect())
}

/// What became of a run, in plain words.
pub(super) fn say(report: &RunReport) {
    let name = &report.collector;
    match &report.outcome {
        Outcome::Stored(counts) => {
            let held_back = match counts.held_back {
                0 => String::new(),
                held_back => format!(", {held_back} held back"),
            };
            println!(
                "{name}: {} new, {} unchanged, {} revised{held_back}",
                counts.new, counts.unchanged, counts.revised
            );
        }
        Outcome::Unchanged => println!("{name}: nothing has changed"),
        Outcome::Postponed(postponement) => {
            eprintln!(
                "{name}: stopped until {}: {}; what came before is stored; run this again after that",
                postponement.until, postponement.message
            );
        }
        Outcome::Failed(failure) => say_failure(name, failure),
    }
    for note in &report.notes {
        eprintln!("{name}: note: {}: {}", note.place, note.text);
    }
}

pub(super) fn say_failure(name: &CollectorName, failure: &Failure) {
    eprintln!("{name}: failed ({}): {}", failure.reason, failure.message);
    for detail in &failure.details {
        eprintln!("  {detail}");
    }
}
