use std::collections::BTreeMap;

use jiff::Timestamp;
use kpi::{BatchBuilder, Period, PeriodKind};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::answer::{BatchAnswer, Names, ReportAnswer};
use super::gather::Gathered;
use super::plan::{Plan, plan};
use super::{errors, figures, question};
use crate::PeriodSpan;

const SETTINGS: &str = r#"
key = { env = "GA4_KEY" }
property = 1
[services.fixture]
started = "start"
completed = ["sent", "refused"]
"#;

fn fixture() -> Plan {
    plan(&SETTINGS.parse().unwrap()).unwrap()
}

fn span() -> PeriodSpan {
    let day = |text| Period::from_start_text(PeriodKind::Day, text).unwrap();
    PeriodSpan { first: day("2026-11-01"), last: day("2026-11-07") }
}

fn gather(plan: &Plan, pages: &[ReportAnswer]) -> Result<Gathered, crate::CollectError> {
    let property = &plan.properties[0];
    let mut gathered = Gathered::new(span());
    for page in pages {
        gathered.add(plan, property, &property.reports[0], page)?;
    }
    Ok(gathered)
}

fn page(rows: &[(u8, &str, u32)], total: usize) -> ReportAnswer {
    let row = |(day, event, count): &(u8, &str, u32)| {
        serde_json::json!({
            "dimensionValues": [{"value": format!("202611{day:02}")}, {"value": event}],
            "metricValues": [{"value": count.to_string()}],
        })
    };
    serde_json::from_value(serde_json::json!({
        "dimensionHeaders": [{"name": "date"}, {"name": "eventName"}],
        "metricHeaders": [{"name": "eventCount", "type": "TYPE_INTEGER"}],
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "rowCount": total,
        "metadata": {"timeZone": "Europe/London"},
    }))
    .unwrap()
}

type Cell = ((u8, usize), u32);

/// Counts by day and event, in any order, and where the rows are cut into pages.
fn counts() -> impl Strategy<Value = (Vec<Cell>, usize)> {
    let rows = prop::collection::btree_map((1_u8..=7, 0_usize..3), 0_u32..1_000_000, 0..21);
    rows.prop_flat_map(|rows| {
        let rows: Vec<Cell> = rows.into_iter().collect();
        (Just(rows).prop_shuffle(), 1_usize..8)
    })
}

/// JSON made of the words that reports are made of.
fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let text = prop_oneof![
        Just("date".to_owned()),
        Just("eventName".to_owned()),
        Just("eventCount".to_owned()),
        Just("20261101".to_owned()),
        Just("start".to_owned()),
        Just("2026-11-03".to_owned()),
        "[-+.0-9eE]{0,12}",
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let member = prop::sample::select(vec![
        "reports",
        "rows",
        "rowCount",
        "dimensionHeaders",
        "metricHeaders",
        "name",
        "value",
        "dimensionValues",
        "metricValues",
        "metadata",
        "dataTruncationReasons",
        "dataTruncationDate",
        "dataTruncationDateRanges",
        "samplingMetadatas",
        "samplesReadCount",
        "samplingSpaceSize",
        "subjectToThresholding",
        "propertyQuota",
        "tokensPerDay",
        "remaining",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(member.clone(), inner, 0..6).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn every_count_arrives_once_and_what_is_absent_stays_absent((rows, size) in counts()) {
        let events = ["start", "sent", "refused"];
        let named: Vec<(u8, &str, u32)> =
            rows.iter().map(|((day, event), count)| (*day, events[*event], *count)).collect();
        let pages: Vec<ReportAnswer> =
            named.chunks(size).map(|rows| page(rows, named.len())).collect();
        let plan = fixture();
        let gathered = gather(&plan, &pages).unwrap();
        prop_assert!(!gathered.is_unfinished());
        let mut batch = BatchBuilder::new();
        let now: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        figures::add(&mut batch, &plan, &plan.properties[0], &[(0, gathered)], span(), now);
        let (batch, conflicts) = batch.finish();
        prop_assert!(conflicts.is_empty());
        prop_assert_eq!(batch.figure_count(), 14);
        let mut expected: BTreeMap<(String, String), Decimal> = BTreeMap::new();
        for (day, event, count) in named {
            let measure = if event == "start" { "started" } else { "completed" };
            let sum = expected.entry((measure.to_owned(), format!("2026-11-{day:02}"))).or_default();
            *sum += Decimal::from(count);
        }
        for (key, point) in batch.figures() {
            let place = (key.measure.as_str().to_owned(), point.period.start_text());
            prop_assert_eq!(point.value.known(), expected.remove(&place));
        }
        prop_assert!(expected.is_empty());
    }

    #[test]
    fn no_answer_is_too_strange(value in json(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = serde_json::from_slice::<ReportAnswer>(&bytes);
        let _ = serde_json::from_value::<BatchAnswer>(value.clone());
        let _ = serde_json::from_value::<Names>(value.clone());
        if let Ok(page) = serde_json::from_value::<ReportAnswer>(value) {
            let plan = fixture();
            if let Ok(gathered) = gather(&plan, &[page]) {
                let mut batch = BatchBuilder::new();
                let now = Timestamp::UNIX_EPOCH;
                figures::add(&mut batch, &plan, &plan.properties[0], &[(0, gathered)], span(), now);
            }
        }
    }

    #[test]
    fn no_name_of_a_period_is_too_strange(text in any::<String>()) {
        for kind in [PeriodKind::Day, PeriodKind::Week, PeriodKind::Month] {
            let _ = question::period(kind, &text);
        }
    }

    #[test]
    fn no_message_is_longer_than_people_read(text in any::<String>()) {
        prop_assert!(errors::plain(&text).chars().count() <= 241);
    }
}

#[test]
fn look_back_is_longer_where_attribution_matters() {
    use crate::Reading;
    let look_back = |settings: &str| {
        let Reading::Windows { look_back, largest, .. } =
            plan(&settings.parse().unwrap()).unwrap().capabilities().reading
        else {
            panic!("analytics is read by windows");
        };
        (look_back, largest)
    };
    let with = |line: &str| format!("{SETTINGS}{line}\n");
    assert_eq!(look_back(SETTINGS), (4, 7));
    assert_eq!(look_back(&with("filter = { sessionDefaultChannelGroup = \"Direct\" }")), (14, 7));
    assert_eq!(
        look_back(&with(
            "[services.fixture.channels.api]\nstarted = { event = \"x\", metric = \"keyEvents\" }"
        )),
        (14, 7)
    );
    let weekly = SETTINGS.replace("property", "period = \"week\"\nproperty");
    assert_eq!(look_back(&weekly), (1, 4));
}
