//! What people read, rule by rule.

use kpi::{Kpi, Period, PeriodKind};
use pp_collector::alerts::message::{compose, headline};
use pp_collector::alerts::{Alert, Change, News, Notice, Resolution, Rule, Subject, Unit};
use rust_decimal::Decimal;
use std::fmt::Write as _;

use crate::land::*;

/// An alert of each rule as detection may find it.
fn found(rule: Rule) -> Alert {
    let mut alert = Alert { rule, ..fall("renew-a-licence") };
    let evidence = &mut alert.evidence;
    match rule {
        Rule::Drop => {}
        Rule::Erosion => {
            evidence.change =
                Some(Change { unit: Unit::Ratio, from: Decimal::new(81, 2), to: Decimal::new(804, 3) });
            evidence.grew = None;
        }
        Rule::Overdue => {
            *evidence = pp_collector::alerts::Evidence {
                due_at: Some(at("2026-11-18T09:30:00Z")),
                ..Default::default()
            };
        }
        Rule::CheckData => {
            evidence.grew = None;
            evidence.remarks = vec!["Transactions online fell by half and rose nowhere else.".to_owned()];
        }
        Rule::CheckSource => {
            alert.subject = Subject::Source("ga4-main".parse().unwrap());
            evidence.services = services().into_iter().map(|service| service.id).collect();
            evidence.change = None;
            evidence.grew = None;
        }
    }
    alert
}

/// Subject and text of everything there is to tell of an alert.
fn everything_told(alert: &Alert) -> String {
    let mut told = String::new();
    let news = [
        (News::Raised, alert.clone()),
        (News::Worsened, worse(alert)),
        (News::Resolved, ended(alert, Resolution::Recovered)),
        (News::Resolved, ended(alert, Resolution::Revised)),
        (News::Resolved, ended(alert, Resolution::NewLevel)),
        (News::Resolved, ended(alert, Resolution::Superseded)),
        (News::Resolved, ended(alert, Resolution::Withdrawn)),
    ];
    for (news, alert) in news {
        let why = alert.resolution.map_or("", |end| end.why.as_str());
        let notice = Notice { news, alert, occasion: 1, services: services() };
        let message = compose(&notice, Some("https://performance.example.gov.uk/"));
        writeln!(
            told,
            "=== {news} {why}\nSubject: {}\nShort: {}\n\n{}",
            message.subject,
            message.short(),
            message.text()
        )
        .unwrap();
    }
    told
}

#[test]
fn a_drop_is_told_in_plain_words() {
    insta::assert_snapshot!(everything_told(&found(Rule::Drop)));
}

#[test]
fn an_erosion_is_told_in_plain_words() {
    insta::assert_snapshot!(everything_told(&found(Rule::Erosion)));
}

#[test]
fn overdue_figures_are_told_in_plain_words() {
    insta::assert_snapshot!(everything_told(&found(Rule::Overdue)));
}

#[test]
fn doubtful_data_are_told_in_plain_words() {
    insta::assert_snapshot!(everything_told(&found(Rule::CheckData)));
}

#[test]
fn a_doubtful_source_is_told_in_plain_words() {
    insta::assert_snapshot!(everything_told(&found(Rule::CheckSource)));
}

#[test]
fn money_and_counts_are_told_as_people_write_them() {
    let month = Period::starting(PeriodKind::Month, "2026-10-01".parse().unwrap()).unwrap();
    let told = |kpi, unit, from: &str, to: &str| {
        let mut alert = Alert {
            kpi,
            began: month,
            latest: month,
            period_kind: PeriodKind::Month,
            ..fall("renew-a-licence")
        };
        alert.evidence.change = Some(Change { unit, from: from.parse().unwrap(), to: to.parse().unwrap() });
        alert.evidence.learnt_from = None;
        alert.evidence.grew = None;
        let notice = Notice { news: News::Raised, alert, occasion: 1, services: services() };
        let message = compose(&notice, None);
        format!("{}\n{}\n", message.subject, message.lead)
    };
    insta::assert_snapshot!(
        [
            told(Kpi::CostPerTransaction, Unit::Pounds, "3.4", "5.123"),
            told(Kpi::TotalCost, Unit::Pounds, "120000", "180500.40"),
            told(Kpi::Transactions, Unit::Transactions, "1234567", "900000"),
            told(Kpi::UserSatisfaction, Unit::Ratio, "0.801", "0.796"),
        ]
        .concat()
    );
}

#[test]
fn no_message_holds_an_id_where_a_name_is_known_nor_a_query() {
    for rule in Rule::ALL {
        let told = everything_told(&found(rule)).replace("/services/renew-a-licence", "");
        for id in ["renew-a-licence", "tax-a-vehicle", "digital_takeup", "check_", "{", "pp_"] {
            assert!(!told.contains(id), "{id} in {told}");
        }
        assert!(!headline(&found(rule)).is_empty());
    }
}
