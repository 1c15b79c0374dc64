//! `store`: statistics, checks, backups and copies.

use std::path::PathBuf;

use clap::Subcommand;

use super::Environment;
use super::copy::{self, Copy};
use super::error::CommandError;
use crate::config::Settings;
use crate::store::{Access, EmbeddedStore, StoreName, inspect};

/// Look after the store.
#[derive(Debug, Subcommand)]
pub(super) enum Store {
    #[command(flatten)]
    Look(Look),
    Copy(Copy),
}

/// What looks at one store.
#[derive(Debug, Subcommand)]
pub(super) enum Look {
    /// Say how much it holds.
    Stats,
    /// Read everything in it and say all that is wrong.
    Verify,
    /// Copy it as it is now, also while the daemon runs. Put back under its name in a data directory, the
    /// copy is a store.
    Backup {
        /// The new file; by default one named by the time, in the folder backups of the data directory.
        file: Option<PathBuf>,
    },
}

pub(super) async fn run(command: Store, environment: &Environment) -> Result<(), CommandError> {
    let settings = environment.settings()?;
    let command = match command {
        Store::Copy(command) => return copy::run(&command, &settings).await,
        Store::Look(command) => command,
    };
    if settings.store.name() != StoreName::Embedded {
        return on_a_server(command, &settings).await;
    }
    let store = EmbeddedStore::open_read_only(&settings.data_dir)
        .map_err(|error| CommandError::caused("cannot open the store", error))?;
    match command {
        Look::Stats => {
            let stats =
                store.stats().await.map_err(|error| CommandError::caused("cannot read the store", error))?;
            println!("figures      {}", stats.figures);
            println!("superseded   {}", stats.superseded);
            println!("series       {}", stats.series);
            println!("services     {}", stats.services);
            println!("collections  {}", stats.collections);
            println!("first day    {}", day(stats.first_day));
            println!("newest day   {}", day(stats.newest_day));
            println!("bytes        {}", stats.size_bytes);
            Ok(())
        }
        Look::Verify => {
            let found =
                store.verify().await.map_err(|error| CommandError::caused("cannot read the store", error))?;
            verdict(found.figures, found.superseded, &found.problems)
        }
        Look::Backup { file } => {
            let file = file.unwrap_or_else(|| {
                let name = jiff::Timestamp::now().strftime("figures-%Y%m%dT%H%M%SZ.db").to_string();
                settings.data_dir.join("backups").join(name)
            });
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder).map_err(|error| {
                    CommandError::caused(format!("cannot create {}", folder.display()), error)
                })?;
            }
            store
                .backup(&file)
                .await
                .map_err(|error| CommandError::caused("cannot back up the store", error))?;
            println!("backed up to {}", file.display());
            Ok(())
        }
    }
}

/// For a store that is read through nothing but what every store answers.
async fn on_a_server(command: Look, settings: &Settings) -> Result<(), CommandError> {
    if let Look::Backup { .. } = command {
        return Err(CommandError::Usage(
            "the figures are on a server, not in a file; use its own backup, or `store copy --from influxdb2 --to \
             embedded`"
                .to_owned(),
        ));
    }
    let store = super::open_store(settings, Access::Read)?;
    let found = inspect(store.as_ref())
        .await
        .map_err(|error| CommandError::caused("cannot read the store", error))?;
    if let Look::Verify = command {
        return verdict(found.figures, found.superseded, &found.problems);
    }
    println!("figures      {}", found.figures);
    println!("superseded   {}", found.superseded);
    println!("series       {}", found.series);
    println!("services     {}", found.services);
    println!("first day    {}", day(found.first_day));
    println!("newest day   {}", day(found.newest_day));
    Ok(())
}

fn day(day: Option<jiff::civil::Date>) -> String {
    day.map_or_else(|| "-".to_owned(), |day| day.to_string())
}

fn verdict(figures: u64, superseded: u64, problems: &[String]) -> Result<(), CommandError> {
    for problem in problems {
        println!("{problem}");
    }
    let read = format!("{figures} figures and {superseded} superseded values");
    if problems.is_empty() {
        println!("all is well: {read} read");
        return Ok(());
    }
    Err(CommandError::Failed(format!("{} problems in {read}; restore a backup", problems.len())))
}
