//! What failures say, and under which reason.

use collectors::Reason::{self, Auth, Config, Malformed, Permission, Transient};
use rstest::rstest;

use crate::server::{Encryption, PASSWORD, Server, shared};
use crate::{ask, days, figures, probe};

const LONG: &str = "layout = \"long\"\nperiod = \"day\"\ncolumns.service = { value = \"permit\" }\n\
                    columns.measure = { value = \"completed\" }\ncolumns.channel = { value = \"phone\" }\n";
const GOOD: &str = "select :from as period_start, 1 as value where :to > :from";

async fn refusal(server: &Server, query: &str, more: &str) -> (Reason, String) {
    let more = format!("{more}\n{LONG}");
    let error = ask(server, query, &more, days("2026-04-01", "2026-04-01")).await.unwrap_err();
    (error.reason(), error.to_string())
}

#[rstest]
#[case::missing_table(
    Config,
    "relation \"nowhere\" does not exist in line 2 of the query; correct the query",
    "select :from as period_start, n as value\nfrom nowhere where :to > :from"
)]
#[case::missing_column(Config, "column \"nmae\" does not exist in line 1", "select nmae, :from, :to")]
#[case::mistyped(Config, "syntax error at or near \"form\"", "select 1 form form form where :from < :to")]
#[case::writes(
    Config,
    "the query writes: cannot execute SELECT in a read-only transaction; a collector only reads",
    "with gone as (insert into written values (1) returning 1) select :from as period_start, 1 as value from gone where :to > :from"
)]
#[case::stays_read_only(
    Config,
    "the query writes: ",
    "with off as (select set_config('transaction_read_only', 'off', true)), gone as (insert into written values (1) returning 1) select :from as period_start, 1 as value from gone, off where :to > :from"
)]
#[case::money(
    Config,
    "column \"value\" is of type money",
    "select :from as period_start, 1::text::money as value where :to > :from"
)]
#[case::bad_cast(
    Malformed,
    "invalid input syntax for type integer: \"many\"",
    "select :from as period_start, t::int as value from (values ('many')) as v(t) where :to > :from"
)]
#[case::division(Malformed, "division by zero", "select :from as period_start, 1 / (:to - :to) as value")]
#[case::renamed(
    Malformed,
    "the answer has no column \"value\"; wanted \"period_start\", \"value\", found \"period_start\", \"total\"",
    "select :from as period_start, 1 as total where :to < :from"
)]
#[tokio::test]
async fn a_query_that_fails_says_why(#[case] reason: Reason, #[case] expected: &str, #[case] query: &str) {
    let Some(server) = shared() else { return };
    server.admin("create table if not exists written (n int); grant insert on written to reader");
    let (found, message) = refusal(server, query, "").await;
    assert_eq!(found, reason, "{message}");
    assert!(message.contains(expected), "{message}");
    assert_eq!(server.admin("select count(*) from written"), "0");
}

#[tokio::test]
async fn a_wrong_password_is_an_auth_failure() {
    let Some(server) = shared() else { return };
    let file = server.password_file(false);
    let (reason, message) = refusal(server, GOOD, &format!("password = {{ file = {file:?} }}")).await;
    assert_eq!(reason, Auth);
    assert!(message.contains("password authentication failed for user \"reader\"; check user"), "{message}");
    let (reason, _) = refusal(server, GOOD, "user = \"nobody\"").await;
    assert_eq!(reason, Auth);
}

#[tokio::test]
async fn another_database_than_there_is_is_a_setting() {
    let Some(server) = shared() else { return };
    let (reason, message) = refusal(server, GOOD, "database = \"casse\"").await;
    assert_eq!(reason, Config);
    assert!(message.contains("database \"casse\" does not exist; correct `database`"), "{message}");
}

#[tokio::test]
async fn a_table_one_may_not_read_is_a_permission() {
    let Some(server) = shared() else { return };
    server.admin("create table secret (n int)");
    let query = "select :from as period_start, n as value from secret where :to > :from";
    let more = "user = \"outsider\"";
    let (reason, message) = refusal(server, query, more).await;
    assert_eq!(reason, Permission);
    assert_eq!(
        message,
        "user outsider: permission denied for table secret; have the owner run: GRANT SELECT ON … TO outsider"
    );
    let probed = probe(server, query, &format!("{more}\n{LONG}")).await.unwrap_err();
    assert_eq!(probed.reason(), Permission);
}

