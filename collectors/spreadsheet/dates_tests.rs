use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn rules(formats: &[Format]) -> DateRules {
    DateRules {
        formats: formats.to_vec(),
        named_by: NamedBy::Start,
        names: HashMap::new(),
        zone: kpi::period::london(),
    }
}

fn read(text: &str, kind: Option<PeriodKind>) -> String {
    match rules(&USUAL).period(text, kind) {
        Ok(period) => format!("{} {} {}", period.kind(), period.start_text(), period.end_text()),
        Err(error) => error,
    }
}

#[rstest]
#[case("2026-04-01", "day 2026-04-01 2026-04-02")]
#[case("01/04/2026", "day 2026-04-01 2026-04-02")]
#[case("1.4.26", "day 2026-04-01 2026-04-02")]
#[case("1 April 2026", "day 2026-04-01 2026-04-02")]
#[case("Oct-12", "month 2012-10-01 2012-11-01")]
#[case(" October 2012 ", "month 2012-10-01 2012-11-01")]
#[case("Sept 2012", "month 2012-09-01 2012-10-01")]
#[case("2012-10", "month 2012-10-01 2012-11-01")]
#[case("10/2012", "month 2012-10-01 2012-11-01")]
#[case("Jul - Sep 2012", "quarter 2012-07-01 2012-10-01")]
#[case("July to September 2012", "quarter 2012-07-01 2012-10-01")]
#[case("Oct 2015 – Sep 2016", "year_to 2015-10-01 2016-10-01")]
#[case("2012-Q4", "quarter 2012-10-01 2013-01-01")]
#[case("Q4 2012", "quarter 2012-10-01 2013-01-01")]
#[case("Q1 2026/27", "quarter 2026-04-01 2026-07-01")]
#[case("Q4 2026/27", "quarter 2027-01-01 2027-04-01")]
#[case("2026-27 Q2", "quarter 2026-07-01 2026-10-01")]
#[case("2026/27", "financial_year 2026-04-01 2027-04-01")]
#[case("2026-27", "financial_year 2026-04-01 2027-04-01")]
#[case("FY 2026-2027", "financial_year 2026-04-01 2027-04-01")]
#[case("2026", "year 2026-01-01 2027-01-01")]
#[case("w/c 30/03/2026", "week 2026-03-30 2026-04-06")]
#[case("Week commencing 30 March 2026", "week 2026-03-30 2026-04-06")]
#[case("2026-W14", "week 2026-03-30 2026-04-06")]
#[case("2026-03-29T01:00Z", "hour 2026-03-29T01:00:00Z 2026-03-29T02:00:00Z")]
#[case("2026-07-01T09:00", "hour 2026-07-01T08:00:00Z 2026-07-01T09:00:00Z")]
fn a_text_names_its_own_period(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(read(text, None), expected);
}

#[rstest]
#[case("01/04/2026", PeriodKind::FinancialYear, "financial_year 2026-04-01 2027-04-01")]
#[case("2009-10", PeriodKind::FinancialYear, "financial_year 2009-04-01 2010-04-01")]
#[case("2009-10", PeriodKind::Month, "month 2009-10-01 2009-11-01")]
#[case("Jan 2016 - Dec 2016", PeriodKind::Year, "year 2016-01-01 2017-01-01")]
#[case("30/03/2026", PeriodKind::Week, "week 2026-03-30 2026-04-06")]
#[case(
    "31/03/2026",
    PeriodKind::Week,
    "no week starts on 2026-03-31; the week it falls in starts on 2026-03-30"
)]
#[case("2026", PeriodKind::Month, "names 12 months, and a month is expected")]
#[case(
    "2026-10-25T01:30",
    PeriodKind::Hour,
    "expected a period of kind hour in one of the configured formats"
)]
#[case("next spring", PeriodKind::Month, "expected a period of kind month in one of the configured formats")]
fn a_text_is_read_as_the_kind_asked_for(
    #[case] text: &str,
    #[case] kind: PeriodKind,
    #[case] expected: &str,
) {
    assert_eq!(read(text, Some(kind)), expected);
}

#[rstest]
#[case("2017-Q1", "2016-01-01 2017-01-01")]
#[case("2014-Q4", "2013-10-01 2014-10-01")]
fn a_quarter_it_was_asked_for_in_names_the_year_before(#[case] text: &str, #[case] expected: &str) {
    let period = rules(&[Format::AskedForQuarter]).period(text, None).unwrap();
    assert_eq!(format!("{} {}", period.start_text(), period.end_text()), expected);
}

#[rstest]
#[case(Format::Serial1900, "1", "1900-01-01")]
#[case(Format::Serial1900, "59", "1900-02-28")]
#[case(Format::Serial1900, "61", "1900-03-01")]
#[case(Format::Serial1900, "42370", "2016-01-01")]
#[case(Format::Serial1900, "42370.0", "2016-01-01")]
#[case(Format::Serial1904, "40908", "2016-01-01")]
fn a_day_number_counts_from_its_epoch(#[case] format: Format, #[case] text: &str, #[case] start: &str) {
    assert_eq!(rules(&[format]).period(text, None).unwrap().start_text(), start);
}

#[test]
fn the_day_that_never_was_is_refused() {
    assert!(rules(&[Format::Serial1900]).period("60", None).is_err());
}

#[rstest]
#[case("31/03/2026", PeriodKind::YearTo, "2025-04-01")]
#[case("March 2026", PeriodKind::YearTo, "2025-04-01")]
#[case("Mar-26", PeriodKind::Quarter, "2026-01-01")]
#[case("05/04/2026", PeriodKind::Week, "2026-03-30")]
fn a_period_may_be_named_by_its_end(#[case] text: &str, #[case] kind: PeriodKind, #[case] start: &str) {
    let rules = DateRules { named_by: NamedBy::LastDay, ..rules(&USUAL) };
    assert_eq!(rules.period(text, Some(kind)).unwrap().start_text(), start);
}

fn every_format() -> Vec<Format> {
    [USUAL.as_slice(), &[Format::Serial1900, Format::Serial1904, Format::AskedForQuarter]].concat()
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>(), kind in proptest::sample::select(&PeriodKind::ALL[..])) {
        let _ = rules(&every_format()).period(&text, Some(kind));
        let _ = rules(&every_format()).period(&text, None);
    }

    #[test]
    fn no_number_and_mark_is_too_strange(text in "[0-9]{0,5}[-/. Qw]{0,2}[0-9]{0,12}[-/. ]?[0-9]{0,5}") {
        let _ = rules(&every_format()).period(&text, None);
    }
}
