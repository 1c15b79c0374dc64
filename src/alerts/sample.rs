//! A made-up alert, for trying receivers.

use jiff::{Timestamp, ToSpan};
use kpi::service::ServiceDescription;
use kpi::{Channel, Kpi, Period, PeriodKind};
use rust_decimal::Decimal;

use super::{Alert, AlertId, Change, Evidence, Growth, News, Notice, Rule, Severity, Subject, Unit};

/// A service that is none.
const SERVICE: &str = "sample-service";

/// News of a fall that has not happened, in the week before `now`; another piece of news each second. `None`
/// where the clock shows a year that periods do not lie in.
pub fn notice(now: Timestamp) -> Option<Notice> {
    let today = now.to_zoned(kpi::period::london()).date();
    let week = Period::containing(PeriodKind::Week, today.checked_sub(7.days()).ok()?).ok()?;
    let id: kpi::ServiceId = SERVICE.parse().ok()?;
    let subject = Subject::Service(id.clone());
    let learnt = std::iter::successors(Some(week.previous()), |week| Some(week.previous())).nth(12);
    let evidence = Evidence {
        change: Some(Change { unit: Unit::Ratio, from: Decimal::new(81, 2), to: Decimal::new(62, 2) }),
        learnt_from: learnt.map(|first| (first, week.previous())),
        transactions: Some(Decimal::from(12_345)),
        grew: Some(Growth { channel: Channel::Phone, from: Decimal::from(1_200), to: Decimal::from(3_450) }),
        remarks: vec!["The figures of this sample are made up.".to_owned()],
        ..Evidence::default()
    };
    let description =
        ServiceDescription { id, name: "Sample service".to_owned(), department: None, agency: None };
    Some(Notice {
        news: News::Raised,
        alert: Alert {
            id: AlertId::new(Rule::Drop, &subject, Kpi::DigitalTakeup, week),
            rule: Rule::Drop,
            subject,
            kpi: Kpi::DigitalTakeup,
            period_kind: PeriodKind::Week,
            severity: Severity::Warning,
            began: week,
            latest: week,
            raised_at: now,
            resolution: None,
            evidence,
        },
        occasion: u32::try_from(now.as_second()).unwrap_or(u32::MAX),
        services: vec![description],
    })
}
