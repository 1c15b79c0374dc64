//! The part of the contract that is about handing every revision from one store to another.

use kpi::{Measure, Point, Quality, SampledShare, Value};
use pp_collector::store::{DatedDescription, Query, Revision, SeriesHistory, Store, StoreError};

use super::figures::*;
use super::store_contract::Open;

/// Two services with revisions, a renamed collector, every state, and descriptions that changed.
async fn fill(store: &dyn Store) {
    let cost = series_key("second", Measure::Cost);
    let sampled = SampledShare::from_parts_per_million(250_000);
    let quality = Quality { provisional: true, thresholded: true, sampled };
    let first = Sent::at(0)
        .figures(&completed(), points(&[(0, "10"), (1, "11"), (5, "15")]))
        .figures(&cost, vec![Point { quality, ..point(0, known("1234.50")) }, point(1, Value::Suppressed)])
        .service("second", "Before");
    store.append(first.done()).await.unwrap();
    store.append(Sent::at(1).figures(&completed(), points(&[(0, "12")])).done()).await.unwrap();
    let third = Sent::at(2)
        .by("matomo-cloud")
        .adopting("matomo")
        .figures(
            &completed(),
            vec![point(0, Value::NotProvided), point(7, known("79228162514264337593543950335"))],
        )
        .service("second", "After");
    store.append(third.done()).await.unwrap();
}

async fn whole(store: &dyn Store) -> Vec<SeriesHistory> {
    store.history(&Query::default()).await.unwrap()
}

/// Number, value, collector and minute of every revision of a series, with the day it is for.
fn lines(history: &SeriesHistory) -> Vec<String> {
    let line = |Revision { stored, collector }: &Revision| {
        let day = stored.point.period.index() - 20_000;
        let minute = (stored.collected_at.as_second() - minute(0).as_second()) / 60;
        format!("day {day} r{} {} by {collector} at {minute}", stored.revision, stored.point.value)
    };
    history.revisions.iter().map(line).collect()
}

pub(crate) async fn history_gives_every_revision(open: impl Open) {
    let store = open().await;
    fill(&*store).await;
    let history = whole(&*store).await;
    assert_eq!(
        history.iter().map(|h| (h.key.clone(), h.owner.to_string())).collect::<Vec<_>>(),
        [
            (completed(), "matomo-cloud".to_owned()),
            (series_key("second", Measure::Cost), "matomo".to_owned())
        ]
    );
    assert_eq!(
        lines(&history[0]),
        [
            "day 0 r1 10 by matomo at 0",
            "day 0 r2 12 by matomo at 1",
            "day 0 r3 withdrawn by matomo-cloud at 2",
            "day 1 r1 11 by matomo at 0",
            "day 5 r1 15 by matomo at 0",
            "day 7 r1 79228162514264337593543950335 by matomo-cloud at 2",
        ]
    );
}

pub(crate) async fn history_selects_like_a_query(open: impl Open) {
    let store = open().await;
    fill(&*store).await;
    let read = async |query: Query| {
        let history = store.history(&query).await.unwrap();
        history.iter().flat_map(lines).collect::<Vec<_>>()
    };
    let one = Query { services: Some(vec![completed().service]), ..Query::default() };
    let query = Query { known_at: Some(minute(1)), to: Some(date(1)), ..one.clone() };
    assert_eq!(read(query).await, ["day 0 r1 10 by matomo at 0", "day 0 r2 12 by matomo at 1"]);
    let query = Query { newest_days: Some(2), ..one.clone() };
    assert_eq!(
        read(query).await,
        ["day 5 r1 15 by matomo at 0", "day 7 r1 79228162514264337593543950335 by matomo-cloud at 2"]
    );
    let query = Query { newest_days: Some(0), known_at: Some(minute(1)), ..one };
    assert_eq!(read(query).await, ["day 5 r1 15 by matomo at 0"]);
    let query = Query { measures: Some(vec![Measure::Cost]), from: Some(date(1)), ..Query::default() };
    assert_eq!(read(query).await, ["day 1 r1 suppressed by matomo at 0"]);
    let nothing: [&str; 0] = [];
    assert_eq!(read(Query { known_at: Some(minute(-1)), ..Query::default() }).await, nothing);
}

pub(crate) async fn descriptions_are_all_kept(open: impl Open) {
    let store = open().await;
    fill(&*store).await;
    let dated = |collector: &str, n, name| DatedDescription {
        collector: collector.parse().unwrap(),
        described_at: minute(n),
        description: described("second", name),
    };
    let expected = [dated("matomo", 0, "Before"), dated("matomo-cloud", 2, "After")];
    assert_eq!(store.descriptions().await.unwrap(), expected);
}

pub(crate) async fn what_is_restored_is_the_same_in_every_answer(open: impl Open) {
    let (store, copy) = (open().await, open().await);
    fill(&*store).await;
    let (history, descriptions) = (whole(&*store).await, store.descriptions().await.unwrap());
    assert_eq!(copy.restore(&history, &descriptions).await.unwrap(), 8);
    assert_eq!(whole(&*copy).await, history);
    assert_eq!(copy.descriptions().await.unwrap(), descriptions);
    assert_eq!(copy.latest().await.unwrap(), store.latest().await.unwrap());
    for known_at in [None, Some(minute(-1)), Some(minute(0)), Some(minute(1)), Some(minute(2))] {
        let query = Query { known_at, ..Query::default() };
        assert_eq!(copy.series(&query).await.unwrap(), store.series(&query).await.unwrap());
        assert_eq!(copy.services(known_at).await.unwrap(), store.services(known_at).await.unwrap());
    }
    let key = figure_key(&completed(), 0);
    assert_eq!(copy.revisions(&key).await.unwrap(), store.revisions(&key).await.unwrap());
}

