use serde_json::Value;
use simulator::pay::api_key;
use simulator::{Running, Source};

use crate::support::{client, start};

const DAY: &str = "from_date=2026-11-16T00:00:00Z&to_date=2026-11-17T00:00:00Z";

async fn ask(running: &Running, what: &str, query: &str) -> (u16, Value) {
    let key = api_key(&running.world().services()[0]);
    let url = format!("{}/v1/{what}?{query}", running.address(Source::Pay));
    let response = client().get(url).bearer_auth(key).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn pages_are_linked_and_the_one_after_the_last_is_not_found() {
    let (running, _) = start().await;
    let (_, first) = ask(&running, "payments", DAY).await;
    let total = first["total"].as_u64().unwrap();
    let (mut url, mut seen) = (format!("{}/v1/payments?{DAY}", running.address(Source::Pay)), 0);
    loop {
        let key = api_key(&running.world().services()[0]);
        let page: Value = client().get(&url).bearer_auth(key).send().await.unwrap().json().await.unwrap();
        assert!(page["count"].as_u64().unwrap() <= 500);
        seen += page["count"].as_u64().unwrap();
        let Some(next) = page["_links"]["next_page"]["href"].as_str() else { break };
        next.clone_into(&mut url);
    }
    assert!(total > 1000, "{total}");
    assert_eq!(seen, total);
    let (status, answer) = ask(&running, "payments", &format!("{DAY}&page=99")).await;
    assert_eq!((status, answer["code"].as_str()), (404, Some("P0402")));
}

#[tokio::test]
async fn states_and_channels_are_told_apart() {
    let (running, clock) = start().await;
    let mut sum = 0;
    for state in ["created", "started", "submitted", "success", "failed", "cancelled", "error"] {
        let (_, found) = ask(&running, "payments", &format!("{DAY}&state={state}&display_size=1")).await;
        sum += found["total"].as_u64().unwrap();
    }
    let (_, all) = ask(&running, "payments", DAY).await;
    assert_eq!(all["total"], sum);
    let payments = all["results"].as_array().unwrap();
    assert!(payments.iter().any(|payment| payment["moto"] == true));
    assert!(
        payments.iter().all(|payment| payment["created_date"].as_str().unwrap().starts_with("2026-11-16T"))
    );
    let success = payments.iter().find(|payment| payment["state"]["status"] == "success").unwrap();
    assert_eq!((success["amount"].as_u64(), success["fee"].as_u64()), (Some(8250), Some(74)));
    assert!(ask(&running, "refunds", DAY).await.1["total"].as_u64().unwrap() > 0);

    // Of the last two hours some are not finished; an hour and a half later all are.
    let recent = "from_date=2026-11-23T07:00:00Z&state=started";
    assert!(ask(&running, "payments", recent).await.1["total"].as_u64().unwrap() > 0);
    clock.forward(4);
    let closed = format!("{recent}&to_date=2026-11-23T09:00:00Z");
    assert_eq!(ask(&running, "payments", &closed).await.1["total"], 0);
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let (running, clock) = start().await;
    let (status, answer) = ask(&running, "payments", "display_size=501").await;
    assert_eq!((status, answer["code"].as_str()), (422, Some("P0401")));
    let url = format!("{}/v1/payments", running.address(Source::Pay));
    let stranger = client().get(url).bearer_auth("api_test_other").send().await.unwrap();
    assert_eq!(stranger.status(), 401);
    assert!(stranger.json::<Value>().await.is_err());
    running.pay().set(|options| options.per_minute = Some(2));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(ask(&running, "payments", DAY).await.0);
    }
    assert_eq!(statuses, [200, 200, 429]);
    clock.forward(1);
    assert_eq!(ask(&running, "payments", DAY).await.0, 200);
}
