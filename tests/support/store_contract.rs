//! What every store does, whatever it is made of.
//!
//! A test file names a function that opens an empty store and calls [`store_contract!`] with it.

use std::sync::Arc;

use jiff::Timestamp;
use kpi::service::{Organisation, ServiceDescription};
use kpi::{
    Channel, Coverage, Measure, Period, PeriodKind, Point, Quality, SampledShare, SeriesFigures, SeriesKey,
    Value,
};
use pp_collector::store::{Accepted, Query, Store, StoreError};

use super::figures::*;
pub(crate) use super::store_history::*;
pub(crate) use super::store_load::{a_large_submission_is_stored_whole, readers_see_whole_submissions_only};
pub(crate) use super::store_owners::*;

/// Makes one test of each promise, against the stores that an async function opens.
#[macro_export]
macro_rules! store_contract {
    ($open:path) => {
        $crate::store_contract!(@each $open:
            what_is_appended_is_read_back,
            sending_it_again_changes_nothing,
            a_different_value_is_a_new_revision,
            history_says_what_was_known_when,
            a_blanked_figure_is_withdrawn_once,
            a_quality_that_changes_is_a_revision,
            every_state_and_quality_is_kept,
            a_number_keeps_every_digit_and_its_scale,
            the_same_number_with_another_scale_is_unchanged,
            every_kind_of_period_is_kept,
            answers_are_in_order,
            a_query_selects,
            dates_are_half_open_for_every_kind_of_period,
            the_newest_days_count_from_each_series_own_newest,
            the_newest_days_count_from_what_was_known,
            the_latest_figure_of_every_series,
            services_with_figures_are_known,
            an_older_period_does_not_become_the_latest,
            a_series_belongs_to_its_first_collector,
            a_renamed_collector_takes_its_series_over,
            a_clock_that_goes_back_never_reorders_history,
            services_are_known_as_last_described,
            two_collectors_do_not_take_turns_in_describing,
            a_figure_of_the_wrong_kind_refuses_the_whole_submission,
            figures_out_of_order_are_stored_like_others,
            nothing_is_known_of_the_unknown,
            a_large_submission_is_stored_whole,
            readers_see_whole_submissions_only,
            history_gives_every_revision,
            history_selects_like_a_query,
            descriptions_are_all_kept,
            what_is_restored_is_the_same_in_every_answer,
            restoring_again_changes_nothing,
            what_was_restored_goes_on,
            an_older_history_restored_later_is_known_when_it_was,
            a_history_that_contradicts_is_refused_whole,
            a_history_with_a_gap_is_refused,
            an_instant_keeps_every_digit,
            it_agrees_with_the_model,
        );
    };
    (@each $open:path: $($name:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::support::store_contract::$name(async || $open().await).await;
            }
        )*
    };
}

pub(crate) trait Open: AsyncFn() -> Box<dyn Store> {}
impl<F: AsyncFn() -> Box<dyn Store>> Open for F {}

async fn all(store: &dyn Store) -> Vec<(i32, Value)> {
    values(&store.series(&Query::default()).await.unwrap())
}

async fn as_known(store: &dyn Store, known_at: Timestamp) -> Vec<(i32, Value)> {
    values(&store.series(&Query { known_at: Some(known_at), ..Query::default() }).await.unwrap())
}

pub(crate) async fn what_is_appended_is_read_back(open: impl Open) {
    let store = open().await;
    let sent = Sent::at(0).figures(&completed(), points(&[(0, "10"), (1, "0")])).done();
    let accepted = store.append(sent).await.unwrap();
    let service = completed().service;
    assert_eq!(accepted, Accepted { new: 2, changed_services: [service].into(), ..Accepted::default() });
    let answer = store.series(&Query::default()).await.unwrap();
    assert_eq!(values(&answer), [(0, known("10")), (1, known("0"))]);
    assert_eq!((&answer[0].key, answer[0].collector.as_str()), (&completed(), "matomo"));
    for stored in &answer[0].points {
        assert_eq!((stored.revision, stored.collected_at), (1, minute(0)));
    }
}

pub(crate) async fn sending_it_again_changes_nothing(open: impl Open) {
    let store = open().await;
    let sent =
        |n| Sent::at(n).figures(&completed(), points(&[(0, "10"), (1, "11")])).service("s", "S").done();
    store.append(sent(0)).await.unwrap();
    let before = store.series(&Query::default()).await.unwrap();
    let again = store.append(sent(9)).await.unwrap();
    assert_eq!(again, Accepted { unchanged: 2, ..Accepted::default() });
    assert_eq!(store.series(&Query::default()).await.unwrap(), before);
    assert_eq!(store.revisions(&figure_key(&completed(), 0)).await.unwrap().len(), 1);
}

