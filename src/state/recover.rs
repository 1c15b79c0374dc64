//! Cursors from the store, where the state was lost.

use std::collections::BTreeMap;

use collectors::Reading;
use kpi::{CollectorName, Period};

use crate::config::settings::CollectorSettings;
use crate::run::{RunState, StateError};
use crate::store::{Store, StoreError};

/// Why cursors cannot be recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The store cannot be read.
    #[error("cannot read the figures")]
    Store(#[from] StoreError),
    /// The state cannot be written.
    #[error("cannot write the state of runs")]
    State(#[from] StateError),
}

/// Sets the cursor of every collector that is asked by windows and has none to the newest period that
/// the store holds from it. Runs store their windows oldest first, so nothing before it is missing.
/// Gives how many were set.
pub async fn recover_cursors(
    state: &dyn RunState,
    store: &dyn Store,
    collectors: &[CollectorSettings],
) -> Result<usize, RecoverError> {
    let mut newest: BTreeMap<CollectorName, Vec<Period>> = BTreeMap::new();
    for series in store.latest().await? {
        let periods = series.points.iter().map(|stored| stored.point.period);
        newest.entry(series.collector).or_default().extend(periods);
    }
    let mut recovered = 0;
    for settings in collectors {
        let Reading::Windows { period_kind, .. } = settings.collector.capabilities().reading else {
            continue;
        };
        if state.cursor(&settings.name).await?.is_some() {
            continue;
        }
        let held = newest.get(&settings.name).into_iter().flatten();
        if let Some(cursor) = held.filter(|period| period.kind() == period_kind).max() {
            state.set_cursor(&settings.name, *cursor).await?;
            recovered += 1;
        }
    }
    Ok(recovered)
}
