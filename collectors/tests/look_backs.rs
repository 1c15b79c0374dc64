//! How many closed periods each kind asks for again where its settings do not say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a panic is the verdict"
)]

mod support;

use collectors::Reading;
use rstest::rstest;

const SQL: &str = include_str!("../sql/sample.toml");
const HTTP_JSON: &str = include_str!("../http_json/sample.toml");
const GOVUK_PAY: &str = include_str!("../govuk_pay/sample.toml");
const PROMETHEUS: &str = include_str!("../prometheus/sample.toml");
const PLAUSIBLE: &str = include_str!("../plausible/sample.toml");

/// The sample of a kind in another kind of period, and whatever else it sets.
fn look_back(kind: &str, sample: &str, first: &str) -> u32 {
    let said = |key: &str| first.contains(&format!("{key} = "));
    let kept = sample.lines().filter(|line| {
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        key.is_empty() || !said(key)
    });
    let settings = [first].into_iter().chain(kept).collect::<Vec<_>>().join("\n");
    match support::collector(kind, &settings).capabilities().reading {
        Reading::Windows { look_back, .. } => look_back,
        Reading::Whole => panic!("{kind} is asked for a whole document"),
    }
}

#[rstest]
#[case("sql", SQL, "period = \"hour\"", 28 * 24)]
#[case("sql", SQL, "period = \"day\"", 28)]
#[case("sql", SQL, "period = \"week\"", 4)]
#[case("sql", SQL, "period = \"month\"", 1)]
#[case("sql", SQL, "period = \"quarter\"", 1)]
#[case("sql", SQL, "period = \"day\"\nlook_back = 3", 3)]
#[case("plausible", PLAUSIBLE, "", 1)]
#[case("plausible", PLAUSIBLE, "period = \"month\"", 1)]
#[case("plausible", PLAUSIBLE, "look_back = 3", 3)]
#[case("prometheus", PROMETHEUS, "", 1)]
#[case("prometheus", PROMETHEUS, "look_back = 3", 3)]
#[case("http_json", HTTP_JSON, "", 7)]
#[case("http_json", HTTP_JSON, "look_back = 3", 3)]
#[case("govuk_pay", GOVUK_PAY, "refunded = \"count\"", 7)]
#[case("govuk_pay", GOVUK_PAY, "refunded = \"leave_out\"", 120)]
#[case("govuk_pay", GOVUK_PAY, "look_back = 3", 3)]
fn the_last_periods_are_asked_for_again(
    #[case] kind: &str,
    #[case] sample: &str,
    #[case] first: &str,
    #[case] periods: u32,
) {
    assert_eq!(look_back(kind, sample, first), periods);
}

#[test]
fn files_are_read_whole() {
    for (kind, sample) in [
        ("spreadsheet", include_str!("../spreadsheet/sample.toml")),
        ("feedback_explorer", include_str!("../feedback_explorer/sample.toml")),
        ("govuk_forms", include_str!("../govuk_forms/sample.toml")),
    ] {
        let reading = support::collector(kind, sample).capabilities().reading;
        assert!(matches!(reading, Reading::Whole), "{kind}");
    }
}
