//! Asking one property: batches, pages, and once more by single period where an answer was sampled.

use std::sync::Arc;

use kpi::PeriodKind;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{BatchAnswer, PropertyQuota, ReportAnswer, UNEXPECTED};
use super::errors::{Question, refusal};
use super::gather::Gathered;
use super::plan::{Plan, Property, Report};
use super::quota::{self, Lowest};
use super::{Memory, question};
use crate::http::{HostLimit, Request};
use crate::{CollectError, Context, PeriodSpan, Reason};

/// Most reports in one batch (API page "properties.batchRunReports").
const BATCH: usize = 5;

/// All that asking one property needs.
pub(super) struct Asking<'a> {
    pub(super) plan: &'a Plan,
    pub(super) property: &'a Property,
    pub(super) context: &'a Context,
    pub(super) memory: &'a Arc<Memory>,
    pub(super) lowest: &'a Lowest,
    /// What the last answer said is left.
    quota: PropertyQuota,
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        property: &'a Property,
        context: &'a Context,
        memory: &'a Arc<Memory>,
        lowest: &'a Lowest,
    ) -> Self {
        Self { plan, property, context, memory, lowest, quota: PropertyQuota::default() }
    }

    /// The answers to every report, each with the report's place in the property.
    pub(super) async fn everything(
        &mut self,
        span: PeriodSpan,
    ) -> Result<Vec<(usize, Gathered)>, CollectError> {
        let mut all = Vec::new();
        let numbered: Vec<(usize, &'a Report)> = self.property.reports.iter().enumerate().collect();
        for batch in numbered.chunks(BATCH) {
            let firsts = self.first_pages(batch, span).await?;
            for ((index, report), first) in batch.iter().zip(firsts) {
                let gathered = self.rest(report, span, &first).await?;
                if gathered.sampled.is_some() && span.first < span.last {
                    // Sampling sets in above a number of events: a single period may be below it.
                    for period in span.periods() {
                        let single = PeriodSpan { first: period, last: period };
                        let first = self.page(report, single, 0).await?;
                        all.push((*index, self.rest(report, single, &first).await?));
                    }
                } else {
                    all.push((*index, gathered));
                }
            }
        }
        Ok(all)
    }

    async fn first_pages(
        &mut self,
        batch: &[(usize, &Report)],
        span: PeriodSpan,
    ) -> Result<Vec<ReportAnswer>, CollectError> {
        if let [(_, report)] = batch {
            return Ok(vec![self.page(report, span, 0).await?]);
        }
        let bodies: Vec<Value> = batch.iter().map(|(_, report)| question::body(report, span, 0)).collect();
        let answer: BatchAnswer = self.post("batchRunReports", &json!({"requests": bodies})).await?;
        if answer.reports.len() != batch.len() {
            let problem = format!(
                "property {} was asked for {} reports at once and answered with {}; {UNEXPECTED}",
                self.property.id,
                batch.len(),
                answer.reports.len()
            );
            return Err(CollectError::new(Reason::Malformed, problem));
        }
        for report in &answer.reports {
            self.meter(report);
        }
        Ok(answer.reports)
    }

    /// The report with the pages after its first.
    async fn rest(
        &mut self,
        report: &Report,
        span: PeriodSpan,
        first: &ReportAnswer,
    ) -> Result<Gathered, CollectError> {
        let mut gathered = Gathered::new(span);
        gathered.add(self.plan, self.property, report, first)?;
        while gathered.is_unfinished() {
            let page = self.page(report, span, gathered.received()).await?;
            gathered.add(self.plan, self.property, report, &page)?;
        }
        Ok(gathered)
    }

    /// One page of one report.
    pub(super) async fn page(
        &mut self,
        report: &Report,
        span: PeriodSpan,
        offset: u64,
    ) -> Result<ReportAnswer, CollectError> {
        let answer: ReportAnswer = self.post("runReport", &question::body(report, span, offset)).await?;
        self.meter(&answer);
        Ok(answer)
    }

    /// Whether a property takes this combination of names, without the cost of a report.
    pub(super) async fn check(&mut self, report: &Report, kind: PeriodKind) -> Result<(), CollectError> {
        let named = |name: &str| json!({"name": name});
        let dimensions: Vec<Value> = question::dimensions(report, kind).into_iter().map(named).collect();
        let mut body = json!({
            "dimensions": dimensions,
            "metrics": [{"name": report.metric.api_name()}],
            "compatibilityFilter": "COMPATIBLE",
        });
        if let (Some(filter), Some(members)) = (report.filter(), body.as_object_mut()) {
            members.insert("dimensionFilter".to_owned(), filter);
        }
        let _: super::answer::Anything = self.post("checkCompatibility", &body).await?;
        Ok(())
    }

    fn meter(&mut self, answer: &ReportAnswer) {
        if let Some(quota) = &answer.property_quota {
            self.lowest.record(quota, &*self.context.quota, self.context.clock.now());
            self.quota = quota.clone();
        }
    }

    async fn post<T: DeserializeOwned>(&self, method: &str, body: &Value) -> Result<T, CollectError> {
        let address = self.plan.api.at(&format!("v1beta/properties/{}:{method}", self.property.id));
        self.send(Request::post(address).json(body)).await
    }

    pub(super) async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, CollectError> {
        let property = self.property.id.to_string();
        let now = self.context.clock.now();
        quota::admit(&property, &self.quota, now)?;
        self.memory.server_errors.admit(&property, now)?;
        let (clock, memory) = (Arc::clone(&self.context.clock), Arc::clone(self.memory));
        let classify = move |reply: &crate::http::Reply| {
            refusal(
                reply,
                &Question {
                    property: &property,
                    account: &memory.account.name(),
                    now: clock.now(),
                    server_errors: &memory.server_errors,
                },
            )
        };
        let request = request
            .credential(self.memory.credential(self.plan, self.context))
            // Over all properties; one property is asked one thing at a time and takes ten.
            .host_limit(HostLimit::concurrent(16))
            // After a server error at most twice more: ten in an hour block the property.
            .attempts(3)
            .expect_json()
            .classify(classify);
        self.context.http.send(request).await?.json()
    }
}
