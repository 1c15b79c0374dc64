//! What answers become.

use kpi::PeriodKind;
use rstest::rstest;

use crate::server::shared;
use crate::{ask, days, figures, probe, window};

const DAYS: &str = "layout = \"long\"\nperiod = \"day\"\ncolumns.service = { value = \"permit\" }\n";

#[tokio::test]
async fn a_long_answer_is_read() {
    let Some(server) = shared() else { return };
    server.admin(
        "create table long (service text, day date, what varchar(20), how name, n bigint, covers text); \
         insert into long values ('permit', '2026-04-01', 'started', 'WEB', 5, 'consented'), \
         ('licence', '2026-04-02', 'completed', 'phone', 0, 'all'), ('permit', '2026-04-02', 'completed', 'paper', null, 'all'), \
         ('permit', '2026-04-03', 'completed', 'paper', 9, 'all')",
    );
    let more = "layout = \"long\"\nperiod = \"day\"\n[columns]\nservice = \"service\"\nperiod_start = \"day\"\n\
                measure = \"what\"\nchannel = \"how\"\nvalue = \"n\"\ncoverage = \"covers\"\n[channels]\nweb = \"digital\"";
    let query = "select * from long where day >= :from and day < :to";
    let batch = ask(server, query, more, days("2026-04-01", "2026-04-02")).await.unwrap();
    assert_eq!(
        figures(&batch),
        [
            "licence completed phone 2026-04-02 0",
            "permit started digital 2026-04-01 5",
            "permit completed paper 2026-04-02 not_provided",
        ]
    );
    assert!(batch.notes.is_empty(), "{:?}", batch.notes);
    assert_eq!(batch.series[1].key.coverage, kpi::Coverage::Consented);
}

#[tokio::test]
async fn a_wide_answer_is_read_and_months_too() {
    let Some(server) = shared() else { return };
    let more = "layout = \"wide\"\ncolumns.service = { value = \"permit\" }\nperiod = \"month\"\n\
                figures = [{ column = \"online\", measure = \"completed\", channel = \"digital\" },\n\
                { column = \"cost\", measure = \"cost\", channel = \"all_channels\" }]";
    let query = "select date_trunc('month', day) as \"Period_Start\", count(*) as online, sum(pence)::numeric / 100 as cost \
                 from (values (:from::date, 1050), (:from::date + 3, 225)) as t(day, pence) where day < :to group by 1";
    let batch =
        ask(server, query, more, window(PeriodKind::Month, "2026-04-01", "2026-04-01")).await.unwrap();
    assert_eq!(
        figures(&batch),
        ["permit completed digital 2026-04-01 2", "permit cost all_channels 2026-04-01 12.75"]
    );
}

#[rstest]
#[case("12345678901234567890.12345678::numeric", "12345678901234567890.12345678")]
#[case("0.1::numeric + 0.2", "0.3")]
#[case("(-0.0001)::numeric(10,6)", "-0.0001")]
#[case("1e20::numeric", "100000000000000000000")]
#[case("10000::numeric", "10000")]
#[case("79228162514264337593543950335::numeric", "79228162514264337593543950335")]
#[case("(10::numeric / 3)", "3.3333333333333333")]
#[case("9223372036854775807::bigint", "9223372036854775807")]
#[case("(-5)::smallint", "-5")]
#[case("0.1::float8", "0.1")]
#[case("0.1::float4", "0.1")]
#[case("'12.50'::text", "12.50")]
#[case("null::numeric", "not_provided")]
#[tokio::test]
async fn a_number_is_kept_to_the_digit(#[case] expression: &str, #[case] expected: &str) {
    let Some(server) = shared() else { return };
    let batch = one_value(server, expression).await.unwrap();
    assert_eq!(figures(&batch), [format!("permit completed phone 2026-04-01 {expected}")]);
}

#[rstest]
#[case("'NaN'::float8", "NaN, which is no number")]
#[case("'NaN'::numeric", "NaN, which is no number")]
#[case("'Infinity'::numeric", "infinite")]
#[case("79228162514264337593543950336::numeric", "more than 28 digits")]
#[case("(1::numeric / 3 + 1e-30)", "more than 28 digits")]
#[case("true", "of type bool")]
#[case("'many'", "\"many\" is not a number")]
#[case("array[1]", "of type int4[]")]
#[tokio::test]
async fn what_is_no_number_is_said_to_be_none(#[case] expression: &str, #[case] expected: &str) {
    let Some(server) = shared() else { return };
    let error = one_value(server, expression).await.unwrap_err();
    assert_eq!(error.reason(), collectors::Reason::Malformed, "{error}");
    assert!(error.details()[0].contains(expected), "{:?}", error.details());
}

async fn one_value(server: &crate::Server, expression: &str) -> Result<kpi::Batch, collectors::CollectError> {
    let query = format!(
        "select :from as period_start, 'completed' as measure, 'phone' as channel, {expression} as value where :to > :from"
    );
    ask(server, &query, DAYS, days("2026-04-01", "2026-04-01")).await
}

