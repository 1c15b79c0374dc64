use kpi::{Channel, Measure, PeriodKind};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::super::plan::Figure;
use super::super::subject::{EventPart, Subject};
use super::*;

fn figure(subject: Subject) -> Figure {
    let metric = subject.metrics()[0].to_owned();
    Figure { measure: Measure::Completed, channel: Channel::Digital, subject, metric, segment: None }
}

fn event() -> Subject {
    Subject::Event { part: EventPart::Name, label: "submit".to_owned() }
}

fn period(kind: PeriodKind, text: &str) -> Period {
    Period::from_start_text(kind, text).unwrap()
}

fn on_one_day(subject: Subject, entry: &Value) -> Result<Cell, String> {
    let day = period(PeriodKind::Day, "2026-11-16");
    cells(&figure(subject), &json!({"2026-11-16": entry}), &[day]).map(|cells| cells[0])
}

fn count(number: u32) -> Cell {
    Cell::Count(number.into())
}

#[rstest]
#[case(json!({"nb_conversions": 812, "revenue": 0}), count(812))]
#[case(json!({"nb_conversions": "790"}), count(790))]
#[case(json!({"value": 12}), count(12))]
#[case(json!({"value": "12"}), count(12))]
#[case(json!(12), count(12))]
#[case(json!("12"), count(12))]
#[case(json!([{"nb_conversions": 3}]), count(3))]
#[case(json!({"nb_conversions": 0}), count(0))]
#[case(json!({"nb_conversions": 5, "nb_conversions_percent_of_total": "66.67%"}), count(5))]
#[case(json!([]), Cell::Nothing)]
#[case(json!({}), Cell::Nothing)]
#[case(json!({"nb_conversions": false}), Cell::Nothing)]
fn one_row_comes_in_many_shapes(#[case] entry: Value, #[case] expected: Cell) {
    assert_eq!(on_one_day(Subject::Goal(2), &entry), Ok(expected));
}

#[rstest]
#[case(json!([{"label": "start", "nb_events": 9}, {"label": "submit", "nb_events": "4"}]), count(4))]
#[case(json!({"0": {"label": "submit", "nb_events": 4}}), count(4))]
#[case(json!([{"label": "start", "nb_events": 9}]), Cell::Nothing)]
#[case(json!([{"label": "start", "nb_events": 9}, {"label": "Others", "nb_events": 40}]), Cell::CutOff)]
#[case(json!([{"label": -1, "nb_events": 40}]), Cell::CutOff)]
#[case(json!([]), Cell::Nothing)]
fn an_event_is_found_by_its_label(#[case] entry: Value, #[case] expected: Cell) {
    assert_eq!(on_one_day(event(), &entry), Ok(expected));
}

#[rstest]
#[case(json!([{"step_position": 2, "step_nb_visits_actual": "7"}]), Ok(count(7)))]
#[case(json!([{"step_position": "2", "step_nb_visits_actual": 7}]), Ok(count(7)))]
#[case(json!([{"step_nb_visits_actual": 9}, {"step_nb_visits_actual": 7}]), Ok(count(7)))]
#[case(json!([{"step_position": 1, "step_nb_visits_actual": 9}]), Err(()))]
fn a_step_is_found_by_its_position(#[case] entry: Value, #[case] expected: Result<Cell, ()>) {
    assert_eq!(on_one_day(Subject::FunnelStep { funnel: 1, step: 2 }, &entry).map_err(|_| ()), expected);
}

#[rstest]
#[case(json!({"nb_visits": 3}), "nb_conversions of goal 2 on 2026-11-16: there is no nb_conversions any more, but an object of nb_visits")]
#[case(json!({"nb_conversions": "66,67 %"}), "nb_conversions of goal 2 on 2026-11-16: \"66,67 %\" is not a count")]
#[case(json!({"nb_conversions": [1]}), "nb_conversions of goal 2 on 2026-11-16: a list of 1 where a count is expected")]
fn what_has_changed_is_named(#[case] entry: Value, #[case] expected: &str) {
    assert_eq!(on_one_day(Subject::Goal(2), &entry), Err(expected.to_owned()));
}

#[rstest]
#[case(PeriodKind::Day, "2026-11-16", "2026-11-16")]
#[case(PeriodKind::Week, "2026-11-16", "2026-11-16,2026-11-22")]
#[case(PeriodKind::Week, "2026-11-16", "From 2026-11-16 to 2026-11-22")]
#[case(PeriodKind::Month, "2026-11-01", "2026-11")]
fn periods_are_keyed_in_many_ways(#[case] kind: PeriodKind, #[case] start: &str, #[case] key: &str) {
    let period = period(kind, start);
    let answer = json!({key: {"nb_conversions": 1}});
    let found = cells(&figure(Subject::Goal(2)), &answer, &[period, period.next()]);
    assert_eq!(found, Ok(vec![count(1), Cell::Unanswered]));
}

#[test]
fn an_empty_answer_for_several_periods_answers_none_of_them() {
    let day = period(PeriodKind::Day, "2026-11-16");
    let found = cells(&figure(event()), &json!([]), &[day, day.next()]);
    assert_eq!(found, Ok(vec![Cell::Unanswered; 2]));
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("2026-11-16".to_owned()),
        Just("label".to_owned()),
        Just("nb_events".to_owned()),
        Just("step_position".to_owned()),
        Just("value".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(answer in any_json()) {
        let day = period(PeriodKind::Day, "2026-11-16");
        for subject in [Subject::Goal(2), event(), Subject::Page("https://a/".to_owned()), Subject::FunnelStep { funnel: 1, step: 2 }] {
            for periods in [vec![day], vec![day, day.next()]] {
                if let Ok(found) = cells(&figure(subject.clone()), &answer, &periods) {
                    prop_assert_eq!(found.len(), periods.len());
                }
            }
        }
    }
}