#[tokio::test]
async fn a_slow_query_is_stopped_by_the_server() {
    let Some(server) = shared() else { return };
    let query = "select :from as period_start, 1 as value from pg_sleep(60) where :to > :from";
    let (reason, message) = refusal(server, query, "timeout_secs = 1").await;
    assert_eq!(reason, Transient);
    assert!(message.starts_with("the query was stopped after 1 s; index"), "{message}");
}

#[tokio::test]
async fn more_rows_than_allowed_are_refused() {
    let Some(server) = shared() else { return };
    let query =
        "select :from as period_start, n as value from generate_series(1, 100000000) as n where :to > :from";
    let (reason, message) = refusal(server, query, "max_rows = 10").await;
    assert_eq!(reason, Config);
    assert!(message.starts_with("the query gives more than 10 rows"), "{message}");
}

#[tokio::test]
async fn a_connection_ended_by_the_administrator_is_transient() {
    let Some(server) = shared() else { return };
    let query = "select :from as period_start, 1 as value from pg_sleep(60) as ended_mark where :to > :from";
    let (found, ()) = tokio::join!(refusal(server, query, ""), async {
        tokio::task::spawn_blocking(move || {
            server.wait_for_query("as ended_mark");
            server.admin(
                "select pg_terminate_backend(pid) from pg_stat_activity \
                 where query like '%as ended_mark%' and pid <> pg_backend_pid()",
            );
        })
        .await
        .unwrap();
    });
    assert_eq!(found.0, Transient, "{}", found.1);
}

#[tokio::test]
async fn a_server_that_dies_is_transient_and_so_is_one_that_is_down() {
    let Some(server) = Server::start(Encryption::Missing) else { return };
    let server = std::sync::Arc::new(server);
    let query = "select :from as period_start, 1 as value from pg_sleep(60) as killed_mark where :to > :from";
    let killer = std::sync::Arc::clone(&server);
    let (found, ()) = tokio::join!(refusal(&server, query, ""), async {
        tokio::task::spawn_blocking(move || {
            killer.wait_for_query("as killed_mark");
            killer.kill();
        })
        .await
        .unwrap();
    });
    assert_eq!(found.0, Transient, "{}", found.1);
    let (reason, message) = refusal(&server, GOOD, "").await;
    assert_eq!(reason, Transient);
    assert!(message.contains("cannot be reached: "), "{message}");
}

#[tokio::test]
async fn encryption_proves_the_server_unless_told_otherwise() {
    let Some(server) = shared() else { return };
    let certificate = server.certificate();
    let proved = format!("tls = \"require\"\nhost = \"localhost\"\nca_file = {certificate:?}\n{LONG}");
    let batch = ask(server, GOOD, &proved, days("2026-04-01", "2026-04-01")).await.unwrap();
    assert_eq!(figures(&batch), ["permit completed phone 2026-04-01 1"]);
    ask(server, GOOD, &format!("tls = \"prefer\"\n{LONG}"), days("2026-04-01", "2026-04-01")).await.unwrap();

    let missing = "tls = \"require\"\nca_file = \"nowhere.pem\"";
    let (reason, message) = refusal(server, GOOD, missing).await;
    assert_eq!(reason, Config);
    assert!(message.starts_with("ca_file nowhere.pem cannot be read"), "{message}");

    for unproved in [
        "tls = \"require\"\nhost = \"localhost\"".to_owned(),
        format!("tls = \"require\"\nca_file = {certificate:?}"),
    ] {
        let (reason, message) = refusal(server, GOOD, &unproved).await;
        assert_eq!(reason, Config, "{message}");
        assert!(message.contains("does not prove who it is"), "{message}");
    }
}

#[tokio::test]
async fn a_server_without_encryption_is_refused_where_it_is_required() {
    let Some(server) = Server::start(Encryption::Missing) else { return };
    let (reason, message) = refusal(&server, GOOD, "tls = \"require\"").await;
    assert_eq!(reason, Config, "{message}");
    assert!(message.contains("set tls = \"disable\" if the way to it is trusted"), "{message}");
}

#[tokio::test]
async fn a_password_that_the_server_echoes_stays_hidden() {
    let Some(server) = shared() else { return };
    let query = format!("select :from as period_start, '{PASSWORD}'::text::int as value where :to > :from");
    let (reason, message) = refusal(server, &query, "").await;
    assert_eq!(reason, Malformed);
    assert!(message.contains("[hidden]"), "{message}");
}