pub(crate) async fn a_different_value_is_a_new_revision(open: impl Open) {
    let store = open().await;
    store.append(Sent::at(0).figures(&completed(), points(&[(0, "10"), (1, "5")])).done()).await.unwrap();
    let sent = Sent::at(1).figures(&completed(), points(&[(0, "12"), (1, "5"), (2, "1")])).done();
    let accepted = store.append(sent).await.unwrap();
    assert_eq!((accepted.new, accepted.unchanged), (1, 1));
    let [revised] = accepted.revised.as_slice() else { panic!("{accepted:?}") };
    assert_eq!(revised.key, figure_key(&completed(), 0));
    assert_eq!((revised.from, revised.to), (known("10"), known("12")));
    assert_eq!(all(&*store).await, [(0, known("12")), (1, known("5")), (2, known("1"))]);
    let history = store.revisions(&revised.key).await.unwrap();
    let history: Vec<_> = history.iter().map(|r| (r.revision, r.point.value, r.collected_at)).collect();
    assert_eq!(history, [(1, known("10"), minute(0)), (2, known("12"), minute(1))]);
}

pub(crate) async fn history_says_what_was_known_when(open: impl Open) {
    let store = open().await;
    store.append(Sent::at(10).figures(&completed(), points(&[(0, "1"), (1, "1")])).done()).await.unwrap();
    store.append(Sent::at(20).figures(&completed(), points(&[(0, "2")])).done()).await.unwrap();
    store.append(Sent::at(30).figures(&completed(), points(&[(0, "3"), (2, "3")])).done()).await.unwrap();
    assert_eq!(as_known(&*store, minute(9)).await, []);
    assert_eq!(as_known(&*store, minute(10)).await, [(0, known("1")), (1, known("1"))]);
    assert_eq!(as_known(&*store, minute(29)).await, [(0, known("2")), (1, known("1"))]);
    assert_eq!(as_known(&*store, minute(30)).await, all(&*store).await);
    let query = Query { known_at: Some(minute(20)), ..Query::default() };
    let stored = store.series(&query).await.unwrap()[0].points[0];
    assert_eq!((stored.revision, stored.collected_at), (2, minute(20)));
}

pub(crate) async fn a_blanked_figure_is_withdrawn_once(open: impl Open) {
    let store = open().await;
    let blank = || vec![point(0, Value::NotProvided)];
    store.append(Sent::at(0).figures(&completed(), points(&[(0, "10")])).done()).await.unwrap();
    let accepted = store.append(Sent::at(1).figures(&completed(), blank()).done()).await.unwrap();
    assert_eq!(accepted.revised[0].to, Value::Withdrawn);
    let accepted = store.append(Sent::at(2).figures(&completed(), blank()).done()).await.unwrap();
    assert_eq!((accepted.unchanged, accepted.revised.len()), (1, 0));
    assert_eq!(all(&*store).await, [(0, Value::Withdrawn)]);
    store.append(Sent::at(3).figures(&completed(), points(&[(0, "10")])).done()).await.unwrap();
    assert_eq!(store.revisions(&figure_key(&completed(), 0)).await.unwrap().len(), 3);
}

pub(crate) async fn a_quality_that_changes_is_a_revision(open: impl Open) {
    let store = open().await;
    let with = |provisional| {
        let quality = Quality { provisional, ..Quality::default() };
        vec![Point { quality, ..point(0, known("10")) }]
    };
    store.append(Sent::at(0).figures(&completed(), with(true)).done()).await.unwrap();
    let accepted = store.append(Sent::at(1).figures(&completed(), with(false)).done()).await.unwrap();
    assert_eq!((accepted.revised[0].from, accepted.revised[0].to), (known("10"), known("10")));
    let history = store.revisions(&figure_key(&completed(), 0)).await.unwrap();
    let provisional: Vec<_> = history.iter().map(|revision| revision.point.quality.provisional).collect();
    assert_eq!(provisional, [true, false]);
}

