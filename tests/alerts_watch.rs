//! Nobody is alerted twice for one drop, nor by a backfill, nor by provisional or absent data (promise 8):
//! what is found beside the alerts that are known.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

#[path = "support/alerting.rs"]
#[allow(dead_code, unreachable_pub)]
mod alerting;

use std::sync::Arc;

use alerting::{Counts, absent, history, known_at, settled, steady};
use jiff::{SignedDuration, Timestamp};
use kpi::{Kpi, Period, ServiceId};
use pp_collector::alerts::calendar::{Calendar, Holidays, Nation};
use pp_collector::alerts::watch::{KpiHistory, ServiceHistory, Watched, Watchlist, next_due};
use pp_collector::alerts::{
    Alert, AlertSettings, Cadence, Event, Observation, Resolution, Rule, Severity, Subject,
};
use proptest::prelude::*;

/// A daemon's view: what is watched, and the alerts it was left with.
#[derive(Default)]
struct Desk {
    watchlist: Watchlist,
    alerts: Vec<Alert>,
}

impl Desk {
    /// Figures of a service as known now.
    fn put(&mut self, service: &str, source: &str, own: &[Observation], cadence: Cadence) {
        let kpis =
            vec![KpiHistory { kpi: Kpi::DigitalTakeup, cadence, is_own: true, observations: own.to_vec() }];
        self.put_all(service, source, kpis);
    }

    fn put_all(&mut self, service: &str, source: &str, kpis: Vec<KpiHistory>) {
        let service: ServiceId = service.parse().unwrap();
        let history = ServiceHistory {
            service: service.clone(),
            source: Some(source.parse().unwrap()),
            time_zone: kpi::period::london(),
            kpis,
        };
        let settings = Arc::new(AlertSettings::default());
        self.watchlist.put(service, Watched::judge(&history, settings, &Holidays::default()));
    }

    /// Evaluates and keeps what came of it; a second evaluation finds nothing.
    fn look(&mut self, now: Timestamp) -> Vec<Event> {
        let events = self.watchlist.evaluate(&self.alerts, now);
        for event in &events {
            self.alerts.retain(|alert| alert.id != event.alert().id);
            self.alerts.push(event.alert().clone());
        }
        assert_eq!(self.watchlist.evaluate(&self.alerts, now), [], "the same figures told twice");
        events.into_iter().filter(Event::is_news).collect()
    }
}

/// What happened, in short.
fn told(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| {
        let alert = event.alert();
        let what = match event {
            Event::Raised(_) => "raised",
            Event::Continued(_) => "continued",
            Event::Worsened(_) => "worsened",
            Event::Resolved(_) => "resolved",
        };
        let why = alert.resolution.map(|resolved| format!(" {:?}", resolved.why)).unwrap_or_default();
        format!("{what} {} {}{why}", alert.rule.as_str(), alert.severity.as_str())
    };
    events.iter().map(word).collect()
}

fn weeks(counts: impl IntoIterator<Item = Counts>) -> Vec<Observation> {
    history(Cadence::Week, counts)
}

fn falling() -> Vec<Observation> {
    let mut counts = steady(10_000, 70, 40);
    counts.extend(steady(10_000, 58, 6));
    counts.extend(steady(10_000, 70, 6));
    weeks(counts)
}

fn newest(history: &[Observation]) -> Timestamp {
    known_at(history.last().unwrap().period)
}

#[test]
fn a_drop_is_told_once_when_it_comes_and_once_when_it_goes() {
    let all = falling();
    let mut desk = Desk::default();
    let mut heard = Vec::new();
    for end in 1..=all.len() {
        desk.put("a-service", "sheet", &all[..end], Cadence::Week);
        heard.extend(told(&desk.look(newest(&all[..end]))));
    }
    assert_eq!(heard, ["raised drop critical", "resolved drop critical Recovered"]);
}

