use rstest::rstest;
use serde_json::Value;
use simulator::json::Access;
use simulator::{Running, Source};

use crate::support::{client, get, start};

const WEEK: &str = "from=2026-11-02&to=2026-11-08";

async fn whole(running: &Running) -> Vec<Value> {
    let (_, answer) = get(running, Source::Json, &format!("/none/transactions?{WEEK}")).await;
    answer["rows"].as_array().unwrap().clone()
}

/// Follows pages by what each answer says, as one who knows the kind would.
async fn paged(running: &Running, paging: &str) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let mut extra = String::new();
    for _ in 0..100 {
        let path = format!("/{paging}/transactions?{WEEK}{extra}");
        let (_, page) = get(running, Source::Json, &path).await;
        rows.extend(page["rows"].as_array().unwrap().clone());
        extra = match paging {
            "page" if page["page"].as_u64() < page["pages"].as_u64() => {
                format!("&page={}", page["page"].as_u64().unwrap() + 1)
            }
            "offset" if (rows.len() as u64) < page["total"].as_u64().unwrap() => {
                format!("&offset={}", rows.len())
            }
            "cursor" if page["next_cursor"].is_string() => {
                format!("&cursor={}", page["next_cursor"].as_str().unwrap().replace('=', "%3D"))
            }
            "link" if page["next"].is_string() => {
                let next = page["next"].as_str().unwrap();
                assert!(next.starts_with(running.address(Source::Json)));
                format!("&page={}", next.rsplit('=').next().unwrap())
            }
            _ => return rows,
        };
    }
    panic!("pages of {paging} never end");
}

#[rstest]
#[case("page")]
#[case("offset")]
#[case("cursor")]
#[case("link")]
#[tokio::test]
async fn pages_add_up_to_the_whole(#[case] paging: &str) {
    let (running, _) = start().await;
    let whole = whole(&running).await;
    assert!(whole.len() > 100);
    assert_eq!(paged(&running, paging).await, whole);
}

#[tokio::test]
async fn the_next_page_is_in_the_link_header_too() {
    let (running, _) = start().await;
    let url = format!("{}/link/transactions?{WEEK}", running.address(Source::Json));
    let response = client().get(url).send().await.unwrap();
    let link = response.headers()["link"].to_str().unwrap().to_owned();
    let page: Value = response.json().await.unwrap();
    assert_eq!(link, format!("<{}>; rel=\"next\"", page["next"].as_str().unwrap()));
}

#[tokio::test]
async fn access_is_asked_for_in_three_ways() {
    let (running, _) = start().await;
    let url = format!("{}/none/costs?{WEEK}", running.address(Source::Json));
    let text = str::to_owned;
    for access in [
        Access::Bearer(text("b")),
        Access::Basic(text("u"), text("p")),
        Access::Header(text("x-api-key"), text("h")),
    ] {
        running.json().set(|options| options.access = access);
        assert_eq!(client().get(&url).send().await.unwrap().status(), 401);
        let request = client().get(&url).header("x-api-key", "h");
        let statuses = [
            request.try_clone().unwrap().bearer_auth("b").send().await.unwrap().status(),
            request.basic_auth("u", Some("p")).send().await.unwrap().status(),
        ];
        assert!(statuses.iter().any(|status| *status == 200), "{statuses:?}");
    }
}
