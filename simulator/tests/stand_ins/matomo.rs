use rstest::rstest;
use serde_json::{Value, json};
use simulator::matomo::{TOKEN, Version};
use simulator::{Running, Source};

use crate::support::{client, start};

async fn ask_with(running: &Running, token: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/index.php", running.address(Source::Matomo));
    let fixed = [("module", "API"), ("format", "json"), ("token_auth", token)];
    let form: Vec<(&str, &str)> = fixed.into_iter().chain(pairs.iter().copied()).collect();
    let response = client().post(url).form(&form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn ask(running: &Running, pairs: &[(&str, &str)]) -> (u16, Value) {
    ask_with(running, TOKEN, pairs).await
}

const WEEK: [(&str, &str); 5] = [
    ("method", "Goals.get"),
    ("idSite", "1"),
    ("idGoal", "2"),
    ("period", "day"),
    ("date", "2026-11-16,2026-11-18"),
];

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}

#[tokio::test]
async fn goals_are_keyed_by_day_and_some_counts_are_text() {
    let (running, _) = start().await;
    let (_, answer) = ask(&running, &[&WEEK[..], &[("format_metrics", "0")]].concat()).await;
    insta::assert_json_snapshot!(answer);
}

#[tokio::test]
async fn rates_are_text_in_the_users_language() {
    let (running, _) = start().await;
    let rate = async |extra: &[(&str, &str)]| {
        let (_, answer) = ask(&running, &[&WEEK[..], extra].concat()).await;
        answer["2026-11-16"]["conversion_rate"].as_str().unwrap().to_owned()
    };
    assert!(rate(&[]).await.ends_with('%'));
    let german = rate(&[("language", "de")]).await;
    assert!(german.ends_with("\u{a0}%") && german.contains(','), "{german}");
}

#[rstest]
#[case("day", "2026-11-16", None)]
#[case("week", "2026-11-16,2026-11-20", Some("2026-11-16,2026-11-22"))]
#[case("month", "2026-10-01,2026-10-31", Some("2026-10"))]
#[case("range", "2026-11-16,2026-11-18", None)]
#[tokio::test]
async fn periods_nest_as_they_do(#[case] period: &str, #[case] date: &str, #[case] key: Option<&str>) {
    let (running, _) = start().await;
    let pairs = [("method", "VisitsSummary.get"), ("idSite", "1"), ("period", period), ("date", date)];
    let (_, answer) = ask(&running, &pairs).await;
    let summary = key.map_or(&answer, |key| &answer[key]);
    assert!(number(&summary["nb_visits"]) > 100, "{answer}");
    assert_eq!(summary.get("nb_uniq_visitors").is_some(), period != "range");
    let lone = [&pairs[..], &[("showColumns", "nb_visits")]].concat();
    let (_, answer) = ask(&running, &lone).await;
    assert!(number(key.map_or(&answer["value"], |key| &answer[key])) > 100, "{answer}");
}

#[tokio::test]
async fn several_sites_stand_outside_the_dates_and_silence_is_an_empty_list() {
    let (running, _) = start().await;
    let pairs = [
        ("method", "VisitsSummary.get"),
        ("idSite", "1,5"),
        ("period", "day"),
        ("date", "2026-11-16,2026-11-17"),
    ];
    let (_, answer) = ask(&running, &pairs).await;
    assert!(answer["1"]["2026-11-16"].is_object());
    assert_eq!(answer["5"], json!({"2026-11-16": [], "2026-11-17": []}));
}

#[tokio::test]
async fn a_hundred_rows_are_given_unless_more_are_asked_for() {
    let (running, _) = start().await;
    let pairs = [("method", "Events.getName"), ("idSite", "1"), ("period", "day"), ("date", "2026-11-16")];
    let (_, answer) = ask(&running, &pairs).await;
    assert_eq!(answer.as_array().unwrap().len(), 100);
    assert_eq!((&answer[0]["label"], &answer[1]["label"]), (&json!("start"), &json!("submit")));
    let (_, all) = ask(&running, &[&pairs[..], &[("filter_limit", "-1")]].concat()).await;
    assert!(all.as_array().unwrap().len() > 100);
    assert_eq!(all[0].get("nb_events_percent_of_total"), None);
    running.matomo().set(|options| options.version = Version(6, 0));
    let (_, six) = ask(&running, &pairs).await;
    assert!(six[0]["nb_events_percent_of_total"].as_str().unwrap().ends_with('%'));
    let (_, six) = ask(&running, &[&pairs[..], &[("percent_of_total", "0")]].concat()).await;
    assert_eq!(six[0].get("nb_events_percent_of_total"), None);
}

#[rstest]
#[case(Version(4, 16), [200, 200, 200, 200, 200])]
#[case(Version(5, 0), [401, 401, 200, 200, 200])]
#[case(Version(5, 6), [401, 401, 200, 200, 200])]
#[case(Version(5, 8), [401, 401, 400, 404, 403])]
#[case(Version(6, 0), [401, 401, 400, 404, 403])]
#[tokio::test]
async fn an_error_has_the_status_of_its_version(#[case] version: Version, #[case] expected: [u16; 5]) {
    let (running, _) = start().await;
    running.matomo().set(|options| {
        options.version = version;
        options.deactivated.push("Events".to_owned());
    });
    let day = [("idSite", "1"), ("period", "day"), ("date", "2026-11-16")];
    let method = |name: &'static str| [&[("method", name)], &day[..]].concat();
    let answers = [
        ask_with(&running, "0", &method("Goals.get")).await,
        ask(&running, &[("method", "Goals.get"), ("idSite", "99"), ("period", "day"), ("date", "today")])
            .await,
        ask(
            &running,
            &[("method", "Goals.get"), ("idSite", "1"), ("period", "fortnight"), ("date", "today")],
        )
        .await,
        ask(&running, &method("Funnels.getMetrics")).await,
        ask(&running, &method("Events.getCategory")).await,
    ];
    for (answer, expected) in answers.iter().zip(expected) {
        assert_eq!(answer.0, expected, "{}", answer.1);
        assert_eq!(answer.1["result"], "error");
    }
}

#[tokio::test]
async fn a_token_in_the_address_is_refused_and_a_bearer_is_taken_since_5_4() {
    let (running, _) = start().await;
    let address = running.address(Source::Matomo);
    let url = format!("{address}/index.php?module=API&format=json&method=API.getMatomoVersion");
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
    let in_address = || client().get(format!("{url}&token_auth={TOKEN}"));
    assert_eq!(status(in_address()).await, 401);
    assert_eq!(status(client().get(&url).bearer_auth(TOKEN)).await, 200);
    running.matomo().set(|options| options.version = Version(5, 3));
    assert_eq!(status(client().get(&url).bearer_auth(TOKEN)).await, 401);
    running.matomo().set(|options| options.secure_only = false);
    assert_eq!(status(in_address()).await, 200);
}

#[tokio::test]
async fn a_bulk_answers_each_and_is_limited_since_5_8() {
    let (running, _) = start().await;
    let good = "method=Goals.get&idSite=1&idGoal=2&period=day&date=2026-11-16&format=json";
    let bad = "method=Goals.get&idSite=1&idGoal=2&period=day&date=never&format=json";
    let pairs = [("method", "API.getBulkRequest"), ("urls[0]", good), ("urls[1]", bad), ("urls[2]", good)];
    let (status, answer) = ask(&running, &pairs).await;
    assert_eq!((status, &answer[1]["result"]), (200, &json!("error")));
    assert_eq!(answer[0], answer[2]);
    running.matomo().set(|options| {
        options.version = Version(5, 8);
        options.bulk_limit = Some(2);
    });
    assert_eq!(ask(&running, &pairs).await.0, 400);
}

#[tokio::test]
async fn late_tracking_changes_yesterday_at_the_next_archive() {
    let (running, clock) = start().await;
    running.matomo().set(|options| options.archive_seconds = 4 * 3600);
    let pairs = [("method", "VisitsSummary.get"), ("idSite", "2"), ("period", "day"), ("date", "2026-11-22")];
    let visits = async || number(&ask(&running, &pairs).await.1["nb_visits"]);
    let first = visits().await;
    clock.forward(1);
    assert_eq!(visits().await, first);
    clock.forward(4);
    assert!(visits().await > first);
}

#[tokio::test]
async fn pages_devices_funnels_and_the_site_are_described() {
    let (running, _) = start().await;
    running.matomo().set(|options| options.funnels = true);
    let day = [("idSite", "1"), ("period", "day"), ("date", "2026-11-16")];
    let url = "https://apply-juggling-licence.service.example/confirmation";
    let get = async |method: &str, extra: &[(&str, &str)]| {
        ask(&running, &[&[("method", method)], &day[..], extra].concat()).await.1
    };
    let completed = number(&get("Goals.get", &[("idGoal", "2")]).await["nb_conversions"]);
    assert_eq!(get("Actions.getPageUrl", &[("pageUrl", url)]).await[0]["nb_hits"], completed);
    assert_eq!(get("Actions.getPageUrl", &[("pageUrl", "https://else.example/")]).await, json!([]));
    assert_eq!(get("Funnels.getFunnelFlow", &[]).await[1]["step_nb_visits_actual"], completed);
    let devices = get("DevicesDetection.getType", &[]).await;
    let sum: u64 = (0..3).map(|row| number(&devices[row]["goals"]["idgoal=2"]["nb_conversions"])).sum();
    assert_eq!(sum, completed);
    let site = get("SitesManager.getSiteFromId", &[]).await;
    assert_eq!((&site["timezone"], &site["currency"]), (&json!("Europe/London"), &json!("GBP")));
    assert_eq!(get("Goals.getGoals", &[]).await[1]["name"], "Completed");
}
