//! Broken sources stop nobody else, and each has its reason in the report.

use collectors::Reason;
use jiff::civil::date;
use kpi::Coverage;
use simulator::Source;
use simulator::ga4::FIRST_PROPERTY;
use simulator::mischief::{Mischief, Rule};

use crate::land::{Land, SERVICES};

#[tokio::test]
async fn promise_5_a_broken_source_never_stops_the_others() {
    let land = Land::at("2026-11-20T06:00Z").await;
    let broken = [
        (0, Mischief::ExpiredToken, Reason::Auth),
        (1, Mischief::Html, Reason::Malformed),
        (2, Mischief::EndlessPages, Reason::Malformed),
        (3, Mischief::GzipBomb(64 * 1024 * 1024), Reason::Malformed),
        (4, Mischief::HalfBody, Reason::Transient),
    ];
    let mut collectors = Vec::new();
    for (number, mischief, _) in broken.clone() {
        let property = (FIRST_PROPERTY + number as u64).to_string();
        land.sources.mischief(Source::Ga4).script(Rule::new(mischief).on(&property));
        collectors.push(land.ga4(&format!("broken-{number}"), number));
    }
    collectors.push(land.ga4("well", 5));
    // Of other users than the analytics beside it, or the two would feed one series.
    collectors.push(land.matomo("matomo", Coverage::All));

    let reports = land.morning(&collectors).await;
    let count = broken.len();
    for ((_, mischief, reason), report) in broken.into_iter().zip(&reports) {
        let failure = report.failure().unwrap_or_else(|| panic!("{mischief:?} passed: {report:#?}"));
        assert_eq!(failure.reason, reason, "{mischief:?}: {}", failure.message);
        assert!(
            ["property", "service account", "127.0.0.1"].iter().any(|what| failure.message.contains(what)),
            "{}",
            failure.message
        );
        // The stand-in keeps the time of these tests, so nothing is wrong with anybody's clock.
        assert!(!failure.message.contains("clock"), "{}", failure.message);
        assert_eq!(report.counts().new, 0, "nothing of half an answer is kept");
    }
    for report in &reports[count..] {
        assert!(report.is_success() && report.counts().new > 0, "{report:#?}");
    }

    // Once the sources are well again, so are their figures.
    land.sources.mischief(Source::Ga4).forgive();
    for report in land.morning(&collectors).await {
        assert!(report.is_success(), "{report:#?}");
    }
    // The newest closed day, and the four before it that each run asks for. The last one is silent: its
    // days become zero only once they have settled.
    for service in &SERVICES[..count - 1] {
        land.assert_no_day_missing(service, date(2026, 11, 15), date(2026, 11, 19)).await;
    }
}
