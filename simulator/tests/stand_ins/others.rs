use jiff::civil::date;
use rstest::rstest;
use serde_json::{Value, json};
use simulator::plausible::KEY;
use simulator::{Running, Source, feedback, forms};

use crate::support::{client, get, start};

async fn plausible(running: &Running, body: &Value) -> (u16, Value) {
    let url = format!("{}/api/v2/query", running.address(Source::Plausible));
    let response = client().post(url).bearer_auth(KEY).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn goals() -> Value {
    json!({
        "site_id": "apply-juggling-licence.service.example",
        "metrics": ["events", "conversion_rate"],
        "date_range": ["2026-11-16", "2026-11-18"],
        "dimensions": ["time:day", "event:goal"],
        "filters": [["is", "event:goal", ["Submit"]]],
        "include": {"time_labels": true, "total_rows": true},
    })
}

#[tokio::test]
async fn plausible_counts_goals_by_day() {
    let (running, _) = start().await;
    let (_, answer) = plausible(&running, &goals()).await;
    insta::assert_json_snapshot!(answer);
}

#[rstest]
#[case("metrics", json!(["sales"]), 400)]
#[case("dimensions", json!(["time:fortnight"]), 400)]
#[case("site_id", json!("else.example"), 401)]
#[case("filters", json!([["is", "event:goal"]]), 400)]
#[tokio::test]
async fn plausible_refuses_with_a_text(#[case] field: &str, #[case] value: Value, #[case] expected: u16) {
    let (running, _) = start().await;
    let mut body = goals();
    body[field] = value;
    let (status, answer) = plausible(&running, &body).await;
    assert_eq!(status, expected);
    assert!(answer["error"].is_string());
}

#[tokio::test]
async fn plausible_takes_so_many_calls_an_hour() {
    let (running, clock) = start().await;
    running.plausible().set(|options| options.per_hour = 1);
    let mut statuses = vec![plausible(&running, &goals()).await.0, plausible(&running, &goals()).await.0];
    clock.forward(1);
    statuses.push(plausible(&running, &goals()).await.0);
    assert_eq!(statuses, [200, 429, 200]);
}

#[tokio::test]
async fn an_increase_is_a_fraction_by_channel() {
    let (running, clock) = start().await;
    let query =
        "sum by (channel) (increase(service_completed_total{service=\"apply-juggling-licence\"}[24h]))";
    let form = [("query", query.to_owned()), ("time", (clock.second() - 9 * 3600).to_string())];
    let url = format!("{}/api/v1/query", running.address(Source::Prometheus));
    let answer: Value = client().post(url).form(&form).send().await.unwrap().json().await.unwrap();
    insta::assert_json_snapshot!(answer);
}

#[rstest]
#[case("query?query=sum(", "bad_data")]
#[case("query?query=increase(service_completed_total)", "bad_data")]
#[case("query_range?query=service_completed_total&start=1795305600&end=1795392000&step=1", "bad_data")]
#[tokio::test]
async fn prometheus_refuses_in_its_envelope(#[case] path: &str, #[case] kind: &str) {
    let (running, _) = start().await;
    let (status, answer) = get(&running, Source::Prometheus, &format!("/api/v1/{path}")).await;
    assert_eq!((status, &answer["status"], &answer["errorType"]), (400, &json!("error"), &json!(kind)));
}

#[tokio::test]
async fn a_range_gives_values_and_a_stranger_metric_nothing() {
    let (running, clock) = start().await;
    let (start, end) = (clock.second() - 7200, clock.second());
    let range = |metric: &str| format!("/api/v1/query_range?query={metric}&start={start}&end={end}&step=1h");
    let (_, answer) = get(&running, Source::Prometheus, &range("service_started_total")).await;
    assert_eq!(answer["data"]["resultType"], "matrix");
    assert_eq!(answer["data"]["result"][0]["values"].as_array().unwrap().len(), 3);
    let (_, answer) = get(&running, Source::Prometheus, &range("nothing_total")).await;
    assert_eq!(answer["data"]["result"], json!([]));
}

#[tokio::test]
async fn ratings_are_gathered_at_night_and_comments_stay() {
    let (running, clock) = start().await;
    let world = running.world();
    let day = date(2026, 11, 22);
    let rows = || -> Vec<csv::StringRecord> {
        let bytes = feedback::export(world, day, day).unwrap();
        csv::Reader::from_reader(bytes.as_slice()).records().map(Result::unwrap).collect()
    };
    let kind = |rows: &[csv::StringRecord], kind: &str, name: &str| -> Vec<csv::StringRecord> {
        rows.iter().filter(|row| &row[9] == kind && row[1].contains(name)).cloned().collect()
    };
    let gathered = rows();
    let aggregates = kind(&gathered, "aggregated-service-feedback", "/done/file-tree-return");
    let sum: usize =
        aggregates.iter().map(|row| row[2].rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum();
    let singles = kind(&gathered, "service-feedback", "file-tree-return").len();
    assert!(sum > 50 && singles > 0 && singles < sum, "{sum} {singles}");
    assert!(gathered.iter().any(|row| row[2].contains('\n')));

    // An hour after midnight yesterday is single rows only.
    clock.forward(-8);
    let early = rows();
    assert!(kind(&early, "aggregated-service-feedback", "").is_empty());
    assert_eq!(kind(&early, "service-feedback", "file-tree-return").len(), sum);
}

#[tokio::test]
async fn a_form_says_no_starts_and_begins_with_yesterday() {
    let (running, _) = start().await;
    let world = running.world();
    let silent = world.service(&"report-lost-anchor".parse().unwrap()).unwrap();
    let text = String::from_utf8(forms::export(world, silent, date(2026, 10, 13)).unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Date,Started,Completed,Completion rate (%),Started but not completed");
    assert_eq!(lines[1], "22/11/2026,0,0,No starts,0");
    assert_eq!(lines.len(), 42);
    let url = format!("{}/forms/report-lost-anchor.csv?from=2026-10-13", running.address(Source::Files));
    let response = client().get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/csv; charset=iso-8859-1");
    assert_eq!(response.text().await.unwrap(), text);
}