pub(crate) async fn every_state_and_quality_is_kept(open: impl Open) {
    let store = open().await;
    let values = [known("0"), Value::NotProvided, Value::NotApplicable, Value::Suppressed, Value::Withdrawn];
    let shares =
        [None, SampledShare::from_parts_per_million(0), SampledShare::from_parts_per_million(1_000_000)];
    let mut sent = Vec::new();
    for value in values {
        for sampled in shares {
            for (provisional, thresholded) in [(false, false), (true, false), (false, true), (true, true)] {
                let period = day(i32::try_from(sent.len()).unwrap());
                sent.push(Point { period, value, quality: Quality { provisional, thresholded, sampled } });
            }
        }
    }
    store.append(Sent::at(0).figures(&completed(), sent.clone()).done()).await.unwrap();
    let answer = store.series(&Query::default()).await.unwrap();
    let read: Vec<_> = answer[0].points.iter().map(|stored| stored.point).collect();
    assert_eq!(read, sent);
}

pub(crate) async fn a_number_keeps_every_digit_and_its_scale(open: impl Open) {
    let store = open().await;
    let numbers = [
        "0",
        "0.00",
        "-1",
        "1.10",
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "79228162514264337593543950335",
        "-79228162514264337593543950335",
        "7.9228162514264337593543950335",
        "0.0000000000000000000000000001",
        "123456789012345678.90",
    ];
    let sent: Vec<_> = (0_i32..).zip(numbers).map(|(n, number)| point(n, known(number))).collect();
    store.append(Sent::at(0).figures(&completed(), sent).done()).await.unwrap();
    let answer = store.series(&Query::default()).await.unwrap();
    let read: Vec<_> =
        answer[0].points.iter().map(|stored| stored.point.value.known().unwrap().to_string()).collect();
    assert_eq!(read, numbers);
}

pub(crate) async fn the_same_number_with_another_scale_is_unchanged(open: impl Open) {
    let store = open().await;
    store.append(Sent::at(0).figures(&completed(), points(&[(0, "5.0")])).done()).await.unwrap();
    let accepted =
        store.append(Sent::at(1).figures(&completed(), points(&[(0, "5.00")])).done()).await.unwrap();
    assert_eq!((accepted.unchanged, accepted.revised.len()), (1, 0));
}

/// One figure of every kind of period, each in a series of its own.
fn of_every_kind() -> Vec<SeriesFigures> {
    let date = jiff::civil::date(2024, 4, 1);
    let hour = Period::hour_containing("2024-04-01T05:00:00Z".parse().unwrap()).unwrap();
    let figures = PeriodKind::ALL.into_iter().map(|period_kind| {
        let period = if period_kind == PeriodKind::Hour {
            hour
        } else {
            Period::containing(period_kind, date).unwrap()
        };
        let early = [period.previous(), period, period.next()];
        let points = early.map(|period| Point { period, value: known("1"), quality: Quality::default() });
        SeriesFigures { key: SeriesKey { period_kind, ..completed() }, points: points.to_vec() }
    });
    figures.collect()
}

async fn store_of_every_kind(open: impl Open) -> Box<dyn Store> {
    let store = open().await;
    let mut sent = Sent::at(0);
    for series in of_every_kind() {
        sent = sent.figures(&series.key, series.points);
    }
    store.append(sent.done()).await.unwrap();
    store
}

pub(crate) async fn every_kind_of_period_is_kept(open: impl Open) {
    let store = store_of_every_kind(open).await;
    let answer = store.series(&Query::default()).await.unwrap();
    let read: Vec<_> = answer
        .into_iter()
        .map(|series| SeriesFigures {
            key: series.key,
            points: series.points.into_iter().map(|stored| stored.point).collect(),
        })
        .collect();
    assert_eq!(read, of_every_kind());
}

pub(crate) async fn dates_are_half_open_for_every_kind_of_period(open: impl Open) {
    let store = store_of_every_kind(open).await;
    let ends =
        ["2023-01-01", "2024-01-01", "2024-03-31", "2024-04-01", "2024-04-02", "2025-01-01", "2199-12-31"];
    for from in ends {
        for to in ends {
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            let expected: Vec<_> = of_every_kind()
                .into_iter()
                .map(|series| {
                    let points = series.points.into_iter().map(|point| point.period);
                    points.filter(|p| from <= p.start_date() && p.start_date() < to).collect::<Vec<_>>()
                })
                .filter(|periods| !periods.is_empty())
                .collect();
            let query = Query { from: Some(from), to: Some(to), ..Query::default() };
            let answer = store.series(&query).await.unwrap();
            let read: Vec<Vec<_>> =
                answer.iter().map(|series| series.points.iter().map(|p| p.point.period).collect()).collect();
            assert_eq!(read, expected, "from {from} to {to}");
        }
    }
}