#[test]
fn a_drop_found_after_a_restart_is_the_same_one() {
    let all = falling();
    let mut desk = Desk::default();
    desk.put("a-service", "sheet", &all[..42], Cadence::Week);
    assert_eq!(desk.look(newest(&all[..42])).len(), 1);
    let mut after = Desk { alerts: desk.alerts, ..Desk::default() };
    after.put("a-service", "sheet", &all[..43], Cadence::Week);
    assert_eq!(told(&after.look(newest(&all[..43]))), [] as [&str; 0]);
    assert_eq!(after.alerts[0].latest, all[42].period, "and goes on");
}

#[test]
fn history_that_is_filled_in_alerts_nobody() {
    let mut counts = steady(10_000, 70, 40);
    counts.extend(steady(10_000, 58, 9));
    let all = weeks(counts);
    let mut desk = Desk::default();
    desk.put("a-service", "sheet", &all, Cadence::Week);
    let long_after = newest(&all) + SignedDuration::from_hours(24 * 150);
    assert_eq!(told(&desk.look(long_after)), ["raised overdue warning"], "only that nothing came since");
    let mut desk = Desk::default();
    desk.put("a-service", "sheet", &falling(), Cadence::Week);
    assert_eq!(desk.look(newest(&falling())), [], "a fall that is over is history");
}

#[test]
fn a_drop_in_late_figures_is_told_when_they_come() {
    let all = falling();
    let mut late = all[..41].to_vec();
    late[40] = absent(late[40].period);
    let mut desk = Desk::default();
    desk.put("a-service", "sheet", &late, Cadence::Week);
    assert_eq!(desk.look(newest(&all[..41])), []);
    desk.put("a-service", "sheet", &all[..41], Cadence::Week);
    let three_weeks_later = newest(&all[..41]) + SignedDuration::from_hours(24 * 5);
    assert_eq!(told(&desk.look(three_weeks_later)), ["raised drop critical"]);
}

#[test]
fn a_revision_that_removes_the_cause_takes_the_alert_back() {
    let all = falling();
    let mut desk = Desk::default();
    desk.put("a-service", "sheet", &all[..41], Cadence::Week);
    assert_eq!(told(&desk.look(newest(&all[..41]))), ["raised drop critical"]);
    let mut corrected = all[..41].to_vec();
    corrected[40] = settled(corrected[40].period, (7010, 2990));
    desk.put("a-service", "sheet", &corrected, Cadence::Week);
    assert_eq!(told(&desk.look(newest(&all[..41]))), ["resolved drop critical Revised"]);
}

#[test]
fn a_revision_that_moves_the_beginning_is_no_second_drop() {
    let all = falling();
    let mut desk = Desk::default();
    desk.put("a-service", "sheet", &all[..42], Cadence::Week);
    desk.look(newest(&all[..42]));
    let mut corrected = all[..43].to_vec();
    corrected[40] = settled(corrected[40].period, (7010, 2990));
    desk.put("a-service", "sheet", &corrected, Cadence::Week);
    assert_eq!(desk.look(newest(&all[..43])), []);
}

#[test]
fn a_day_and_its_week_tell_one_drop_once() {
    let mut daily = steady(10_000, 70, 7 * 30);
    daily.extend(steady(10_000, 55, 7));
    let mut weekly = steady(70_000, 70, 30);
    weekly.extend(steady(70_000, 55, 1));
    let (days, weeks) = (history(Cadence::Day, daily), history(Cadence::Week, weekly));
    let kpis = |until: usize| {
        let mut kpis = vec![KpiHistory {
            kpi: Kpi::DigitalTakeup,
            cadence: Cadence::Day,
            is_own: true,
            observations: days[..until].to_vec(),
        }];
        let observations = weeks[..until / 7].to_vec();
        kpis.push(KpiHistory {
            kpi: Kpi::DigitalTakeup,
            cadence: Cadence::Week,
            is_own: false,
            observations,
        });
        kpis
    };
    let mut desk = Desk::default();
    let mut heard = Vec::new();
    for until in 7 * 30..=days.len() {
        desk.put_all("a-service", "sheet", kpis(until));
        heard.extend(told(&desk.look(newest(&days[..until]))));
    }
    assert_eq!(heard, ["raised drop critical"]);
}

