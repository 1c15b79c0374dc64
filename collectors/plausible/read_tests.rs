use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::PeriodSpan;

fn plan() -> Plan {
    let sample = include_str!("sample.toml");
    super::super::plan::plan(&sample.parse().unwrap()).unwrap()
}

fn span() -> PeriodSpan {
    let day = |text| Period::from_start_text(kpi::PeriodKind::Day, text).unwrap();
    PeriodSpan { first: day("2026-11-16"), last: day("2026-11-17") }
}

fn read(answer: Value) -> Result<Vec<Cell>, Refused> {
    let plan = plan();
    let service = &plan.services[0];
    let page: Page =
        serde_json::from_value(answer).map_err(|error| (Reason::Malformed, error.to_string()))?;
    cells(&plan, &service.site, &service.figures[0], &page, &[span().first, span().last])
}

#[test]
fn a_bucket_left_out_is_nothing_only_where_it_was_looked_at() {
    let results = json!([{"dimensions": ["2026-11-16"], "metrics": [12]}]);
    let labels = json!(["2026-11-16", "2026-11-17"]);
    let twelve = Cell::Count(12.into());
    let labelled = read(json!({"results": results, "meta": {"time_labels": labels}}));
    assert_eq!(labelled, Ok(vec![twelve, Cell::Nothing]));
    assert_eq!(read(json!({"results": results})), Ok(vec![twelve, Cell::Unanswered]));
}

#[test]
fn days_of_another_zone_are_refused() {
    let echo = |begins: &str| read(json!({"results": [], "query": {"date_range": [begins, ""]}}));
    assert!(echo("2026-11-16T00:00:00+00:00").is_ok());
    assert_eq!(echo("2026-11-16T00:00:00+01:00").unwrap_err().0, Reason::Config);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::from("2026-11-16")),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".{0,8}", inner, 0..4)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(
        dimensions in any_json(), metrics in any_json(), meta in any_json(), query in any_json(), other in any_json(),
    ) {
        let row = json!({"dimensions": [dimensions.clone()], "metrics": [metrics.clone()]});
        for answer in [
            json!({"results": [row, {"dimensions": dimensions, "metrics": metrics}]}),
            json!({"results": [row], "query": {"date_range": query}}),
            json!({"results": [], "meta": meta}),
            other,
        ] {
            if let Ok(found) = read(answer) {
                prop_assert_eq!(found.len(), 2);
            }
        }
    }
}
