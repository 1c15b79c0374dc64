//! Figures in databases: one read-only query for a window of periods.
//!
//! A window goes the way `bounds` (what `:from` and `:to` are) → `postgres` or `sqlite` (a table of
//! cells) → `figures` (rows by the mapping of `plan::Plan`) → `zeros` (declared ones only). The query
//! was checked and its placeholders numbered when the settings were read (`lexer`, `statement`).

mod bounds;
mod cell;
mod config;
mod faults;
mod figures;
mod lexer;
mod plan;
mod postgres;
mod server;
mod sqlite;
mod statement;
mod words;
mod zeros;

use std::sync::Arc;

use async_trait::async_trait;
use kpi::PeriodKind;

use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, PeriodSpan, ProbeReport, Reading, Reason,
    SettingProblems, Window,
};
use bounds::Bounds;
use plan::{Database, Plan};

/// The entry of the kinds table.
pub const KIND: Kind =
    Kind { name: "sql", summary: "a read-only query of a PostgreSQL server or an SQLite file", build };

fn build(table: &toml::Table) -> Result<Arc<dyn Collector>, SettingProblems> {
    Ok(Arc::new(Sql { plan: Arc::new(plan::plan(table)?) }))
}

struct Sql {
    plan: Arc<Plan>,
}

#[async_trait]
impl Collector for Sql {
    fn capabilities(&self) -> Capabilities {
        let period_kind = self.plan.mapping.period_kind;
        // Cases are closed, merged and corrected for weeks; four of them are usual to ask for again.
        let (largest, look_back) = match period_kind {
            PeriodKind::Hour => (31 * 24, 28 * 24),
            PeriodKind::Day => (366, 28),
            PeriodKind::Week => (260, 4),
            PeriodKind::Month | PeriodKind::YearTo => (120, 1),
            PeriodKind::Quarter | PeriodKind::Year | PeriodKind::FinancialYear => (40, 1),
        };
        let settles_after = self.plan.mapping.settles_after;
        Capabilities { reading: Reading::Windows { period_kind, largest, settles_after, look_back } }
    }

    async fn probe(&self, context: &Context) -> Result<ProbeReport, CollectError> {
        let bounds = bounds::sample(&self.plan, context.clock.now());
        let lines = match &self.plan.database {
            Database::Postgresql(server) => postgres::probe(server, &self.plan, bounds, context).await?,
            Database::Sqlite(file) => sqlite::probe(file, &self.plan, bounds, context).await?,
        };
        Ok(ProbeReport { lines })
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        let span = self.span(window)?;
        let bounds = Bounds::of(span, self.plan.bind, &self.plan.mapping.zone);
        let table = match &self.plan.database {
            Database::Postgresql(server) => postgres::query(server, &self.plan, bounds, context).await?,
            Database::Sqlite(file) => sqlite::query(file, &self.plan, bounds, context).await?,
        };
        let batch = figures::figures(&self.plan.mapping, span, &table, context.clock.now())?;
        Ok(Answer::Figures { batch, bookmark: None })
    }
}

impl Sql {
    fn span(&self, window: &Window) -> Result<PeriodSpan, CollectError> {
        let kind = self.plan.mapping.period_kind;
        match window {
            Window::Span(span) if span.first.kind() == kind => Ok(*span),
            Window::Span(_) | Window::Everything => {
                let message =
                    format!("a database is asked for a range of {kind} periods; say from when to when");
                Err(CollectError::new(Reason::Config, message))
            }
        }
    }
}

/// The refusal of an answer with too many rows.
fn too_many_rows(most: usize) -> CollectError {
    let message =
        format!("the query gives more than {most} rows; count and group in the query, or raise max_rows");
    CollectError::new(Reason::Config, message)
}

/// The refusal of a query that took too long.
fn too_slow(timeout: std::time::Duration) -> CollectError {
    let message = format!(
        "the query was stopped after {} s; index the column compared with :from and :to, ask for less, or raise timeout_secs",
        timeout.as_secs()
    );
    CollectError::new(Reason::Transient, message)
}
