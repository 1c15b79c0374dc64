use proptest::prelude::*;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::settings::{CANARY, SecretFile, collect, govuk_pay, http_json, prometheus, shown};
use crate::support::collector;

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let words = [
        "",
        "2026-11-16",
        "2026-11-17T09:00:00.000Z",
        "412",
        "1e400",
        "NaN",
        "-0",
        "success",
        "error",
        "matrix",
        "vector",
        "scalar",
        "digital",
        "/v1/payments?page=2",
        "https://elsewhere.test/",
        "\u{0}",
        "99999999999999999999999999999999",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    let names = [
        "data",
        "result",
        "resultType",
        "results",
        "total",
        "_links",
        "next_page",
        "href",
        "status",
        "state",
        "metric",
        "value",
        "values",
        "date",
        "channel",
        "created_date",
        "moto",
        "errorType",
        "error",
        "code",
        "warnings",
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(names.to_vec()), inner, 0..6).prop_map(
                |members| {
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>()
                }
            ),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        json().prop_map(|value| value.to_string().into_bytes()),
        json().prop_map(|rows| serde_json::json!({"data": [rows]}).to_string().into_bytes()),
        json().prop_map(|rows| serde_json::json!({"total": 1, "results": [rows]}).to_string().into_bytes()),
        (json(), prop::sample::select(vec!["matrix", "vector", "scalar", "string"])).prop_map(
            |(result, shape)| {
                let data = serde_json::json!({"resultType": shape, "result": [result]});
                serde_json::json!({"status": "success", "data": data}).to_string().into_bytes()
            }
        ),
    ]
}

/// One server for all bodies: what changes is what it says.
#[test]
fn no_body_is_too_strange() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (server, secret) = (runtime.block_on(MockServer::start()), SecretFile::new());
    let paging = "limits = { max_bytes = 100000, attempts = 1, max_pages = 3 }\n\
                  paging = { kind = \"next_link\", pointer = \"/next\" }";
    let collectors = [
        collector("http_json", &http_json(&server, paging)),
        collector("govuk_pay", &govuk_pay(&server, &secret, "max_pages = 3")),
        collector("prometheus", &prometheus(&server, &secret)),
    ];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(100));
    runner
        .run(&(body(), prop::sample::select(vec![200_u16, 200, 200, 400, 404])), |(body, status)| {
            runtime.block_on(async {
                server.reset().await;
                let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
                Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
                for collector in &collectors {
                    if let Err(error) = collect(&**collector).await {
                        assert!(!shown(&error).contains(CANARY));
                    }
                }
            });
            Ok(())
        })
        .unwrap();
}
