//! The command line: one file a command.

mod alerts;
mod backfill;
mod check;
mod collect;
mod copy;
#[cfg(feature = "demo")]
mod demo;
mod error;
mod export;
mod import;
mod kpi;
mod logging;
mod probe;
mod progress;
mod run;
mod shell;
mod stop;
mod store;
mod table;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use collectors::{Clock, SystemClock};

use self::error::CommandError;
use crate::alerts::state::AlertBook;
use crate::config::{self, Settings, Source};
use crate::daemon::{self, Keeping};
use crate::run::{Events, MemoryState, NullMeter, Runner};
use crate::shard::Shard;
use crate::state::{StateDb, recover_cursors};
use crate::store::{Access, EmbeddedStore, NoStore, ShardedStore, Store, StoreError, StoreSettings};

/// Collects the transactions, take-up, cost and satisfaction of public services, keeps every revision
/// and shows the KPIs.
#[derive(Debug, Parser)]
#[command(name = "pp-collector", version, propagate_version = true, max_term_width = 100)]
struct CommandLine {
    /// The configuration file. Files in a folder conf.d beside it, and environment variables that start
    /// with PP_, come on top of it.
    #[arg(long, short, global = true, value_name = "FILE", default_value = "config/default.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    Check(check::Check),
    Collect(collect::Collect),
    Probe(probe::Probe),
    Backfill(backfill::Backfill),
    Kpi(kpi::Kpi),
    Export(export::Export),
    Import(import::Import),
    #[command(subcommand)]
    Alerts(alerts::Alerts),
    #[command(subcommand)]
    Store(store::Store),
    Completions(shell::Completions),
    Man(shell::Man),
}

/// What every command is given.
#[derive(Clone)]
pub(crate) struct Environment {
    source: Source,
}

impl Environment {
    /// The same for one shard, which an option of the command line sets as `PP_SHARD` would.
    fn for_shard(&self, shard: Option<Shard>) -> Self {
        let mut environment = self.clone();
        if let Some(shard) = shard {
            environment.source.environment.insert("PP_SHARD".to_owned(), shard.to_string());
        }
        environment
    }

    /// The configuration, without an error in it.
    fn settings(&self) -> Result<Settings, CommandError> {
        Ok(config::load(&self.source)?)
    }

    /// What is stored, for a run that only shows what it would store: also beside a daemon, and also
    /// where there is no store yet.
    async fn looking(&self, settings: &Settings) -> Result<Keeping, CommandError> {
        let keeping = nothing_kept()?;
        if !settings.store.is_there(&settings.data_dir) {
            return Ok(keeping);
        }
        let store = own_part(settings, open_store(settings, Access::Read)?);
        // Where the daemon's own memory is out of reach, the store tells how far it has come.
        recover_cursors(keeping.state.as_ref(), store.as_ref(), &settings.collectors)
            .await
            .map_err(|error| CommandError::caused("cannot tell how far collectors have come", error))?;
        Ok(Keeping { store, ..keeping })
    }

    /// Store and state, as the only process that writes to them.
    async fn keeping(&self, settings: &Settings) -> Result<Keeping, CommandError> {
        let Opened { keeping, state_is_fresh, .. } = open_keeping(settings)?;
        if state_is_fresh {
            recover_cursors(keeping.state.as_ref(), keeping.store.as_ref(), &settings.collectors)
                .await
                .map_err(|error| CommandError::caused("cannot recover the state of runs", error))?;
        }
        Ok(keeping)
    }
}

/// The store as a shard sees it, where the settings say that this instance is one.
fn own_part(settings: &Settings, store: Arc<dyn Store>) -> Arc<dyn Store> {
    match settings.shard {
        None => store,
        Some(shard) => Arc::new(ShardedStore::new(store, shard)),
    }
}

/// Store and state, opened.
struct Opened {
    keeping: Keeping,
    /// The state knows nothing: its cursors are to be recovered from the store.
    state_is_fresh: bool,
    /// The store, where it is one that can have a mirror.
    embedded: Option<Arc<EmbeddedStore>>,
}