pub(crate) async fn answers_are_in_order(open: impl Open) {
    let store = open().await;
    let mut keys = Vec::new();
    for service in ["b", "a", "a-b"] {
        for measure in Measure::ALL {
            for channel in Channel::ALL {
                for coverage in Coverage::ALL {
                    keys.push(SeriesKey { channel, coverage, ..series_key(service, measure) });
                }
            }
        }
    }
    let mut sent = Sent::at(0);
    for key in keys.iter().rev() {
        sent = sent.figures(key, points(&[(0, "1")]));
    }
    store.append(sent.done()).await.unwrap();
    keys.sort();
    let of = |answer: Vec<pp_collector::store::Series>| answer.into_iter().map(|s| s.key).collect::<Vec<_>>();
    assert_eq!(of(store.series(&Query::default()).await.unwrap()), keys);
    assert_eq!(of(store.latest().await.unwrap()), keys);
}

pub(crate) async fn a_query_selects(open: impl Open) {
    let store = open().await;
    let mut sent = Sent::at(0);
    for service in ["one", "two", "three"] {
        for measure in [Measure::Started, Measure::Completed] {
            sent = sent.figures(&series_key(service, measure), points(&[(0, "1"), (1, "2"), (2, "3")]));
        }
    }
    store.append(sent.done()).await.unwrap();
    let selected = async |query: Query| {
        let answer = store.series(&query).await.unwrap();
        answer
            .iter()
            .map(|s| format!("{} {} {}", s.key.service, s.key.measure, s.points.len()))
            .collect::<Vec<_>>()
    };
    let two = Some(vec!["two".parse().unwrap(), "nowhere".parse().unwrap(), "two".parse().unwrap()]);
    let completed = Some(vec![Measure::Completed]);
    assert_eq!(
        selected(Query { services: two.clone(), ..Query::default() }).await,
        ["two started 3", "two completed 3"]
    );
    assert_eq!(
        selected(Query { measures: completed.clone(), from: Some(date(1)), ..Query::default() }).await,
        ["one completed 2", "three completed 2", "two completed 2"]
    );
    let query = Query { services: two, measures: completed, to: Some(date(1)), ..Query::default() };
    assert_eq!(selected(query).await, ["two completed 1"]);
    let nothing: [&str; 0] = [];
    assert_eq!(selected(Query { services: Some(Vec::new()), ..Query::default() }).await, nothing);
    assert_eq!(selected(Query { from: Some(date(3)), ..Query::default() }).await, nothing);
    let kinds = Some(vec![PeriodKind::Month]);
    assert_eq!(selected(Query { period_kinds: kinds, ..Query::default() }).await, nothing);
}

pub(crate) async fn the_newest_days_count_from_each_series_own_newest(open: impl Open) {
    let store = open().await;
    let old = series_key("closed-service", Measure::Completed);
    let days = |newest: i32| (newest - 20..=newest).map(|n| point(n, known("1"))).collect::<Vec<_>>();
    store.append(Sent::at(0).figures(&completed(), days(500)).figures(&old, days(0)).done()).await.unwrap();
    let answer = store.series(&Query { newest_days: Some(2), ..Query::default() }).await.unwrap();
    let read: Vec<Vec<_>> =
        answer.iter().map(|s| s.points.iter().map(|p| p.point.period).collect()).collect();
    assert_eq!(read, [vec![day(498), day(499), day(500)], vec![day(-2), day(-1), day(0)]]);
    let query =
        Query { newest_days: Some(2), from: Some(date(499)), to: Some(date(500)), ..Query::default() };
    assert_eq!(values(&store.series(&query).await.unwrap()), [(499, known("1"))]);
}

pub(crate) async fn the_newest_days_count_from_what_was_known(open: impl Open) {
    let store = open().await;
    store
        .append(Sent::at(0).figures(&completed(), points(&[(0, "1"), (1, "1"), (2, "1")])).done())
        .await
        .unwrap();
    store.append(Sent::at(1).figures(&completed(), points(&[(9, "1")])).done()).await.unwrap();
    let query = Query { newest_days: Some(1), known_at: Some(minute(0)), ..Query::default() };
    assert_eq!(values(&store.series(&query).await.unwrap()), [(1, known("1")), (2, known("1"))]);
}