pub(crate) async fn restoring_again_changes_nothing(open: impl Open) {
    let (store, copy) = (open().await, open().await);
    fill(&*store).await;
    let (history, descriptions) = (whole(&*store).await, store.descriptions().await.unwrap());
    copy.restore(&history, &descriptions).await.unwrap();
    assert_eq!(copy.restore(&history, &descriptions).await.unwrap(), 0);
    assert_eq!(store.restore(&history, &descriptions).await.unwrap(), 0, "into the store it came from");
    assert_eq!((whole(&*copy).await, whole(&*store).await), (history.clone(), history));
    assert_eq!(copy.descriptions().await.unwrap(), descriptions);
}

pub(crate) async fn what_was_restored_goes_on(open: impl Open) {
    let (store, copy) = (open().await, open().await);
    fill(&*store).await;
    copy.restore(&whole(&*store).await, &store.descriptions().await.unwrap()).await.unwrap();
    // What the source collects later comes on top, service by service, with the past sent again.
    let later =
        || Sent::at(9).by("matomo-cloud").figures(&completed(), points(&[(0, "13"), (8, "8")])).done();
    assert_eq!(store.append(later()).await.unwrap().revised.len(), 1);
    let query = Query { services: Some(vec![completed().service]), ..Query::default() };
    assert_eq!(copy.restore(&store.history(&query).await.unwrap(), &[]).await.unwrap(), 2);
    assert_eq!(whole(&*copy).await, whole(&*store).await);
    assert_eq!(copy.latest().await.unwrap(), store.latest().await.unwrap());
    // And the copy collects by itself: what it has is unchanged, its series have their owners.
    assert_eq!(copy.append(later()).await.unwrap().unchanged, 2);
    let former = Sent::at(10).figures(&completed(), points(&[(0, "99")])).done();
    assert_eq!(copy.append(former).await.unwrap().foreign.len(), 1);
}

pub(crate) async fn an_older_history_restored_later_is_known_when_it_was(open: impl Open) {
    let (early, late, copy) = (open().await, open().await, open().await);
    let other = series_key("other", Measure::Completed);
    early
        .append(Sent::at(0).figures(&completed(), points(&[(0, "1")])).service("s", "Old").done())
        .await
        .unwrap();
    late.append(Sent::at(9).figures(&other, points(&[(0, "9")])).service("s", "New").done()).await.unwrap();
    for store in [late, early] {
        copy.restore(&whole(&*store).await, &store.descriptions().await.unwrap()).await.unwrap();
    }
    let at = |n| Query { known_at: Some(minute(n)), ..Query::default() };
    assert_eq!(values(&copy.series(&at(5)).await.unwrap()), [(0, known("1"))]);
    assert_eq!(copy.series(&at(9)).await.unwrap().len(), 2);
    assert_eq!(copy.services(Some(minute(5))).await.unwrap(), [described("s", "Old")]);
    assert_eq!(copy.services(None).await.unwrap(), [described("s", "New")]);
}

pub(crate) async fn a_history_that_contradicts_is_refused_whole(open: impl Open) {
    type Change = (&'static str, fn(&mut Revision));
    let store = open().await;
    fill(&*store).await;
    let before = whole(&*store).await;
    let good = Sent::at(3).figures(&series_key("a-new-service", Measure::Started), points(&[(0, "1")]));
    let other = open().await;
    other.append(good.done()).await.unwrap();
    let good = whole(&*other).await;
    let changed: [Change; 6] = [
        ("10", |revision| revision.stored.point.value = known("11")),
        ("provisional", |revision| revision.stored.point.quality.provisional = true),
        ("at", |revision| revision.stored.collected_at = minute(-1)),
        ("collected by ga4", |revision| revision.collector = "ga4".parse().unwrap()),
        ("revision 0", |revision| revision.stored.revision = 0),
        ("in order", |revision| revision.stored.revision = 9),
    ];
    for (what, change) in changed {
        let mut history = [good.clone(), before.clone()].concat();
        change(&mut history[1].revisions[0]);
        let refused = store.restore(&history, &[]).await;
        let Err(StoreError::Refused { problem, .. }) = refused else { panic!("{what}: {refused:?}") };
        assert!(problem.contains("apply-for-teacher-training completed digital"), "{what}: {problem}");
        assert_eq!(whole(&*store).await, before, "{what}");
    }
}

pub(crate) async fn a_history_with_a_gap_is_refused(open: impl Open) {
    let (store, copy) = (open().await, open().await);
    fill(&*store).await;
    let mut history = whole(&*store).await;
    history[0].revisions.remove(0);
    let refused = copy.restore(&history, &[]).await;
    let Err(StoreError::Refused { problem, .. }) = refused else { panic!("{refused:?}") };
    assert!(problem.contains("revision 2 comes where revision 1 belongs"), "{problem}");
    assert_eq!(whole(&*copy).await, []);
}

pub(crate) async fn an_instant_keeps_every_digit(open: impl Open) {
    let (store, copy) = (open().await, open().await);
    fill(&*store).await;
    let collected_at = "2026-06-01T09:00:00.123456789Z".parse().unwrap();
    let mut history = whole(&*store).await;
    history.truncate(1);
    history[0].revisions.truncate(1);
    history[0].revisions[0].stored.collected_at = collected_at;
    copy.restore(&history, &[]).await.unwrap();
    assert_eq!(whole(&*copy).await, history);
    let known = async |known_at| {
        copy.series(&Query { known_at: Some(known_at), ..Query::default() }).await.unwrap().len()
    };
    let just_before = "2026-06-01T09:00:00.123456788Z".parse().unwrap();
    assert_eq!((known(just_before).await, known(collected_at).await), (0, 1));
}
