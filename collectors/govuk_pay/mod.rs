//! Payments by GOV.UK Pay: how many were begun and how many came through, by day and channel.
//!
//! `search` goes through the pages, `answer` says what is read of them, `count` makes figures of it. What
//! is paid is the price of something and not the cost of providing it: amounts are not read.

mod answer;
mod config;
mod count;
mod search;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use kpi::{PeriodKind, ServiceId};

use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, ProbeReport, Reading, Reason,
    SettingProblems, Window, windows,
};
use answer::Page;
use config::Plan;
use count::Counts;

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "govuk_pay",
    summary: "payments by GOV.UK Pay: begun and successful, online and by telephone",
    reasons: &Reason::ALL_BUT_QUOTA,
    purge_guard_days: None,
    build,
};

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(GovukPay { plan: config::plan(table)? }))
}

#[derive(Debug)]
struct GovukPay {
    plan: Plan,
}

#[async_trait]
impl Collector for GovukPay {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            reading: Reading::Windows {
                period_kind: PeriodKind::Day,
                largest: self.plan.largest,
                settles_after: self.plan.settling.after,
                look_back: self.plan.look_back,
            },
        }
    }

    fn services(&self) -> Option<BTreeSet<ServiceId>> {
        Some([self.plan.service.clone()].into())
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        let plan = &self.plan;
        let mut lines = Vec::new();
        let Some(day) = windows::newest_closed(PeriodKind::Day, context.clock.now(), &plan.settling.zone)
        else {
            return Ok(ProbeReport { lines });
        };
        for (number, account) in (1..).zip(&plan.accounts) {
            let request = search::question(plan, account, day, day, "1");
            let reply = context.http.send(request).await.map_err(|error| self.of_account(number, error))?;
            let total = if reply.status == 404 { 0 } else { reply.json::<Page>()?.total };
            lines.push(format!("account {number}: {total} payments created on {day}"));
        }
        Ok(ProbeReport { lines })
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        let plan = &self.plan;
        let span = windows::span(window, PeriodKind::Day)?;
        let mut counts = Counts::new(plan, span.periods().collect());
        // All or nothing: without one account the sum over the service would be wrong.
        for (number, account) in (1..).zip(&plan.accounts) {
            let mut visit = |payment: &answer::Payment| counts.payment(payment);
            let found = search::payments(plan, account, (span.first, span.last), context, &mut visit).await;
            counts.found(found.map_err(|error| self.of_account(number, error))?);
        }
        Ok(Answer::Figures { batch: counts.finish(context.clock.now()), bookmark: None })
    }
}

impl GovukPay {
    /// Says which of several keys an error is about.
    fn of_account(&self, number: usize, error: CollectError) -> CollectError {
        if self.plan.accounts.len() < 2 {
            return error;
        }
        error.rewritten(|text| format!("api_keys[{}]: {text}", number - 1))
    }
}