#[test]
fn many_services_of_a_source_that_fall_together_are_one_alert_about_the_source() {
    let all = falling();
    let mut desk = Desk::default();
    let steady = weeks(steady(10_000, 70, 52));
    for end in 39..=42 {
        for number in 0..6 {
            desk.put(&format!("service-{number}"), "sheet", &all[..end], Cadence::Week);
        }
        desk.put("steady", "sheet", &steady[..end], Cadence::Week);
        desk.put("elsewhere", "another", &all[..end], Cadence::Week);
        let heard = told(&desk.look(newest(&all[..end])));
        let expected: &[&str] =
            if end == 41 { &["raised check_source warning", "raised drop critical"] } else { &[] };
        assert_eq!(heard, expected, "week {end}");
    }
    let source = desk.alerts.iter().find(|alert| alert.rule == Rule::CheckSource).unwrap();
    assert_eq!(source.subject, Subject::Source("sheet".parse().unwrap()));
    assert_eq!(source.evidence.services.len(), 6);
    for number in 0..6 {
        desk.put(&format!("service-{number}"), "sheet", &steady[..43], Cadence::Week);
    }
    let heard = told(&desk.look(newest(&all[..43])));
    assert_eq!(heard, ["resolved check_source warning Recovered"]);
}

#[test]
fn many_services_of_a_source_that_fall_silent_are_one_alert_about_the_source() {
    let all = weeks(steady(10_000, 70, 42));
    let mut desk = Desk::default();
    let put = |desk: &mut Desk, known: [usize; 6]| {
        for (number, weeks) in known.into_iter().enumerate() {
            desk.put(&format!("service-{number}"), "sheet", &all[..weeks], Cadence::Week);
        }
    };
    let later = newest(&all[..40]) + SignedDuration::from_hours(24 * 15);
    put(&mut desk, [40, 40, 40, 40, 42, 42]);
    assert_eq!(told(&desk.look(later)), ["raised overdue warning"; 4], "four are no source");

    put(&mut desk, [40; 6]);
    let heard = told(&desk.look(later));
    assert_eq!(heard[0], "raised overdue warning");
    assert_eq!(heard[1..], ["resolved overdue warning Superseded"; 4]);
    let source = desk.alerts.iter().find(|alert| alert.resolution.is_none()).unwrap();
    assert_eq!(source.subject, Subject::Source("sheet".parse().unwrap()));
    assert_eq!((source.evidence.services.len(), source.began), (6, all[40].period));

    put(&mut desk, [42, 42, 42, 42, 40, 42]);
    let heard = told(&desk.look(later));
    assert_eq!(heard, ["resolved overdue warning Recovered", "raised overdue warning"], "one is still late");
    put(&mut desk, [42; 6]);
    assert_eq!(told(&desk.look(later)), ["resolved overdue warning Recovered"]);
}

#[test]
fn the_rest_is_told_by_itself_once_the_source_is_right_again() {
    let all = falling();
    let steady = weeks(steady(10_000, 70, 52));
    let mut desk = Desk::default();
    for number in 0..6 {
        desk.put(&format!("service-{number}"), "sheet", &all[..41], Cadence::Week);
    }
    assert_eq!(told(&desk.look(newest(&all[..41]))), ["raised check_source warning"]);
    for number in 1..6 {
        desk.put(&format!("service-{number}"), "sheet", &steady[..41], Cadence::Week);
    }
    let heard = told(&desk.look(newest(&all[..41])));
    assert_eq!(heard, ["resolved check_source warning Recovered", "raised drop critical"]);
}

