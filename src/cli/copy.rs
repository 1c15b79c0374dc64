//! `store copy`: everything from one store to another, proved series by series.

use std::sync::Arc;

use clap::Args;

use super::error::CommandError;
use super::{own_part, progress, stop};
use crate::config::Settings;
use crate::store::copy::{Copied, Copying, services};
use crate::store::{Access, EmbeddedStore, Store, StoreError, StoreName};

/// Copy every figure and revision from one store to the other, and compare them. A copy that was interrupted
/// goes on where it was when the same command is given again. Nothing else may write to the store that is
/// copied to; the one that is copied from may stay in use.
#[derive(Debug, Args)]
pub(super) struct Copy {
    /// Where figures are.
    #[arg(long, value_enum)]
    from: StoreName,
    /// Where they shall be.
    #[arg(long, value_enum)]
    to: StoreName,
}

pub(super) async fn run(command: &Copy, settings: &Settings) -> Result<(), CommandError> {
    if command.from == command.to {
        return Err(CommandError::Usage(format!(
            "--from and --to are both {}; name two stores",
            command.to.as_str()
        )));
    }
    let stop = stop::on_signal()?;
    let from = open(settings, command.from, Access::Read)?;
    let to = open(settings, command.to, Access::Write)?;
    let failed = |error: StoreError| {
        CommandError::caused("the copy broke off; the same command goes on from there", error)
    };
    let mut all = services(from.as_ref()).await.map_err(failed)?;
    all.extend(services(to.as_ref()).await.map_err(failed)?);
    let bar = progress::bar(all.len() as u64, "services");
    let mut copying = Copying::begin(from.as_ref(), to.as_ref()).await.map_err(failed)?;
    for service in &all {
        if stop.is_cancelled() {
            bar.finish_and_clear();
            return Err(CommandError::Failed("interrupted; the same command goes on from here".to_owned()));
        }
        copying.service(service).await.map_err(failed)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    verdict(&copying.finish())
}

/// A store by its name, and of it what is this instance's own.
fn open(settings: &Settings, name: StoreName, access: Access) -> Result<Arc<dyn Store>, CommandError> {
    let data_dir = &settings.data_dir;
    let opened: Result<Arc<dyn Store>, StoreError> = match (name, access) {
        (StoreName::Embedded, Access::Read) => {
            EmbeddedStore::open_read_only(data_dir).map(|store| Arc::new(store) as _)
        }
        (StoreName::Embedded, Access::Write) => {
            EmbeddedStore::open(data_dir).map(|store| Arc::new(store) as _)
        }
        (StoreName::Influxdb2, _) => match settings.store.server() {
            Some(server) => server.open_store(),
            None => {
                return Err(CommandError::Usage(
                    "no server is configured; set store.influxdb2.url, org, bucket and token".to_owned(),
                ));
            }
        },
    };
    let doing = || format!("cannot open the store {}", name.as_str());
    opened.map(|store| own_part(settings, store)).map_err(|error| CommandError::caused(doing(), error))
}

fn verdict(copied: &Copied) -> Result<(), CommandError> {
    let Copied { services, same_series, revisions, new_revisions, differences } = copied;
    for difference in differences {
        println!("{difference}");
    }
    println!(
        "{new_revisions} revisions copied; the same in both by count and checksum: {same_series} series with \
         {revisions} revisions, of {services} services"
    );
    if differences.is_empty() {
        return Ok(());
    }
    Err(CommandError::Failed(format!(
        "{} differences, named above; what is there already was not touched",
        differences.len()
    )))
}
