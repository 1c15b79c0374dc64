use std::time::Duration;

use jiff::civil::date;
use reqwest::Response;
use rstest::rstest;
use serde_json::Value;
use simulator::mischief::{Mischief, RetryAfter, Rule};
use simulator::{Running, Source};

use crate::support::{client, start};

const PATH: &str = "/cursor/transactions?from=2026-11-02&to=2026-11-08";

async fn get(running: &Running) -> reqwest::Result<Response> {
    let url = format!("{}{PATH}", running.address(Source::Json));
    client().get(url).bearer_auth("secret").send().await
}

async fn once(mischief: Mischief) -> (Running, Response) {
    let (running, _) = start().await;
    running.mischief(Source::Json).script(Rule::new(mischief).on("/cursor/").calls(1..=1));
    let response = get(&running).await.unwrap();
    (running, response)
}

#[rstest]
#[case(Mischief::TooManyRequests(RetryAfter::Seconds(7)), 429, Some("7"))]
#[case(Mischief::TooManyRequests(RetryAfter::At("2026-11-23T09:00:30Z".parse().unwrap())), 429, Some("Mon, 23 Nov 2026 09:00:30 GMT"))]
#[case(Mischief::TooManyRequests(RetryAfter::Absent), 429, None)]
#[case(Mischief::Status(500), 500, None)]
#[case(Mischief::Status(503), 503, None)]
#[case(Mischief::ExpiredToken, 401, None)]
#[tokio::test]
async fn a_refusal_comes_once(#[case] mischief: Mischief, #[case] status: u16, #[case] after: Option<&str>) {
    let (running, response) = once(mischief).await;
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers().get("retry-after").map(|value| value.to_str().unwrap()), after);
    assert!(response.json::<Value>().await.unwrap()["error"].is_string());
    assert_eq!(get(&running).await.unwrap().status(), 200);
    let book = running.mischief(Source::Json);
    assert_eq!(book.calls("/cursor/transactions"), 2);
    let statuses: Vec<u16> = book.log().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [status, 200]);
}

#[tokio::test]
async fn a_page_for_people_comes_with_200() {
    let (_running, response) = once(Mischief::Html).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(response.text().await.unwrap().contains("Sign in"));
}

#[tokio::test]
async fn half_a_body_ends_in_an_error() {
    let (running, response) = once(Mischief::HalfBody).await;
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());
    assert!(get(&running).await.unwrap().bytes().await.is_ok());
}

#[tokio::test]
async fn a_drip_brings_the_right_body_in_pieces() {
    let pause = Duration::from_millis(1);
    let (running, mut response) = once(Mischief::Drip { bytes: 500, pause }).await;
    let (mut pieces, mut body) = (0, Vec::new());
    while let Some(piece) = response.chunk().await.unwrap() {
        pieces += 1;
        body.extend_from_slice(&piece);
    }
    assert!(pieces > 1);
    assert_eq!(body, get(&running).await.unwrap().bytes().await.unwrap());
}

#[tokio::test]
async fn a_wrong_content_type_keeps_the_body() {
    let (_running, response) = once(Mischief::ContentType("application/pdf")).await;
    assert_eq!(response.headers()["content-type"], "application/pdf");
    assert!(response.json::<Value>().await.is_ok());
}

#[tokio::test]
async fn pages_without_end_repeat_their_rows() {
    let (running, _) = start().await;
    running.mischief(Source::Json).script(Rule::new(Mischief::EndlessPages));
    let mut pages = Vec::new();
    for offset in [0, 5000, 50_000] {
        let path = format!("/offset/transactions?from=2026-11-02&to=2026-11-08&offset={offset}");
        let (_, page) = crate::support::get(&running, Source::Json, &path).await;
        assert!(page["total"].as_u64().unwrap() > offset);
        pages.push(page["rows"].clone());
    }
    assert!(pages[0] == pages[1] && pages[1] == pages[2]);
}

#[tokio::test]
async fn a_small_body_unpacks_to_a_large_one() {
    let size = 8 << 20;
    let (_running, response) = once(Mischief::GzipBomb(size)).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = response.bytes().await.unwrap();
    assert!(packed.len() < 200_000, "{}", packed.len());
    let mut decoder = flate2::read::GzDecoder::new(packed.as_ref());
    assert_eq!(std::io::copy(&mut decoder, &mut std::io::sink()).unwrap(), size);
}

#[tokio::test]
async fn a_redirect_leads_to_another_host_that_remembers() {
    let (running, response) = once(Mischief::Redirect).await;
    assert_eq!(response.status(), 404);
    assert!(response.url().as_str().starts_with(running.address(Source::Elsewhere)));
    let log = running.mischief(Source::Elsewhere).log();
    assert_eq!((log.len(), log[0].path.as_str()), (1, PATH));
}

#[tokio::test]
async fn a_rule_by_date_follows_the_clock_of_the_world() {
    let (running, clock) = start().await;
    let down = Rule::new(Mischief::Status(503)).dates(date(2026, 11, 24)..=date(2026, 11, 26));
    running.mischief(Source::Json).script(down);
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(get(&running).await.unwrap().status().as_u16());
        clock.forward(24);
    }
    assert_eq!(statuses, [200, 503, 503, 503, 200]);
}

#[tokio::test]
async fn waits_add_up_before_the_right_answer() {
    let (running, _) = start().await;
    let book = running.mischief(Source::Json);
    for _ in 0..2 {
        book.script(Rule::new(Mischief::Latency(Duration::from_millis(20))));
    }
    let begun = std::time::Instant::now();
    assert_eq!(get(&running).await.unwrap().status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn a_stopped_stand_in_refuses_connections() {
    let (running, _) = start().await;
    let url = format!("{}{PATH}", running.address(Source::Json));
    running.stop().await;
    assert!(client().get(url).send().await.is_err());
}

#[tokio::test]
async fn answers_are_dated_by_the_clock_of_the_world() {
    let (running, clock) = start().await;
    for (hours, expected) in [(0, "Mon, 23 Nov 2026 09:00:00 GMT"), (15, "Tue, 24 Nov 2026 00:00:00 GMT")] {
        clock.forward(hours);
        for source in Source::ALL {
            let response = client().get(running.address(source)).send().await.unwrap();
            let date = response.headers()["date"].to_str().unwrap();
            assert_eq!(date, expected, "{source}");
        }
    }
}
