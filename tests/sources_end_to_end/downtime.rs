//! Three days without a source, or without the daemon, leave no hole.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use kpi::Coverage;
use kpi::period::london;
use simulator::Source;
use simulator::mischief::{Mischief, Rule};

use crate::land::{DAY, JUGGLING, Land, MOORING};

/// The first day asked for; the month has the end of summer time in it.
const FIRST: Date = date(2026, 10, 20);
const DAYS: i32 = 30;

#[tokio::test]
async fn promise_4_a_source_that_is_down_for_three_days_leaves_no_hole() {
    let land = Land::at("2026-10-21T05:00Z").await;
    let (down, up) = (date(2026, 11, 3), date(2026, 11, 5));
    for source in [Source::Ga4, Source::Matomo] {
        land.sources.mischief(source).script(Rule::new(Mischief::Status(503)).dates(down..=up));
    }
    let mut collectors = [land.ga4("analytics", 0), land.matomo("matomo", Coverage::Consented)];
    for collector in &mut collectors {
        collector.start = Some(FIRST);
        // The days asked for again would hide a cursor that passed over days never stored.
        collector.look_back = Some(0);
    }
    for day in 1..=DAYS {
        let today = FIRST + day.days();
        land.go_to(today.at(6, 0, 0, 0).to_zoned(london()).unwrap().timestamp());
        for report in land.morning(&collectors).await {
            let works = !(down..=up).contains(&today);
            assert_eq!(report.is_success(), works, "{today}: {report:#?}");
        }
    }
    for service in [JUGGLING, MOORING] {
        land.assert_no_day_missing(service, FIRST, FIRST + (DAYS - 1).days()).await;
    }
    let missing = land.told.missing.borrow().clone();
    assert_eq!(missing.iter().max(), Some(&3), "after the third day down, three days are missing");
    assert_eq!(missing.last(), Some(&0));
}

#[tokio::test]
async fn promise_4_a_daemon_that_is_stopped_for_three_days_leaves_no_hole() {
    let mut land = Land::at("2026-10-21T05:00Z").await;
    for runs in [10, 20] {
        let mut collector = land.ga4("analytics", 0);
        collector.start = Some(FIRST);
        collector.look_back = Some(0);
        let (stop, daemon) = land.scheduler(collector);
        land.told.until(|reports| reports.len() >= runs).await;
        stop.cancel();
        daemon.await.unwrap();
        land.clock.advance(DAY * 3);
        land = land.restarted();
    }
    let reports = land.told.reports.borrow().clone();
    assert!(reports.iter().all(pp_collector::run::RunReport::is_success), "{reports:#?}");
    assert_eq!(reports[0].trigger.as_str(), "start");
    assert_eq!(reports.iter().filter(|report| report.trigger.as_str() == "start").count(), 2);
    let last = reports.last().unwrap().started.to_zoned(london()).date();
    land.assert_no_day_missing(JUGGLING, FIRST, last - 1.day()).await;
    let missing = land.told.missing.borrow().clone();
    assert!(missing.contains(&3), "the days without a daemon are missing when it starts: {missing:?}");
    assert_eq!(missing.last(), Some(&0));
}
