//! An exhausted hourly allowance of Google Analytics is waited for, and then the run goes on.

use jiff::ToSpan as _;
use jiff::civil::date;
use kpi::period::london;
use pp_collector::run::{Outcome, RunReport};
use simulator::ga4::Bucket;

use crate::land::{JUGGLING, Land};

#[tokio::test]
async fn an_exhausted_hour_postpones_the_run_to_its_end_and_then_it_completes() {
    let land = Land::at("2026-11-11T05:20Z").await;
    // Enough for some of the windows of half a year, and far from all of them.
    land.sources.ga4().set(|options| options.quota.set(Bucket::TokensPerHour, 60));
    let mut collector = land.ga4("analytics", 0);
    let first = date(2026, 5, 1);
    collector.start = Some(first);
    let (stop, daemon) = land.scheduler(collector);
    let all = land.told.until(|reports| reports.last().is_some_and(RunReport::is_success)).await;
    stop.cancel();
    daemon.await.unwrap();

    let reports = &all[..=all.iter().position(RunReport::is_success).unwrap()];
    let (last, before) = reports.split_last().unwrap();
    assert!(!before.is_empty() && before.len() < 48, "{}", before.len());
    for (report, next) in before.iter().zip(&reports[1..]) {
        let Outcome::Postponed(postponement) = &report.outcome else { panic!("{report:#?}") };
        assert!(!report.windows.is_empty(), "each hour gets some windows further: {report:#?}");
        assert_eq!(postponement.until.as_second() % 3600, 0, "{postponement:?}");
        let late = next.started.duration_since(postponement.until).as_secs();
        assert!((0..60).contains(&late), "{late} seconds after the reset");
        assert_eq!(next.trigger.as_str(), "catch_up");
    }
    let today = last.started.to_zoned(london()).date();
    land.assert_no_day_missing(JUGGLING, first, today - 1.day()).await;
    let missing = land.told.missing.borrow().clone();
    assert!(missing[..reports.len()].is_sorted_by(|a, b| a >= b), "{missing:?}");
    assert_eq!(missing.last(), Some(&0));
}
