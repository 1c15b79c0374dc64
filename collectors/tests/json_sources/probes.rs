use collectors::Reading;
use kpi::PeriodKind;
use wiremock::matchers::{any, method, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::settings::{NOW, SecretFile, collect, govuk_pay, http_json, prometheus};
use crate::support::collector;
use crate::support::recorded::at;

#[tokio::test]
async fn a_probe_asks_little_and_says_what_it_found() {
    let (server, secret) = (MockServer::start().await, SecretFile::new());
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string(
            r#"{"data":[{"date":"2026-11-19","value":4}],"next":"/more","total":12,"results":[]}"#,
        ))
        .mount(&server)
        .await;
    let more = "paging = { kind = \"next_link\", pointer = \"/next\" }";
    let probed = collector("http_json", &http_json(&server, more)).probe(&at(NOW)).await.unwrap();
    assert_eq!(
        probed.lines,
        [format!("{}/volumes: 1 rows, 1 figures for 2026-11-19, and there are more pages", server.uri())]
    );
    let probed = collector("govuk_pay", &govuk_pay(&server, &secret, "")).probe(&at(NOW)).await.unwrap();
    assert_eq!(probed.lines, ["account 1: 12 payments created on 2026-11-19"]);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_probe_shows_what_an_expression_gives() {
    let (server, secret) = (MockServer::start().await, SecretFile::new());
    let answer = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"channel":"digital"},"value":[1795132800,"412"]}]}}"#;
    Mock::given(query_param("time", "1795132800"))
        .respond_with(ResponseTemplate::new(200).set_body_string(answer))
        .mount(&server)
        .await;
    let probed = collector("prometheus", &prometheus(&server, &secret)).probe(&at(NOW)).await.unwrap();
    assert_eq!(probed.lines, ["completed of fixture-service by digital for 2026-11-19: 412"]);
}

#[tokio::test]
async fn a_long_expression_is_posted() {
    let (server, secret) = (MockServer::start().await, SecretFile::new());
    let answer = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_string(answer))
        .mount(&server)
        .await;
    let long =
        format!("increase(done_total{{path!=\"{}\"}}[{{window}}])", "a".repeat(2000)).replace('"', "\\\"");
    let settings = prometheus(&server, &secret).replace("increase(done_total[{window}])", &long);
    collect(&*collector("prometheus", &settings)).await.unwrap();
}

#[test]
fn windows_are_as_configured_or_usual() {
    let settings = "service = \"a\"\napi_keys = [{ env = \"PAY\" }]\nrefunded = \"leave_out\"";
    let Reading::Windows { period_kind, look_back, settles_after, .. } =
        collector("govuk_pay", settings).capabilities().reading
    else {
        panic!("windows are expected");
    };
    assert_eq!((period_kind, look_back, settles_after.as_hours()), (PeriodKind::Day, 120, 3));
}
