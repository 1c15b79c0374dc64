//! `store`: statistics, checks and backups.

use std::path::PathBuf;

use clap::Subcommand;

use super::Environment;
use super::error::CommandError;

/// Look after the store.
#[derive(Debug, Subcommand)]
pub(super) enum Store {
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
    let store = super::read_store(&settings)?;
    match command {
        Store::Stats => {
            let stats =
                store.stats().await.map_err(|error| CommandError::caused("cannot read the store", error))?;
            let day =
                |day: Option<jiff::civil::Date>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
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
        Store::Verify => {
            let found =
                store.verify().await.map_err(|error| CommandError::caused("cannot read the store", error))?;
            for problem in &found.problems {
                println!("{problem}");
            }
            let read = format!("{} figures and {} superseded values", found.figures, found.superseded);
            if found.problems.is_empty() {
                println!("all is well: {read} read");
                Ok(())
            } else {
                Err(CommandError::Failed(format!(
                    "{} problems in {read}; restore a backup",
                    found.problems.len()
                )))
            }
        }
        Store::Backup { file } => {
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
