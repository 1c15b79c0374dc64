//! Each receiver, word for word.

use collectors::Reason;
use pp_collector::alerts::deliver::{DeliverError, Telling, tell_once};
use pp_collector::alerts::message::{Message, compose};
use pp_collector::alerts::{News, Notice, Resolution};
use rstest::rstest;
use serde_json::Value;
use std::time::Duration;

use collectors::Clock;

use crate::land::*;
use crate::stand_in::StandIn;

fn notice(news: News) -> Notice {
    let alert = fall("tax-a-vehicle");
    let alert = match news {
        News::Raised => alert,
        News::Worsened => worse(&alert),
        News::Resolved => ended(&alert, Resolution::Recovered),
    };
    Notice { news, alert, occasion: 1, services: services() }
}

fn words(notice: &Notice) -> Message {
    compose(notice, Some("https://performance.example.gov.uk"))
}

async fn tell(kind: &str, settings: &str, news: News, again: bool) -> Result<String, DeliverError> {
    let (notice, clock) = (notice(news), clock());
    let message = words(&notice);
    let telling = Telling { notice: &notice, message: &message, decided_at: at(NOW), again };
    tell_once(&receiver("office", kind, settings), &telling, &context(&clock)).await
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

const NOTIFY_KEY: &str = "alerts-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0";

/// Settings of a kind that speaks HTTP, for a stand-in.
fn settings(kind: &str, address: &str, folder: &tempfile::TempDir) -> String {
    match kind {
        "alertmanager" => format!("urls = [{address:?}]"),
        "webhook" => {
            format!(
                "url = \"{address}/hook\"\nsecret = {}",
                secret(folder, "key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            )
        }
        "govuk_notify" => format!(
            "url = {address:?}\napi_key = {}\ntemplate_id = \"9d751e0e\"\nto = [\"a@example.gov.uk\"]\nreply_to_id = \"8e222534\"",
            secret(folder, "key", NOTIFY_KEY)
        ),
        _ => format!("url = {}", secret(folder, "url", &format!("{address}/services/T0/B0/hunter2"))),
    }
}

#[tokio::test]
async fn slack_is_told_in_blocks_in_which_nothing_is_markup() {
    let (folder, stand_in) = (tempfile::tempdir().unwrap(), StandIn::answering(200, "ok").await);
    let answer = tell("slack", &settings("slack", &stand_in.address, &folder), News::Raised, false).await;
    assert_eq!(answer.unwrap(), "ok");
    let told = &stand_in.told()[0];
    assert_eq!((told.method.as_str(), told.path.as_str()), ("POST", "/services/T0/B0/hunter2"));
    insta::assert_snapshot!(pretty(&told.json()));
}

#[tokio::test]
async fn teams_is_told_by_an_adaptive_card() {
    let (folder, stand_in) = (tempfile::tempdir().unwrap(), StandIn::answering(202, "").await);
    let answer = tell("teams", &settings("teams", &stand_in.address, &folder), News::Raised, false).await;
    assert!(answer.unwrap().contains("look for the card in the channel"));
    let body = stand_in.told()[0].json();
    assert!(body.to_string().len() < 28_000);
    insta::assert_snapshot!(pretty(&body));
}

#[tokio::test]
async fn a_webhook_is_told_in_json_that_it_can_prove() {
    let (folder, stand_in) = (tempfile::tempdir().unwrap(), StandIn::answering(204, "").await);
    tell("webhook", &settings("webhook", &stand_in.address, &folder), News::Raised, false).await.unwrap();
    let told = &stand_in.told()[0];
    assert_eq!(told.header("webhook-timestamp"), at(NOW).as_second().to_string());
    assert!(told.header("webhook-signature").starts_with("v1,"));
    insta::assert_snapshot!(format!("{}\n{}", told.header("webhook-id"), pretty(&told.json())));
}

#[tokio::test]
async fn a_webhook_that_changes_its_secret_finds_both_signatures() {
    let (folder, stand_in) = (tempfile::tempdir().unwrap(), StandIn::answering(200, "").await);
    let both = format!(
        "{}\nprevious_secret = {}",
        settings("webhook", &stand_in.address, &folder),
        secret(&folder, "old", "the one before")
    );
    tell("webhook", &both, News::Raised, false).await.unwrap();
    let told = stand_in.told();
    assert_eq!(told[0].header("webhook-signature").split(' ').count(), 2);
}

#[rstest]
#[case(News::Raised)]
#[case(News::Worsened)]
#[case(News::Resolved)]
#[tokio::test]
async fn alertmanager_is_told_with_labels_that_do_not_move(#[case] news: News) {
    let (folder, stand_in) = (tempfile::tempdir().unwrap(), StandIn::answering(200, "").await);
    tell("alertmanager", &settings("alertmanager", &stand_in.address, &folder), news, false).await.unwrap();
    let told = &stand_in.told()[0];
    assert_eq!(told.path, "/api/v2/alerts");
    let mut body = told.json();
    for alert in body.as_array_mut().unwrap() {
        alert["annotations"]["description"].take();
    }
    insta::assert_snapshot!(format!("alertmanager_{news}"), pretty(&body));
}

#[tokio::test]
async fn one_replica_of_alertmanager_is_enough() {
    let (good, bad) = (StandIn::answering(200, "").await, StandIn::answering(500, "\"down\"").await);
    let settings = format!("urls = [{:?}, {:?}]", bad.address, good.address);
    assert_eq!(tell("alertmanager", &settings, News::Raised, false).await.unwrap(), "taken by 1 of 2");
    let settings = format!("urls = [{:?}]", bad.address);
    let error = tell("alertmanager", &settings, News::Raised, false).await.unwrap_err();
    assert_eq!(error.reason, Reason::Transient);
}

/// What Alertmanager is told again, so that it does not forget: what is open, and for a while what ended.
#[tokio::test]
async fn alertmanager_is_reminded_of_what_is_open_and_not_of_what_a_backfill_brought() {
    use pp_collector::alerts::Event;
    use pp_collector::alerts::state::{Audience, Decision};
    let stand_in = StandIn::answering(200, "").await;
    let (book, clock) = (book(), clock());
    let quietly = Decision {
        event: Event::Raised(fall("tax-a-vehicle")),
        services: services(),
        audience: Audience::Nobody,
    };
    // Begun anew: nobody is told of what people may know, but Alertmanager forgets.
    let known = decision(Event::Raised(fall("renew-a-licence")), &[]);
    book.record(vec![quietly, known], at(NOW)).await.unwrap();
    let courier =
        courier(receiver("am", "alertmanager", &format!("urls = [{:?}]", stand_in.address)), &book, &clock);
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(courier.run(stop.clone()));
    while stand_in.told().len() < 2 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.unwrap();
    for told in stand_in.told() {
        let alerts = told.json();
        assert_eq!(alerts.as_array().unwrap().len(), 1, "{alerts}");
        assert_eq!(alerts[0]["labels"]["service"], "renew-a-licence");
        let ends_at: jiff::Timestamp = alerts[0]["endsAt"].as_str().unwrap().parse().unwrap();
        assert!(ends_at > at(NOW));
    }
    assert!(clock.now().duration_since(at(NOW)) >= jiff::SignedDuration::from_secs(60));
}

#[tokio::test]
async fn govuk_notify_is_told_by_a_template() {
    let (folder, stand_in) =
        (tempfile::tempdir().unwrap(), StandIn::answering(201, "{\"id\":\"740e5834\"}").await);
    let answer =
        tell("govuk_notify", &settings("govuk_notify", &stand_in.address, &folder), News::Raised, false)
            .await;
    assert_eq!(answer.unwrap(), "notification 740e5834");
    let told = &stand_in.told()[0];
    assert_eq!(told.path, "/v2/notifications/email");
    assert_eq!(told.header("authorization").split('.').count(), 3);
    insta::assert_snapshot!(pretty(&told.json()));
}

#[tokio::test]
async fn govuk_notify_is_asked_for_the_reference_before_it_is_told_again() {
    let found = "{\"notifications\":[{\"id\":\"740e5834\"}],\"links\":{}}";
    let (folder, stand_in) = (tempfile::tempdir().unwrap(), StandIn::answering(200, found).await);
    let answer =
        tell("govuk_notify", &settings("govuk_notify", &stand_in.address, &folder), News::Raised, true).await;
    assert_eq!(answer.unwrap(), "notification 740e5834");
    let told = stand_in.told();
    assert_eq!((told.len(), told[0].method.as_str()), (1, "GET"));
    assert!(told[0].path.starts_with("/v2/notifications?reference=drop."), "{}", told[0].path);
}

const AUTH: &str =
    r#"{"status_code":403,"errors":[{"error":"AuthError","message":"Invalid token: API key not found"}]}"#;
const BAD: &str =
    r#"{"status_code":400,"errors":[{"error":"BadRequestError","message":"Missing personalisation: body"}]}"#;
const RATE: &str =
    r#"{"status_code":429,"errors":[{"error":"RateLimitError","message":"Exceeded rate limit"}]}"#;
const LIMIT: &str =
    r#"{"status_code":429,"errors":[{"error":"TooManyRequestsError","message":"Exceeded send limits"}]}"#;

#[rstest]
#[case("govuk_notify", 400, BAD, Reason::Config)]
#[case("govuk_notify", 403, AUTH, Reason::Auth)]
#[case("govuk_notify", 429, RATE, Reason::Throttled)]
#[case("govuk_notify", 429, LIMIT, Reason::Quota)]
#[case("govuk_notify", 500, "{}", Reason::Transient)]
#[case("slack", 200, "no", Reason::Malformed)]
#[case("slack", 400, "invalid_payload", Reason::Malformed)]
#[case("slack", 403, "action_prohibited", Reason::Permission)]
#[case("slack", 403, "invalid_token", Reason::Auth)]
#[case("slack", 404, "channel_not_found", Reason::Config)]
#[case("slack", 410, "channel_is_archived", Reason::Config)]
#[case("slack", 429, "", Reason::Throttled)]
#[case("slack", 500, "rollup_error", Reason::Transient)]
#[case("teams", 400, "", Reason::Malformed)]
#[case("teams", 401, "hunter2", Reason::Auth)]
#[case("teams", 429, "", Reason::Throttled)]
#[case("teams", 502, "", Reason::Transient)]
#[case("webhook", 408, "", Reason::Transient)]
#[case("webhook", 410, "", Reason::Config)]
#[case("webhook", 422, "", Reason::Malformed)]
#[case("webhook", 503, "", Reason::Transient)]
#[case("alertmanager", 400, "\"start time must be before end time\"", Reason::Malformed)]
#[case("alertmanager", 500, "\"no\"", Reason::Transient)]
#[tokio::test]
async fn a_refusal_has_a_class_and_tells_no_secret(
    #[case] kind: &str,
    #[case] status: u16,
    #[case] body: &'static str,
    #[case] reason: Reason,
) {
    let (folder, stand_in) = (tempfile::tempdir().unwrap(), StandIn::answering(status, body).await);
    let error =
        tell(kind, &settings(kind, &stand_in.address, &folder), News::Raised, false).await.unwrap_err();
    assert_eq!(error.reason, reason, "{error}");
    let said = format!("{error} {error:?}");
    for hidden in ["hunter2", "3d844edf", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "eyJ"] {
        assert!(!said.contains(hidden), "{said}");
    }
    if reason == Reason::Quota {
        assert_eq!(error.resets_at, Some(at("2026-11-24T00:00:00Z")));
    }
}

/// Whoever knows the address of a Slack or Teams webhook may write there, so it follows no redirect elsewhere.
#[tokio::test]
async fn an_alert_follows_no_redirect_to_another_host() {
    let elsewhere = StandIn::answering(200, "ok").await;
    let to = elsewhere.address.clone();
    let stand_in = StandIn::start(move |_| (307, vec![("location", format!("{to}/x"))], String::new())).await;
    for kind in ["slack", "teams", "webhook", "govuk_notify"] {
        let folder = tempfile::tempdir().unwrap();
        let error =
            tell(kind, &settings(kind, &stand_in.address, &folder), News::Raised, false).await.unwrap_err();
        assert_eq!(error.reason, Reason::Config, "{kind}: {error}");
    }
    assert!(elsewhere.told().is_empty());
}

#[tokio::test]
async fn slack_is_told_at_most_once_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let slack = receiver("office", "slack", &settings("slack", "http://127.0.0.1:1", &folder));
    assert_eq!(slack.receiver.spacing(), Duration::from_secs(1));
}
