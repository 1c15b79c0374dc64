//! Google Analytics 4: starts, completions and ratings counted by events, from the Data API v1beta.
//!
//! `plan` turns settings into reports; `ask` sends them by way of `credential`, `errors` and `quota`;
//! `gather` checks and joins the pages of a report; `figures` makes figures of the rows.

mod answer;
mod ask;
mod building;
mod config;
mod credential;
mod errors;
mod figures;
mod filter;
mod gather;
mod plan;
mod probe;
mod question;
mod quota;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use kpi::{BatchBuilder, ServiceId};
use tokio::task::JoinSet;

use crate::http::Credential;
use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, PeriodSpan, ProbeReport, Reason,
    SettingProblems, Window, windows,
};
use ask::Asking;
use credential::Account;
use gather::Gathered;
use plan::Plan;
use quota::{Lowest, ServerErrors};

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "ga4",
    summary: "Google Analytics 4: starts, completions and ratings by event, from the Data API",
    reasons: &Reason::ALL,
    // Google counts until 12 days after; properties keep events for 2 months at least.
    purge_guard_days: Some(30),
    build,
};

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(Ga4 { plan: Arc::new(plan::plan(table)?), memory: Arc::default() }))
}

struct Ga4 {
    plan: Arc<Plan>,
    memory: Arc<Memory>,
}

/// What outlives a run: the token, and what Google counts against a property. Losing it costs a token.
#[derive(Default)]
struct Memory {
    credential: OnceLock<Credential>,
    account: Account,
    server_errors: ServerErrors,
}

impl Memory {
    fn credential(&self, plan: &Plan, context: &Context) -> Credential {
        let make = || {
            let clock = Arc::clone(&context.clock);
            credential::credential(&plan.key, plan.sign_in, self.account.clone(), clock)
        };
        self.credential.get_or_init(make).clone()
    }
}

type Gotten = Result<Vec<(usize, Gathered)>, CollectError>;

impl Ga4 {
    /// The answers of every property, in order. One after the other within a property, which takes only
    /// ten requests at once from everyone; properties beside each other.
    async fn ask(&self, span: PeriodSpan, context: &Context) -> Vec<Gotten> {
        let lowest = Arc::new(Lowest::default());
        let mut tasks = JoinSet::new();
        for index in 0..self.plan.properties.len() {
            let (plan, memory) = (Arc::clone(&self.plan), Arc::clone(&self.memory));
            let (context, lowest) = (context.clone(), Arc::clone(&lowest));
            tasks.spawn(async move {
                let Some(property) = plan.properties.get(index) else { return (index, Ok(Vec::new())) };
                let mut asking = Asking::new(&plan, property, &context, &memory, &lowest);
                (index, asking.everything(span).await)
            });
        }
        let mut answers: Vec<Gotten> = self.plan.properties.iter().map(|_| Err(unanswered())).collect();
        while let Some(done) = tasks.join_next().await {
            if let Ok((index, answer)) = done
                && let Some(place) = answers.get_mut(index)
            {
                *place = answer;
            }
        }
        answers
    }
}

/// Stands where a property's task ended without an answer.
fn unanswered() -> CollectError {
    CollectError::new(Reason::Malformed, "the answer cannot be read; the reader failed on it")
}

/// Whether a failure stays until a person does something. Others pass, and the window is asked again as a
/// whole, so that it leaves no hole.
const fn is_lasting(reason: Reason) -> bool {
    matches!(reason, Reason::Config | Reason::Permission | Reason::Malformed)
}

#[async_trait]
impl Collector for Ga4 {
    fn capabilities(&self) -> Capabilities {
        self.plan.capabilities()
    }

    fn services(&self) -> Option<BTreeSet<ServiceId>> {
        Some(self.plan.slots.iter().map(|slot| slot.service.clone()).collect())
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        let lowest = Lowest::default();
        let mut lines = Vec::new();
        for property in &self.plan.properties {
            let mut asking = Asking::new(&self.plan, property, context, &self.memory, &lowest);
            lines.extend(probe::property(&mut asking).await?);
        }
        Ok(ProbeReport { lines })
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        let span = windows::span(window, self.plan.period_kind)?;
        let mut answers = self.ask(span, context).await;
        let passing = |answer: &Gotten| answer.as_ref().is_err_and(|error| !is_lasting(error.reason()));
        let all_failed = answers.iter().all(Result::is_err);
        let fatal = answers.iter().position(passing).or_else(|| all_failed.then_some(0));
        if let Some(index) = fatal.filter(|index| *index < answers.len()) {
            answers.swap_remove(index)?;
        }
        let mut batch = BatchBuilder::new();
        for (property, answer) in self.plan.properties.iter().zip(answers) {
            match answer {
                Ok(gathered) => {
                    figures::add(&mut batch, &self.plan, property, &gathered, span, context.clock.now());
                }
                Err(error) => batch.note(
                    format!("property {}", property.id),
                    format!(
                        "{error}; nothing was collected from {} to {}: backfill it once this is put right",
                        span.first, span.last
                    ),
                ),
            }
        }
        let (batch, _) = batch.finish();
        Ok(Answer::Figures { batch, bookmark: None })
    }
}

#[cfg(test)]
mod tests;