fn open_keeping(settings: &Settings) -> Result<Opened, CommandError> {
    let (store, embedded) = match &settings.store {
        StoreSettings::Embedded(_) => {
            let embedded = EmbeddedStore::open(&settings.data_dir).map_err(cannot_open)?;
            let embedded = Arc::new(embedded);
            (Arc::clone(&embedded) as Arc<dyn Store>, Some(embedded))
        }
        StoreSettings::Influxdb2(_) => (open_store(settings, Access::Write)?, None),
    };
    let store = own_part(settings, store);
    let opened = match settings.shard {
        None => StateDb::open(&settings.data_dir, SystemClock.now()),
        Some(shard) => StateDb::open_shard(&settings.data_dir, shard, SystemClock.now()),
    };
    let opened = opened.map_err(|error| CommandError::caused("cannot open the state of runs", error))?;
    if let Some(quarantined) = &opened.quarantined {
        eprintln!(
            "pp-collector: the state of runs could not be read ({}); it was moved to {} and begun anew",
            quarantined.problem,
            quarantined.path.display()
        );
    }
    let alerts = AlertBook::new(opened.state.clone());
    let keeping = Keeping { store, state: Arc::new(opened.state), alerts };
    Ok(Opened { keeping, state_is_fresh: opened.fresh, embedded })
}

fn cannot_open(error: StoreError) -> CommandError {
    CommandError::caused("cannot open the store", error)
}

/// The store of a configuration.
fn open_store(settings: &Settings, access: Access) -> Result<Arc<dyn Store>, CommandError> {
    settings.store.open(&settings.data_dir, access).map_err(cannot_open)
}

/// Carries out the runs of a command: nothing is counted, and nobody waits for what they change.
fn runner(settings: &Settings, keeping: &Keeping) -> Result<Runner, CommandError> {
    let events = Events::new(Arc::new(NullMeter));
    daemon::runner(settings, keeping, events, Arc::new(|_: BTreeSet<_>, _| {}))
        .map_err(|error| CommandError::caused("cannot prepare the HTTP client", error))
}

/// For a run that keeps nothing.
fn nothing_kept() -> Result<Keeping, CommandError> {
    let alerts = StateDb::in_memory().map(AlertBook::new);
    let alerts = alerts.map_err(|error| CommandError::caused("cannot keep state in memory", error))?;
    Ok(Keeping { store: Arc::new(NoStore), state: Arc::new(MemoryState::new()), alerts })
}

/// Runs the program: 0 done, 1 failed, 2 wrong usage or configuration.
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
            // Nothing is left to do where even this cannot be printed.
            let _ = error.print();
            return code;
        }
    };
    let environment = Environment { source: Source::of_process(Some(line.config)) };
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::caused("cannot start", error))
        .and_then(|runtime| runtime.block_on(run(line.command, &environment)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

async fn run(command: Command, environment: &Environment) -> Result<(), CommandError> {
    match command {
        Command::Run(command) => run::run(&environment.for_shard(command.shard)).await,
        #[cfg(feature = "demo")]
        Command::Demo(command) => demo::run(command, environment).await,
        Command::Collect(command) => collect::run(command, environment).await,
        Command::Probe(command) => probe::run(command, environment).await,
        Command::Backfill(command) => backfill::run(command, environment).await,
        Command::Check(command) => check::run(&command, environment),
        Command::Kpi(command) => kpi::run(command, environment).await,
        Command::Export(command) => export::run(command, environment).await,
        Command::Import(command) => import::run(command, environment).await,
        Command::Alerts(command) => alerts::run(command, environment).await,
        Command::Store(command) => store::run(command, environment).await,
        Command::Completions(command) => shell::completions(&command),
        Command::Man(command) => shell::man(&command),
    }
}

fn command_line() -> clap::Command {
    <CommandLine as clap::CommandFactory>::command()
}