pub(crate) async fn the_latest_figure_of_every_series(open: impl Open) {
    let store = open().await;
    let other = series_key("other", Measure::Started);
    let sent =
        Sent::at(0).figures(&completed(), points(&[(0, "1"), (3, "4")])).figures(&other, points(&[(1, "7")]));
    store.append(sent.done()).await.unwrap();
    store.append(Sent::at(1).figures(&completed(), points(&[(3, "5")])).done()).await.unwrap();
    let latest = store.latest().await.unwrap();
    let read: Vec<_> =
        latest.iter().map(|s| (s.points.len(), s.points[0].point, s.points[0].revision)).collect();
    assert_eq!(read, [(1, point(3, known("5")), 2), (1, point(1, known("7")), 1)]);
}

pub(crate) async fn services_with_figures_are_known(open: impl Open) {
    let store = open().await;
    let other = series_key("other", Measure::Started);
    let sent = Sent::at(0)
        .figures(&completed(), points(&[(0, "1")]))
        .figures(&series_key("other", Measure::Completed), points(&[(0, "1")]))
        .figures(&other, points(&[(1, "7")]))
        .figures(&series_key("silent", Measure::Started), Vec::new());
    store.append(sent.done()).await.unwrap();
    let services = store.services_with_figures().await.unwrap();
    let services: Vec<&str> = services.iter().map(kpi::ServiceId::as_str).collect();
    assert_eq!(services, ["apply-for-teacher-training", "other"], "once each, and none without a figure");
}

pub(crate) async fn an_older_period_does_not_become_the_latest(open: impl Open) {
    let store = open().await;
    store.append(Sent::at(0).figures(&completed(), points(&[(5, "5")])).done()).await.unwrap();
    store.append(Sent::at(1).figures(&completed(), points(&[(1, "1")])).done()).await.unwrap();
    assert_eq!(values(&store.latest().await.unwrap()), [(5, known("5"))]);
    assert_eq!(all(&*store).await, [(1, known("1")), (5, known("5"))]);
}

pub(crate) async fn a_clock_that_goes_back_never_reorders_history(open: impl Open) {
    let store = open().await;
    store.append(Sent::at(10).figures(&completed(), points(&[(0, "1")])).done()).await.unwrap();
    store.append(Sent::at(5).figures(&completed(), points(&[(0, "2"), (1, "2")])).done()).await.unwrap();
    assert_eq!(all(&*store).await, [(0, known("2")), (1, known("2"))]);
    assert_eq!(as_known(&*store, minute(5)).await, []);
    assert_eq!(as_known(&*store, minute(10)).await, [(0, known("2")), (1, known("2"))]);
    let history = store.revisions(&figure_key(&completed(), 0)).await.unwrap();
    assert_eq!(history.iter().map(|r| r.collected_at).collect::<Vec<_>>(), [minute(10), minute(10)]);
}

pub(crate) async fn a_figure_of_the_wrong_kind_refuses_the_whole_submission(open: impl Open) {
    let store = open().await;
    let month = Period::containing(PeriodKind::Month, date(0)).unwrap();
    let stray = vec![Point { period: month, ..point(0, known("1")) }];
    let good = series_key("good", Measure::Completed);
    let sent = Sent::at(0).figures(&good, points(&[(0, "1")])).figures(&completed(), stray).service("a", "A");
    let refused = store.append(sent.done()).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
    assert_eq!(store.series(&Query::default()).await.unwrap(), []);
    assert_eq!(store.services(None).await.unwrap(), []);
}

pub(crate) async fn figures_out_of_order_are_stored_like_others(open: impl Open) {
    let store = open().await;
    let sent = || Sent::at(0).figures(&completed(), points(&[(2, "3"), (0, "1"), (2, "4"), (1, "2")])).done();
    store.append(sent()).await.unwrap();
    assert_eq!(all(&*store).await, [(0, known("1")), (1, known("2")), (2, known("4"))]);
    assert_eq!(store.append(sent()).await.unwrap().unchanged, 3);
}

pub(crate) async fn nothing_is_known_of_the_unknown(open: impl Open) {
    let store = open().await;
    assert_eq!(store.series(&Query::default()).await.unwrap(), []);
    assert_eq!(store.latest().await.unwrap(), []);
    assert_eq!(store.revisions(&figure_key(&completed(), 0)).await.unwrap(), []);
    let nothing = Sent::at(0).figures(&completed(), Vec::new()).done();
    assert_eq!(store.append(nothing).await.unwrap(), Accepted::default());
    assert_eq!(store.latest().await.unwrap(), []);
}

pub(crate) async fn it_agrees_with_the_model(open: impl Open) {
    super::store_model::check(open).await;
}
