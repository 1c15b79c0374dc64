//! `PostgreSQL`: one connection a run, one read-only transaction, one query.
//!
//! Settings of the session are set inside the transaction and not when connecting, because a connection
//! pooler in between (`PgBouncer`) refuses start-up options it does not know.

mod decode;
mod encode;
mod numeric;
mod refusal;

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode, PgStatement};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection, Executor, Row, SqlSafeStr, Statement, TypeInfo,
};

use super::bounds::Bounds;
use super::cell::{Replica, Table};
use super::config::Tls;
use super::plan::Plan;
use super::server::Server;
use crate::{CollectError, Context, Reason};
use refusal::Refusals;

const CONNECT: Duration = Duration::from_secs(10);
/// The server stops a query by itself; this much later nobody waits for it to say so.
const GRACE: Duration = Duration::from_secs(10);

/// The rows of the query between two bounds.
pub(super) async fn query(
    server: &Server,
    plan: &Plan,
    bounds: Bounds,
    context: &Context,
) -> Result<Table, CollectError> {
    let mut session = Session::open(server, plan, context).await?;
    let work = session.rows(plan, bounds);
    let table = within(plan.timeout + GRACE, context, work, || super::too_slow(plan.timeout)).await?;
    session.close(context).await;
    Ok(table)
}

/// What a probe learns of the server and of the query, without running it.
pub(super) async fn probe(
    server: &Server,
    plan: &Plan,
    bounds: Bounds,
    context: &Context,
) -> Result<Vec<String>, CollectError> {
    let mut session = Session::open(server, plan, context).await?;
    let work = session.describe(plan, bounds);
    let lines = within(plan.timeout + GRACE, context, work, || super::too_slow(plan.timeout)).await?;
    session.close(context).await;
    Ok(lines)
}

/// A connection in a read-only transaction.
struct Session<'a> {
    connection: PgConnection,
    refusals: Refusals<'a>,
    replica: Option<Replica>,
}

impl<'a> Session<'a> {
    async fn open(server: &'a Server, plan: &Plan, context: &Context) -> Result<Self, CollectError> {
        let password = match &server.password {
            Some(secret) => Some(secret.current().await?),
            None => None,
        };
        let refusals = Refusals::new(server, password.clone(), plan.timeout);
        let late = || refusals.unreachable("no answer within 10 s");
        let mut options = options(server, password.as_ref());
        if let Some(path) = &server.ca_file {
            options = options.ssl_root_cert_from_pem(certificates(path).await?);
        }
        let connecting =
            async { PgConnection::connect_with(&options).await.map_err(|error| refusals.of(&error)) };
        let connection = within(CONNECT, context, connecting, late).await?;
        let mut session = Self { connection, refusals, replica: None };
        within(CONNECT, context, session.begin(plan), || super::too_slow(CONNECT)).await?;
        Ok(session)
    }

    /// Begins the transaction. One snapshot, so that the channels of an answer fit each other; a session
    /// time zone, so that a date compared with a timestamptz is midnight of the service.
    async fn begin(&mut self, plan: &Plan) -> Result<(), CollectError> {
        const SETTINGS: &str = "SELECT set_config('statement_timeout', $1, true), \
             set_config('lock_timeout', $2, true), set_config('TimeZone', $3, true), \
             set_config('idle_in_transaction_session_timeout', $1, true), \
             set_config('standard_conforming_strings', 'on', true), pg_is_in_recovery(), \
             (extract(epoch from pg_last_xact_replay_timestamp()) * 1000000)::bigint";
        let begun = self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
        begun.map_err(|error| self.refusals.of(&error))?;
        let zone = plan.mapping.settling.zone.iana_name().unwrap_or("UTC");
        let lock_timeout = plan.timeout.min(Duration::from_secs(5));
        let settings = sqlx::query(SETTINGS)
            .bind(plan.timeout.as_millis().to_string())
            .bind(lock_timeout.as_millis().to_string())
            .bind(zone)
            .persistent(false);
        let row = settings.fetch_one(&mut self.connection).await;
        let row = row.map_err(|error| self.refusals.of(&error))?;
        if row.try_get(5).unwrap_or(false) {
            let followed: Option<i64> = row.try_get(6).unwrap_or_default();
            let follows_until = followed.and_then(|followed| Timestamp::from_microsecond(followed).ok());
            self.replica = Some(Replica { follows_until });
        }
        Ok(())
    }

    /// Prepares the query, so that its columns are known even where it has no rows.
    async fn prepare(&mut self, plan: &Plan, bounds: Bounds) -> Result<PgStatement, CollectError> {
        let types = encode::types(bounds);
        // The text is the administrator's own; everything else is bound.
        let sql = AssertSqlSafe(plan.sql.clone()).into_sql_str();
        let prepared = self.connection.prepare_with(sql, &types).await;
        let statement = prepared.map_err(|error| self.refusals.of_query(&error, &plan.sql))?;
        for column in statement.columns() {
            let needed = plan.mapping.columns().iter().any(|name| name.eq_ignore_ascii_case(column.name()));
            if needed && column.type_info().name() == "MONEY" {
                let message = format!(
                    "column {:?} is of type money, whose digits depend on the server's locale; cast it in the query: {}::numeric",
                    column.name(),
                    column.name()
                );
                return Err(CollectError::new(Reason::Config, message));
            }
        }
        Ok(statement)
    }

