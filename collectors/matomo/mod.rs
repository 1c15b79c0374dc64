//! Figures from a Matomo site, versions 4 to 6, by the Reporting API.
//!
//! `subject` says what is asked, `ask` puts it to Matomo, `site` makes sure that the site is what it is
//! taken for, `read` takes answers apart, `gather` makes figures of them.

mod ask;
mod config;
mod gather;
mod plan;
mod read;
mod refusal;
mod site;
mod subject;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use kpi::{PeriodKind, ServiceId};

use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, ProbeReport, Reading, Reason,
    SettingProblems, Window, windows,
};
use plan::Plan;
use subject::Question;

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "matomo",
    summary: "Matomo 4 to 6: goals, events, pages, visits and funnels of its sites",
    reasons: &Reason::ALL_BUT_QUOTA,
    // Matomo archives anew up to 6 months back, and deletes its log from then on where it does at all.
    purge_guard_days: Some(180),
    build,
};

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(Matomo { plan: plan::plan(table)? }))
}

#[derive(Debug)]
struct Matomo {
    plan: Plan,
}

#[async_trait]
impl Collector for Matomo {
    fn capabilities(&self) -> Capabilities {
        // About a month in one answer: an event report has up to 500 rows for each period.
        let largest = match self.plan.period_kind {
            PeriodKind::Week => 10,
            PeriodKind::Month => 12,
            _ => 31,
        };
        Capabilities {
            reading: Reading::Windows {
                period_kind: self.plan.period_kind,
                largest,
                settles_after: self.plan.settling.after,
                look_back: self.plan.look_back,
            },
        }
    }

    fn services(&self) -> Option<BTreeSet<ServiceId>> {
        Some(self.plan.services.iter().map(|service| service.id.clone()).collect())
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        let mut questions = vec![Question::version()];
        questions.extend(self.plan.services.iter().flat_map(site::questions));
        let answers = ask::ask(&self.plan, &context.http, &questions).await?;
        let version = answers.to(&Question::version())?;
        let version = version.get("value").unwrap_or(version).as_str().unwrap_or("of an unknown version");
        let mut lines = vec![format!("Matomo {version} answers at {}", self.plan.address)];
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_some_and(|major| !(4..=6).contains(&major)) {
            lines.push("this version is not one of 4, 5 and 6, which this collector is made for".to_owned());
        }
        for service in &self.plan.services {
            for line in site::check(&self.plan, service, &answers)? {
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        Ok(ProbeReport { lines })
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        let span = windows::span(window, self.plan.period_kind)?;
        let questions = gather::questions(&self.plan, span);
        let answers = ask::ask(&self.plan, &context.http, &questions).await?;
        let batch = gather::gather(&self.plan, span, &answers, context.clock.now())?;
        Ok(Answer::Figures { batch, bookmark: None })
    }
}
