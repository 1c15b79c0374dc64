//! Figures in databases: one read-only query for a window of periods.
//!
//! A window goes the way `bounds` (what `:from` and `:to` are) → `postgres` or `sqlite` (a table of
//! cells) → `figures` (rows by the mapping of `plan::Plan`) → `expected` (figures without a row). The query
//! was checked and its placeholders numbered when the settings were read (`lexer`, `statement`).

mod bounds;
mod cell;
mod config;
mod expected;
mod faults;
mod figures;
mod lexer;
mod plan;
mod postgres;
mod server;
mod sqlite;
mod statement;

use std::sync::Arc;

use async_trait::async_trait;
use kpi::PeriodKind;

use crate::{
    Answer, Capabilities, CollectError, Collector, Context, Kind, ProbeReport, Reading, Reason,
    SettingProblems, Window, windows,
};
use bounds::Bounds;
use plan::{Database, Plan};

/// The entry of the kinds table.
pub const KIND: Kind = Kind {
    name: "sql",
    summary: "a read-only query of a PostgreSQL server or an SQLite file",
    reasons: &Reason::ALL_BUT_QUOTA,
    // Cases are corrected for up to 90 days; retention deletes them later than that.
    purge_guard_days: Some(90),
    build,
};

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
        let (largest, usual) = match period_kind {
            PeriodKind::Hour => (31 * 24, 28 * 24),
            PeriodKind::Day => (366, 28),
            PeriodKind::Week => (260, 4),
            PeriodKind::Month | PeriodKind::YearTo => (120, 1),
            PeriodKind::Quarter | PeriodKind::Year | PeriodKind::FinancialYear => (40, 1),
        };
        let look_back = self.plan.look_back.unwrap_or(usual);
        let settles_after = self.plan.mapping.settling.after;
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
        let span = windows::span(window, self.plan.mapping.period_kind)?;
        let bounds = Bounds::of(span, self.plan.bind, &self.plan.mapping.settling.zone);
        let table = match &self.plan.database {
            Database::Postgresql(server) => postgres::query(server, &self.plan, bounds, context).await?,
            Database::Sqlite(file) => sqlite::query(file, &self.plan, bounds, context).await?,
        };
        let batch = figures::figures(&self.plan.mapping, span, &table, context.clock.now())?;
        Ok(Answer::Figures { batch, bookmark: None })
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