#[tokio::test]
async fn enumerated_types_are_words() {
    let Some(server) = shared() else { return };
    server.admin("create type way as enum ('phone', 'paper')");
    let query = "select :from as period_start, 'completed' as measure, 'paper'::way as channel, 1 as value where :to > :from";
    let batch = ask(server, query, DAYS, days("2026-04-01", "2026-04-01")).await.unwrap();
    assert_eq!(figures(&batch), ["permit completed paper 2026-04-01 1"]);
}

#[tokio::test]
async fn absent_rows_are_zero_only_where_that_is_declared() {
    let Some(server) = shared() else { return };
    let query = "select :from as period_start, 'completed' as measure, 'phone' as channel, 1 as value where :to < :from";
    let window = days("2026-04-01", "2026-04-02");
    assert!(figures(&ask(server, query, DAYS, window).await.unwrap()).is_empty());
    let zero = format!(
        "{DAYS}absent = \"zero\"\nexpected.figures = [{{ measure = \"completed\", channel = \"phone\" }}]"
    );
    assert_eq!(
        figures(&ask(server, query, &zero, window).await.unwrap()),
        ["permit completed phone 2026-04-01 0", "permit completed phone 2026-04-02 0"]
    );
}

/// One event in the last second before and the first of each local day around both changes of the clock.
const EVENTS: &str = "(values ('2026-03-28T23:59:59Z'), ('2026-03-29T00:00:00Z'), ('2026-03-29T22:59:59Z'), \
    ('2026-03-29T23:00:00Z'), ('2026-10-24T22:59:59Z'), ('2026-10-24T23:00:00Z'), ('2026-10-25T00:30:00Z'), \
    ('2026-10-25T01:30:00Z'), ('2026-10-25T23:59:59Z'), ('2026-10-26T00:00:00Z')) as t(text)";

#[rstest]
#[case("dates", "2026-03-29", 2)]
#[case("dates", "2026-10-25", 4)]
#[case("timestamps", "2026-03-29", 2)]
#[case("timestamps", "2026-10-25", 4)]
#[tokio::test]
async fn a_day_is_the_services_own_where_the_clocks_change(
    #[case] bind: &str,
    #[case] day: &str,
    #[case] count: u32,
) {
    let Some(server) = shared() else { return };
    let query = format!(
        "select at::date as period_start, 'completed' as measure, 'phone' as channel, count(*) as value \
         from (select text::timestamptz as at from {EVENTS}) as e where at >= :from and at < :to group by 1"
    );
    let more = format!("{DAYS}bind = \"{bind}\"");
    let batch = ask(server, &query, &more, days(day, day)).await.unwrap();
    assert_eq!(figures(&batch), [format!("permit completed phone {day} {count}")]);
    assert!(batch.notes.is_empty());
}

#[tokio::test]
async fn both_hours_the_clocks_show_twice_are_told_apart() {
    let Some(server) = shared() else { return };
    let query = format!(
        "select date_trunc('hour', at) as period_start, 'completed' as measure, 'phone' as channel, count(*) as value \
         from (select text::timestamptz as at from {EVENTS}) as e where at >= :from and at < :to group by 1"
    );
    let more = DAYS.replace("\"day\"", "\"hour\"");
    let hours = window(PeriodKind::Hour, "2026-10-25T00:00Z", "2026-10-25T01:00Z");
    assert_eq!(
        figures(&ask(server, &query, &more, hours).await.unwrap()),
        ["permit completed phone 2026-10-25T00:00:00Z 1", "permit completed phone 2026-10-25T01:00:00Z 1"]
    );
}

#[tokio::test]
async fn a_service_name_cannot_be_sql() {
    let Some(server) = shared() else { return };
    server.admin(
        "create table named (service text); insert into named values ('permit'), ('''; drop table named; --')",
    );
    let query = "select service, :from as period_start, 'completed' as measure, 'phone' as channel, 1 as value \
                 from named where :to > :from";
    let more = "layout = \"long\"\nperiod = \"day\"";
    let batch = ask(server, query, more, days("2026-04-01", "2026-04-01")).await.unwrap();
    assert_eq!(figures(&batch), ["permit completed phone 2026-04-01 1"]);
    assert!(batch.notes[0].text.contains("drop table named"), "{:?}", batch.notes);
    assert_eq!(server.admin("select count(*) from named"), "2");
}

#[tokio::test]
async fn a_probe_says_what_answered_and_what_it_would_give() {
    let Some(server) = shared() else { return };
    server.admin("create table probed (day date, n numeric)");
    let query = "select day as period_start, 'completed' as measure, 'phone' as channel, n as value \
                 from probed where day >= :from and day < :to";
    let lines = probe(server, query, DAYS).await.unwrap();
    assert!(lines[0].starts_with("PostgreSQL "), "{lines:?}");
    assert!(lines[0].contains(", as user reader"), "{lines:?}");
    assert_eq!(lines[1], "columns: period_start (DATE), measure (TEXT), channel (TEXT), value (NUMERIC)");
    assert!(lines[2].starts_with("the query can be run: "), "{lines:?}");
}
