//! What a failure of the server means and what to do about it, by the class of its SQLSTATE
//! (`PostgreSQL` manual, appendix A).

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use crate::sql::server::Server;
use crate::{CollectError, Reason};

/// Makes errors of one server, none of which repeats its password.
pub(super) struct Refusals<'a> {
    server: &'a Server,
    password: Option<SecretString>,
    timeout: Duration,
}

impl<'a> Refusals<'a> {
    pub(super) const fn new(server: &'a Server, password: Option<SecretString>, timeout: Duration) -> Self {
        Self { server, password, timeout }
    }

    /// The server as messages name it.
    pub(super) fn server_name(&self) -> String {
        self.server.name()
    }

    /// An error that has nothing to do with the query's text.
    pub(super) fn of(&self, error: &sqlx::Error) -> CollectError {
        self.of_query(error, "")
    }

    /// An error while the query was prepared or run.
    pub(super) fn of_query(&self, error: &sqlx::Error, sql: &str) -> CollectError {
        let (reason, text) = match error {
            sqlx::Error::Database(refused) => match refused.try_downcast_ref::<PgDatabaseError>() {
                Some(refused) => self.by_state(refused, sql),
                None => (Reason::Transient, format!("{}: {error}", self.server.name())),
            },
            // The driver hands on a failed handshake as input that failed.
            sqlx::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(refused @ rustls::Error::InvalidCertificate(_)) => {
                    (Reason::Config, self.tls(&refused.to_string()))
                }
                _ => return self.unreachable(&error.to_string()),
            },
            sqlx::Error::Tls(error) => (Reason::Config, self.tls(&error.to_string())),
            sqlx::Error::Configuration(error) => (Reason::Config, format!("{}: {error}", self.server.name())),
            sqlx::Error::Protocol(text) => (
                Reason::Malformed,
                format!("{}: {text}; check that a PostgreSQL server answers there", self.server.name()),
            ),
            other => (Reason::Malformed, format!("{}: {other}", self.server.name())),
        };
        CollectError::new(reason, self.clean(&text))
    }

    /// The server cannot be reached, or hung up.
    pub(super) fn unreachable(&self, why: &str) -> CollectError {
        let text = format!(
            "{} cannot be reached: {why}; it is asked again, and if this stays check host, port and firewall",
            self.server.name()
        );
        CollectError::new(Reason::Transient, self.clean(&text))
    }

    fn tls(&self, why: &str) -> String {
        let remedy = if why.contains("does not support TLS") {
            "switch TLS on there, or set tls = \"disable\" if the way to it is trusted"
        } else {
            "give the certificate of its authority as ca_file, and as host the name in its certificate"
        };
        format!("{} does not prove who it is: {why}; {remedy}", self.server.name())
    }

    fn by_state(&self, error: &PgDatabaseError, sql: &str) -> (Reason, String) {
        let said = error.message();
        let user = &self.server.user;
        let state = error.code();
        let place = line(error, sql).map_or_else(String::new, |line| format!(" in line {line} of the query"));
        match state {
            "57014" if said.contains("user request") => {
                let text = format!("somebody stopped the query: {said}; it is asked again");
                return (Reason::Transient, text);
            }
            "57014" => return (Reason::Transient, super::super::too_slow(self.timeout).to_string()),
            "42501" => {
                let grant = match said {
                    _ if said.contains("for database") => "CONNECT ON DATABASE",
                    _ if said.contains("for schema") => "USAGE ON SCHEMA",
                    _ => "SELECT ON",
                };
                let text = format!("user {user}: {said}; have the owner run: GRANT {grant} … TO {user}");
                return (Reason::Permission, text);
            }
            "25006" => {
                let text = format!("the query writes: {said}; a collector only reads, so take that out");
                return (Reason::Config, text);
            }
            "53300" => {
                let text = format!(
                    "{} has no connection left: {said}; it is asked again, and if this stays allow more there \
                     (max_connections) or ask at another time",
                    self.server.name()
                );
                return (Reason::Throttled, text);
            }
            "55P03" => {
                let text = format!("{said}; something else holds the table, it is asked again");
                return (Reason::Transient, text);
            }
            "3D000" => {
                return (Reason::Config, format!("{}: {said}; correct `database`", self.server.name()));
            }
            _ => {}
        }
        match state.get(..2).unwrap_or_default() {
            "28" => (
                Reason::Auth,
                format!(
                    "{} refuses user {user}: {said}; check user, password and the server's pg_hba.conf",
                    self.server.name()
                ),
            ),
            "42" | "0A" => {
                (Reason::Config, format!("{said}{place}; correct the query or create what it names"))
            }
            "22" => (
                Reason::Malformed,
                format!("{said}{place}; a value is not what the query takes it for, cast or filter it"),
            ),
            "53" => (
                Reason::Transient,
                format!("{} is out of memory or disk: {said}; it is asked again", self.server.name()),
            ),
            "08" | "57" | "40" | "58" | "XX" => (
                Reason::Transient,
                format!("{} failed for now: {said}; it is asked again", self.server.name()),
            ),
            _ => (
                Reason::Config,
                format!("{} refuses ({state}): {said}{place}; correct the query", self.server.name()),
            ),
        }
    }

    fn clean(&self, text: &str) -> String {
        let line = one_line(text);
        match &self.password {
            // A database may echo what it was sent.
            Some(password) if !password.expose_secret().is_empty() => {
                line.replace(password.expose_secret(), "[hidden]")
            }
            _ => line,
        }
    }
}

/// The line of the query an error is about.
fn line(error: &PgDatabaseError, sql: &str) -> Option<usize> {
    let Some(PgErrorPosition::Original(position)) = error.position() else { return None };
    if sql.is_empty() {
        return None;
    }
    Some(1 + sql.chars().take(position.saturating_sub(1)).filter(|character| *character == '\n').count())
}

/// A text of the server in one line of bearable length.
pub(super) fn one_line(text: &str) -> String {
    const MOST: usize = 400;
    let words: Vec<&str> = text
        .split(|each: char| each.is_whitespace() || each.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let line = words.join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    line.chars().take(MOST).chain(['…']).collect()
}
