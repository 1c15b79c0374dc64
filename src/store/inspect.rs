//! Reads all of a store through the trait that every store has, and says how much it is and what is wrong.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kpi::ServiceId;

use super::history::{ends, named, of_each_figure};
use super::{Query, SeriesHistory, Store, StoreError, lacking};

/// Services read at once.
const SERVICES_AT_ONCE: usize = 50;

/// What there is in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Figures, each counted once however often it was revised.
    pub figures: u64,
    /// Values that figures had before they were revised.
    pub superseded: u64,
    /// Series.
    pub series: u64,
    /// Services with a series or a description.
    pub services: u64,
    /// First day of the earliest period.
    pub first_day: Option<Date>,
    /// First day of the latest period.
    pub newest_day: Option<Date>,
    /// Everything that is wrong, in plain words; empty where all is well.
    pub problems: Vec<String>,
}

/// Reads everything. What a store cannot read at all is its error.
pub async fn inspect(store: &dyn Store) -> Result<Inspection, StoreError> {
    let mut found = Inspection::default();
    let with_series = store.services_with_figures().await?;
    let described = store.services(None).await?.into_iter().map(|service| service.id);
    found.services = with_series.iter().cloned().chain(described).collect::<BTreeSet<_>>().len() as u64;
    let services: Vec<ServiceId> = with_series.into_iter().collect();
    for some in services.chunks(SERVICES_AT_ONCE) {
        let query = Query { services: Some(some.to_vec()), ..Query::default() };
        for series in store.history(&query).await? {
            found.add(&series);
        }
    }
    Ok(found)
}

impl Inspection {
    fn add(&mut self, series: &SeriesHistory) {
        self.series += 1;
        match ends(series) {
            Ok((first, last)) => {
                let (first, last) = (first.start_date(), last.start_date());
                self.first_day = Some(self.first_day.map_or(first, |day| day.min(first)));
                self.newest_day = Some(self.newest_day.map_or(last, |day| day.max(last)));
            }
            Err(problem) => self.problems.push(problem),
        }
        for revisions in of_each_figure(&series.revisions) {
            self.figures += 1;
            self.superseded += revisions.len().saturating_sub(1) as u64;
            // Put into an empty store they would have to go on from nothing.
            let Err(contradiction) = lacking(&[], revisions) else { continue };
            if let Some(period) = revisions.first().map(|revision| revision.stored.point.period) {
                let figure = kpi::FigureKey { series: series.key.clone(), period };
                self.problems.push(format!("{}: {contradiction}", named(&figure)));
            }
        }
    }
}
