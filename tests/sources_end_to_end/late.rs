//! Sources revise their last days: history shows both values, and when each was known.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use kpi::period::london;
use kpi::{Coverage, Measure, Value};
use pp_collector::store::{Query, Store as _};

use crate::land::{JUGGLING, Land, MOORING};

const FIRST: Date = date(2026, 11, 10);

/// Collects every morning until 22 November.
async fn collected() -> Land {
    let land = Land::at("2026-11-11T05:00Z").await;
    let mut collectors = [land.ga4("analytics", 0), land.matomo("matomo", Coverage::Consented)];
    for collector in &mut collectors {
        collector.start = Some(FIRST);
    }
    for day in 1..=12 {
        land.go_to((FIRST + day.days()).at(6, 0, 0, 0).to_zoned(london()).unwrap().timestamp());
        for report in land.morning(&collectors).await {
            assert!(report.is_success(), "{report:#?}");
        }
    }
    land
}

#[tokio::test]
async fn promise_4_a_day_is_provisional_until_it_has_settled_and_then_final() {
    let land = collected().await;
    let day = date(2026, 11, 16);
    let history = land.history(JUGGLING, day).await;
    assert!(history.len() >= 2, "{history:#?}");
    assert!(history.is_sorted_by(|a, b| a.collected_at < b.collected_at && a.revision + 1 == b.revision));
    // Google counts for two days more, and only upwards.
    let values: Vec<Value> = history.iter().map(|stored| stored.point.value).collect();
    let known = |value: &Value| value.known().unwrap();
    assert!(known(&values[0]) < known(values.last().unwrap()), "{values:?}");
    assert!(values.is_sorted_by_key(known), "{values:?}");
    let (last, before) = history.split_last().unwrap();
    assert!(before.iter().all(|stored| stored.point.quality.provisional), "{history:#?}");
    assert!(!last.point.quality.provisional, "{history:#?}");
    let first_known = history[0].collected_at.to_zoned(london());
    assert_eq!((first_known.date(), first_known.hour()), (date(2026, 11, 17), 6));
}

#[tokio::test]
async fn promise_4_a_restated_day_shows_both_values_and_when_each_was_known() {
    let land = collected().await;
    // The owner restates the 17th by eight in a hundred, and says so from the 21st on.
    let history = land.history(MOORING, date(2026, 11, 17)).await;
    let (last, before) = history.split_last().unwrap();
    let settled = before.last().unwrap();
    assert!(!settled.point.quality.provisional && !last.point.quality.provisional, "{history:#?}");
    assert!(last.point.value.known().unwrap() > settled.point.value.known().unwrap());
    assert_eq!(last.collected_at.to_zoned(london()).date(), date(2026, 11, 21));

    // Whoever asks for the 20th sees what the report of that day said.
    for (known_on, expected) in [(date(2026, 11, 20), settled), (date(2026, 11, 22), last)] {
        let query = Query {
            services: Some(vec![MOORING.parse().unwrap()]),
            measures: Some(vec![Measure::Completed]),
            from: Some(date(2026, 11, 17)),
            to: Some(date(2026, 11, 18)),
            known_at: Some(known_on.at(12, 0, 0, 0).to_zoned(london()).unwrap().timestamp()),
            ..Query::default()
        };
        let series = land.kept.store.series(&query).await.unwrap();
        assert_eq!(series[0].points, [*expected]);
    }
}

#[tokio::test]
async fn promise_2_a_run_again_adds_no_duplicate_and_no_false_revision() {
    let land = collected().await;
    for report in land.morning(&[land.ga4("analytics", 0), land.matomo("matomo", Coverage::Consented)]).await
    {
        let counts = report.counts();
        assert_eq!((counts.new, counts.revised), (0, 0), "{report:#?}");
        assert!(counts.unchanged > 0);
    }
}
