//! Prometheus, Thanos and Mimir as a source: expressions over counters that services export.
//!
//! `ask` turns periods into queries, `answer` reads what comes back, `gather` makes figures of it.

mod answer;
mod ask;
mod config;
mod gather;

use std::sync::Arc;

use async_trait::async_trait;
use kpi::{Batch, Period};

use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, ProbeReport, Reading, Reason,
    SettingProblems, Window, windows,
};
use config::Plan;
use gather::Gathered;

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "prometheus",
    summary: "counters that services export to Prometheus, Thanos or Mimir, by PromQL expressions",
    reasons: &Reason::ALL_BUT_QUOTA,
    // Settled after minutes, kept for 15 days unless told otherwise.
    purge_guard_days: Some(7),
    build,
};

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(Prometheus { plan: config::plan(table)? }))
}

struct Prometheus {
    plan: Plan,
}

impl Prometheus {
    async fn figures(&self, periods: &[Period], context: &Context) -> Result<Batch, CollectError> {
        let mut gathered = Gathered::new(&self.plan);
        for figure in &self.plan.figures {
            for run in ask::runs(&self.plan, periods) {
                let (series, warnings, infos) = ask::ask(&self.plan, &figure.query, &run, context).await?;
                gathered.said(&run, warnings, infos);
                gathered.add(figure, &run, series)?;
            }
        }
        Ok(gathered.finish(periods, context.clock.now()))
    }
}

#[async_trait]
impl Collector for Prometheus {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            reading: Reading::Windows {
                period_kind: self.plan.period_kind,
                largest: self.plan.largest,
                settles_after: self.plan.settling.after,
                look_back: self.plan.look_back,
            },
        }
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        let newest =
            windows::newest_closed(self.plan.period_kind, context.clock.now(), &self.plan.settling.zone);
        let periods: Vec<Period> = newest.into_iter().collect();
        let batch = self.figures(&periods, context).await?;
        let figures = batch.figures().map(|(key, point)| {
            format!(
                "{} of {} by {} for {}: {}",
                key.measure, key.service, key.channel, point.period, point.value
            )
        });
        let notes = batch.notes.iter().map(|note| format!("{}: {}", note.place, note.text));
        Ok(ProbeReport { lines: figures.chain(notes).collect() })
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        let periods: Vec<Period> = windows::span(window, self.plan.period_kind)?.periods().collect();
        Ok(Answer::Figures { batch: self.figures(&periods, context).await?, bookmark: None })
    }
}
