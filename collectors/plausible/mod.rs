//! Figures from Plausible, by version 2 of its Stats API (<https://plausible.io/docs/stats-api>).
//!
//! `query` asks for one figure, `read` takes the answer apart, `gather` makes figures of all of them.

mod config;
mod gather;
mod plan;
mod query;
mod read;
mod refusal;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use kpi::ServiceId;

use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, ProbeReport, Reading, Reason,
    SettingProblems, Window, windows,
};
use plan::Plan;

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "plausible",
    summary: "Plausible Analytics: goals, pages and visits of its sites, by the Stats API v2",
    reasons: &Reason::ALL,
    purge_guard_days: None,
    build,
};

/// A year of days is a small answer, and one request of those an hour allows.
const LARGEST: u32 = 366;

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(Plausible { plan: plan::plan(table)? }))
}

#[derive(Debug)]
struct Plausible {
    plan: Plan,
}

#[async_trait]
impl Collector for Plausible {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            reading: Reading::Windows {
                period_kind: self.plan.period_kind,
                largest: LARGEST,
                settles_after: self.plan.settling.after,
                look_back: self.plan.look_back,
            },
        }
    }

    fn services(&self) -> Option<BTreeSet<ServiceId>> {
        Some(self.plan.services.iter().map(|service| service.id.clone()).collect())
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        let mut sites: Vec<&str> = self.plan.services.iter().map(|service| service.site.as_str()).collect();
        sites.sort_unstable();
        sites.dedup();
        let mut lines = Vec::new();
        for site in sites {
            lines.push(query::probe(&self.plan, site, context).await?);
        }
        Ok(ProbeReport { lines })
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        let span = windows::span(window, self.plan.period_kind)?;
        let batch = gather::gather(&self.plan, span, context).await?;
        Ok(Answer::Figures { batch, bookmark: None })
    }
}