#[test]
fn figures_that_do_not_come_are_told_once_and_again_when_they_come() {
    let all = weeks(steady(10_000, 70, 46));
    let mut desk = Desk::default();
    desk.put("a-service", "sheet", &all[..40], Cadence::Week);
    let last = newest(&all[..40]);
    let after = |days: i64| last + SignedDuration::from_hours(24 * days);
    assert_eq!(desk.look(after(12)), [], "not due yet");
    assert_eq!(told(&desk.look(after(15))), ["raised overdue warning"]);
    assert_eq!(desk.look(after(40)), [], "told already");
    desk.put("a-service", "sheet", &all[..42], Cadence::Week);
    assert_eq!(desk.look(after(41)), [], "two weeks came, and the next are overdue still");
    desk.put("a-service", "sheet", &all, Cadence::Week);
    assert_eq!(told(&desk.look(after(42))), ["resolved overdue warning Recovered"]);
}

#[test]
fn figures_are_due_on_a_working_day_and_as_late_as_they_usually_are() {
    let zone = kpi::period::london();
    let settings = AlertSettings::default();
    let holidays = Calendar::compiled_in().holidays(&[Nation::EnglandAndWales]);
    let due = |observations: Vec<Observation>| {
        let history =
            KpiHistory { kpi: Kpi::DigitalTakeup, cadence: Cadence::Day, is_own: true, observations };
        next_due(&history, &settings.day, &zone, &holidays).unwrap()
    };
    // Days from Monday 8 January 2024; the 81st, 28 March, is the day before Good Friday.
    let days = history(Cadence::Day, steady(10_000, 70, 81));
    let found = due(days.clone());
    assert_eq!(found.period.start_date(), jiff::civil::date(2024, 3, 29));
    // 24 hours' grace would end on Easter Saturday, and figures lately took a day and half of that again.
    assert_eq!(
        found.at,
        "2024-04-02T12:00:00+01:00[Europe/London]".parse::<jiff::Zoned>().unwrap().timestamp()
    );
    let slow = days.into_iter().map(|mut day| {
        day.collected_at = day.collected_at.map(|at| at + SignedDuration::from_hours(48));
        day
    });
    assert!(due(slow.collect()).at > found.at, "who takes three days has longer");
}

#[test]
fn a_service_that_is_watched_no_longer_keeps_no_alert() {
    let all = falling();
    let mut desk = Desk::default();
    desk.put("a-service", "sheet", &all[..41], Cadence::Week);
    desk.look(newest(&all[..41]));
    desk.watchlist.remove(&"a-service".parse().unwrap());
    let events = desk.look(newest(&all[..41]));
    assert_eq!(events[0].alert().resolution.unwrap().why, Resolution::Withdrawn);
    assert_eq!(events[0].alert().severity, Severity::Critical);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Figures may come in any order: once all are there, what is open is the same.
    #[test]
    fn the_order_of_arrival_does_not_decide_what_is_open(order in Just((30_usize..44).collect::<Vec<_>>()).prop_shuffle()) {
        let all = falling()[..44].to_vec();
        let now = newest(&all);
        let open = |desk: &Desk| -> Vec<(Rule, Period)> {
            desk.alerts.iter().filter(|it| it.resolution.is_none()).map(|it| (it.rule, it.latest)).collect()
        };
        let mut at_once = Desk::default();
        at_once.put("a-service", "sheet", &all, Cadence::Week);
        at_once.look(now);
        let mut one_by_one = Desk::default();
        let mut known: Vec<Observation> =
            all.iter().enumerate().map(|(index, it)| if index < 30 { it.clone() } else { absent(it.period) }).collect();
        for index in order {
            known[index] = all[index].clone();
            one_by_one.put("a-service", "sheet", &known, Cadence::Week);
            one_by_one.look(now);
            let falls = open(&one_by_one).iter().filter(|(rule, _)| *rule == Rule::Drop).count();
            prop_assert!(falls <= 1);
        }
        let drops = |desk: &Desk| open(desk).into_iter().filter(|(rule, _)| *rule == Rule::Drop).collect::<Vec<_>>();
        prop_assert_eq!(drops(&one_by_one), drops(&at_once));
    }
}
