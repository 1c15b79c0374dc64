//! The body of a question, and how its answers name periods.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use kpi::{Period, PeriodKind};
use serde_json::{Value, json};

use super::plan::Report;
use crate::PeriodSpan;

/// Rows of one page. The API's own default and half of what it allows; a week of a few events has dozens.
const PAGE_ROWS: u32 = 10_000;

/// The dimension that names periods. `week` would start on Sunday; `isoYearIsoWeek` starts on Monday.
pub(super) const fn time_dimension(kind: PeriodKind) -> &'static str {
    match kind {
        PeriodKind::Week => "isoYearIsoWeek",
        PeriodKind::Month => "yearMonth",
        _ => "date",
    }
}

/// The dimensions of a report, in order.
pub(super) fn dimensions(report: &Report, kind: PeriodKind) -> Vec<&str> {
    std::iter::once(time_dimension(kind)).chain(report.split.as_deref()).collect()
}

/// A `RunReportRequest` (API page of that name). Dates are absolute: `yesterday` is another day at night.
pub(super) fn body(report: &Report, span: PeriodSpan, offset: u64) -> Value {
    let kind = span.first.kind();
    let last_day = span.last.end_date().yesterday().unwrap_or_else(|_| span.last.start_date());
    let dimensions = dimensions(report, kind);
    let named = |name: &&str| json!({"name": name});
    // In a fixed order, so that pages neither overlap nor leave a gap.
    let order = |name: &&str| json!({"dimension": {"dimensionName": name}});
    let mut body = json!({
        "dateRanges": [{"startDate": span.first.start_date(), "endDate": last_day}],
        "dimensions": dimensions.iter().map(named).collect::<Vec<_>>(),
        "metrics": [{"name": report.metric.api_name()}],
        "orderBys": dimensions.iter().map(order).collect::<Vec<_>>(),
        "keepEmptyRows": true,
        "returnPropertyQuota": true,
        // An int64, which JSON of protocol buffers writes as text.
        "limit": PAGE_ROWS.to_string(),
        "offset": offset.to_string(),
    });
    if let (Some(filter), Some(members)) = (report.filter(), body.as_object_mut()) {
        members.insert("dimensionFilter".to_owned(), filter);
    }
    body
}

/// The period a value of the time dimension names: `20261116`, `202647`, `202611`.
pub(super) fn period(kind: PeriodKind, text: &str) -> Option<Period> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize, to: usize| number(from, to).and_then(|number| i8::try_from(number).ok());
    let date = match (kind, text.len()) {
        _ if !all_digits => None,
        (PeriodKind::Day, 8) => Date::new(number(0, 4)?, small(4, 6)?, small(6, 8)?).ok(),
        (PeriodKind::Week, 6) => {
            ISOWeekDate::new(number(0, 4)?, small(4, 6)?, Weekday::Monday).ok().map(ISOWeekDate::date)
        }
        (PeriodKind::Month, 6) => Date::new(number(0, 4)?, small(4, 6)?, 1).ok(),
        _ => None,
    };
    Period::starting(kind, date?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(PeriodKind::Day, "20261116", Some("2026-11-16"))]
    #[case(PeriodKind::Day, "20260231", None)]
    #[case(PeriodKind::Day, "2026-11-16", None)]
    #[case(PeriodKind::Day, "(other)", None)]
    #[case(PeriodKind::Day, "", None)]
    #[case(PeriodKind::Week, "202647", Some("2026-11-16"))]
    #[case(PeriodKind::Week, "202701", Some("2027-01-04"))]
    #[case(PeriodKind::Week, "202653", Some("2026-12-28"))]
    #[case(PeriodKind::Week, "202753", None)]
    #[case(PeriodKind::Month, "202611", Some("2026-11-01"))]
    #[case(PeriodKind::Month, "202613", None)]
    fn a_period_is_read_as_the_api_names_it(
        #[case] kind: PeriodKind,
        #[case] text: &str,
        #[case] start: Option<&str>,
    ) {
        assert_eq!(period(kind, text).map(Period::start_text).as_deref(), start);
    }
}