    async fn rows(&mut self, plan: &Plan, bounds: Bounds) -> Result<Table, CollectError> {
        let statement = self.prepare(plan, bounds).await?;
        let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let mut table = Table { columns, rows: Vec::new(), replica: self.replica };
        let arguments = encode::arguments(bounds);
        let arguments = arguments.map_err(|error| CollectError::new(Reason::Config, error))?;
        let mut rows = statement.query_with(arguments).fetch(&mut self.connection);
        loop {
            let next = rows.try_next().await;
            let Some(row) = next.map_err(|error| self.refusals.of_query(&error, &plan.sql))? else { break };
            if table.rows.len() >= plan.max_rows {
                return Err(super::too_many_rows(plan.max_rows));
            }
            table.rows.push(decode::row(&row));
        }
        drop(rows);
        Ok(table)
    }

    async fn describe(&mut self, plan: &Plan, bounds: Bounds) -> Result<Vec<String>, CollectError> {
        let who = sqlx::query("SELECT current_setting('server_version'), current_user::text")
            .persistent(false)
            .fetch_one(&mut self.connection);
        let row = who.await.map_err(|error| self.refusals.of(&error))?;
        let text = |position: usize| row.try_get::<String, _>(position).unwrap_or_default();
        let mut lines = vec![format!(
            "PostgreSQL {}, {}, as user {}{}",
            text(0),
            self.refusals.server_name(),
            text(1),
            match self.replica {
                None => String::new(),
                Some(Replica { follows_until: None }) =>
                    ", a replica that does not say how far it is".to_owned(),
                Some(Replica { follows_until: Some(until) }) => {
                    format!(", a replica that has followed its primary until {until}")
                }
            }
        )];
        let statement = self.prepare(plan, bounds).await?;
        lines.push(columns_line(
            statement.columns().iter().map(|column| (column.name(), column.type_info().name())),
        ));
        let table = Table {
            columns: statement.columns().iter().map(|column| column.name().to_owned()).collect(),
            rows: Vec::new(),
            replica: self.replica,
        };
        super::figures::check_columns(&plan.mapping, &table)?;
        let arguments = encode::arguments(bounds);
        let arguments = arguments.map_err(|error| CollectError::new(Reason::Config, error))?;
        let explain = AssertSqlSafe(format!("EXPLAIN {}", plan.sql));
        let explained = sqlx::query_with(explain, arguments).persistent(false);
        let planned = explained.fetch_one(&mut self.connection).await;
        let planned = planned.map_err(|error| self.refusals.of_query(&error, &plan.sql))?;
        let first: String = planned.try_get(0).unwrap_or_default();
        lines.push(format!("the query can be run: {}", refusal::one_line(&first)));
        Ok(lines)
    }

    /// Leaves politely. What was read is read, whatever becomes of this.
    async fn close(self, context: &Context) {
        let Self { mut connection, refusals, .. } = self;
        let leaving = async {
            // Behind a pooler the server's session lives on after the transaction, with the names of our
            // statements.
            connection.clear_cached_statements().await?;
            connection.execute("ROLLBACK").await?;
            connection.close().await
        };
        let leaving = async { leaving.await.map_err(|error| refusals.of(&error)) };
        let late = || refusals.unreachable("no answer to the end of the transaction");
        if let Err(error) = within(CONNECT, context, leaving, late).await {
            tracing::debug!(%error, "the connection to the database was not closed in order");
        }
    }
}

/// `columns: period_start (DATE), value (NUMERIC)`.
pub(super) fn columns_line<'a>(columns: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let named: Vec<String> = columns.map(|(name, kind)| format!("{name} ({kind})")).collect();
    format!("columns: {}", named.join(", "))
}

fn options(server: &Server, password: Option<&SecretString>) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&server.host)
        .port(server.port)
        .database(&server.database)
        .username(&server.user)
        .application_name("pp-collector")
        .extra_float_digits(None)
        .ssl_mode(match server.tls {
            Tls::Require => PgSslMode::VerifyFull,
            Tls::Prefer => PgSslMode::Prefer,
            Tls::Disable => PgSslMode::Disable,
        })
        .disable_statement_logging();
    if let Some(password) = password {
        options = options.password(password.expose_secret());
    }
    options
}

/// Read here, because the driver reports a file that is not there as a server that is not.
async fn certificates(path: &Path) -> Result<Vec<u8>, CollectError> {
    tokio::fs::read(path).await.map_err(|error| {
        let message =
            format!("ca_file {} cannot be read: {}; give certificates in PEM", path.display(), error.kind());
        CollectError::new(Reason::Config, message)
    })
}

/// The work, unless the injected clock says first that it takes too long.
async fn within<T>(
    longest: Duration,
    context: &Context,
    work: impl Future<Output = Result<T, CollectError>>,
    late: impl FnOnce() -> CollectError,
) -> Result<T, CollectError> {
    tokio::select! {
        biased;
        result = work => result,
        () = context.clock.time_limit(longest) => Err(late()),
    }
}
