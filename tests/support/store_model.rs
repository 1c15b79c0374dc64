//! A store that is nothing but the rules, and random histories on which a real one must agree.

use std::collections::BTreeMap;
use std::sync::Arc;

use kpi::{Measure, Point, Quality, SeriesFigures, SeriesKey, Value};
use pp_collector::store::{
    Accepted, ForeignSeries, Query, Revised, Revision, Series, SeriesHistory, StoredPoint, Submission,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::figures::*;
use super::store_contract::Open;

const HISTORIES: u32 = 40;

#[derive(Default)]
struct Model {
    owners: BTreeMap<SeriesKey, kpi::CollectorName>,
    /// Every revision of each figure, oldest first.
    figures: BTreeMap<(SeriesKey, kpi::Period), Vec<Revision>>,
    newest: Option<jiff::Timestamp>,
}

impl Model {
    fn append(&mut self, submission: &Submission) -> Accepted {
        let mut accepted = Accepted::default();
        let given = submission.provenance.collected_at;
        let collected_at = self.newest.map_or(given, |newest| newest.max(given));
        for SeriesFigures { key, points } in &submission.series {
            if points.is_empty() {
                continue;
            }
            let collector = &submission.provenance.collector;
            let owner = self.owners.entry(key.clone()).or_insert_with(|| collector.clone());
            if submission.provenance.adopts.contains(owner) {
                *owner = collector.clone();
            }
            if owner != collector {
                accepted.foreign.push(ForeignSeries { key: key.clone(), owner: owner.clone() });
                continue;
            }
            for point in points {
                self.take(key, *point, (collector, collected_at), &mut accepted);
            }
        }
        if accepted.new > 0 || !accepted.revised.is_empty() {
            self.newest = Some(collected_at);
        }
        accepted
    }

    fn take(
        &mut self,
        key: &SeriesKey,
        point: Point,
        (collector, collected_at): (&kpi::CollectorName, jiff::Timestamp),
        accepted: &mut Accepted,
    ) {
        let history = self.figures.entry((key.clone(), point.period)).or_default();
        let mut stored = StoredPoint { point, revision: 1, collected_at };
        if let Some(last) = history.last().map(|revision| revision.stored) {
            let blanked = point.value == Value::NotProvided
                && matches!(last.point.value, Value::Known(_) | Value::Withdrawn);
            stored.point.value = if blanked { Value::Withdrawn } else { point.value };
            stored.revision = last.revision + 1;
            if stored.point == last.point {
                accepted.unchanged += 1;
                return;
            }
            let key = kpi::FigureKey { series: key.clone(), period: point.period };
            accepted.revised.push(Revised { key, from: last.point.value, to: stored.point.value });
        } else {
            accepted.new += 1;
        }
        history.push(Revision { stored, collector: collector.clone() });
        accepted.changed_services.insert(key.service.clone());
    }

    fn series(&self, query: &Query) -> Vec<Series> {
        let mut found: BTreeMap<&SeriesKey, Vec<StoredPoint>> = BTreeMap::new();
        for ((key, _), history) in &self.figures {
            let known = |kept: &&Revision| query.known_at.is_none_or(|at| kept.stored.collected_at <= at);
            let newest = history.iter().rfind(known).map(|kept| kept.stored);
            found.entry(key).or_default().extend(newest);
        }
        let mut answer = Vec::new();
        for (key, mut points) in found {
            if query.services.as_ref().is_some_and(|services| !services.contains(&key.service))
                || query.measures.as_ref().is_some_and(|measures| !measures.contains(&key.measure))
            {
                continue;
            }
            let newest = points.last().map(|stored| stored.point.period.index());
            points.retain(|stored| {
                let start = stored.point.period.start_date();
                let limited = matches!(
                    key.period_kind,
                    kpi::PeriodKind::Hour | kpi::PeriodKind::Day | kpi::PeriodKind::Week
                );
                let near = query.newest_days.filter(|_| limited).is_none_or(|days| {
                    let newest = i64::from(newest.unwrap());
                    newest - i64::from(stored.point.period.index()) <= i64::from(days)
                });
                near && query.from.is_none_or(|from| from <= start) && query.to.is_none_or(|to| start < to)
            });
            if !points.is_empty() {
                answer.push(Series { key: key.clone(), collector: self.owners[key].clone(), points });
            }
        }
        answer
    }

    /// The revisions of the figures that the query selects, as far as they were known.
    fn history(&self, query: &Query) -> Vec<SeriesHistory> {
        let of = |series: Series| {
            let revisions = series.points.iter().flat_map(|newest| {
                let known = &self.figures[&(series.key.clone(), newest.point.period)];
                known.iter().filter(|kept| kept.stored.revision <= newest.revision).cloned()
            });
            SeriesHistory { revisions: revisions.collect(), key: series.key.clone(), owner: series.collector }
        };
        self.series(query).into_iter().map(of).collect()
    }

    fn latest(&self) -> Vec<Series> {
        let newest = |mut series: Series| {
            series.points = series.points.pop().into_iter().collect();
            series
        };
        self.series(&Query::default()).into_iter().map(newest).collect()
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (0..4_i64, 0..3_u32).prop_map(|(digits, scale)| Value::Known(rust_decimal::Decimal::new(digits, scale))),
        2 => Just(Value::NotProvided),
        1 => Just(Value::NotApplicable),
        1 => Just(Value::Suppressed),
        1 => Just(Value::Withdrawn),
    ]
}

fn any_points() -> impl Strategy<Value = Vec<Point>> {
    let figure = (any_value(), prop::bool::weighted(0.2));
    prop::collection::btree_map(0..12_i32, figure, 0..8).prop_map(|figures| {
        let point = |(n, (value, provisional))| Point {
            quality: Quality { provisional, ..Quality::default() },
            ..point(n, value)
        };
        figures.into_iter().map(point).collect()
    })
}

fn any_submission() -> impl Strategy<Value = Arc<Submission>> {
    let series = prop::collection::btree_map((0..2_usize, 0..2_usize), any_points(), 1..4);
    (0..40_i64, 0..3_usize, prop::bool::weighted(0.2), series).prop_map(|(n, collector, adopts, series)| {
        let names = ["matomo", "ga4", "spreadsheet"];
        let mut sent = Sent::at(n).by(names[collector]);
        if adopts {
            sent = sent.adopting(names[(collector + 1) % 3]);
        }
        for ((service, measure), points) in series {
            let measure = [Measure::Started, Measure::Completed][measure];
            sent = sent.figures(&series_key(["one", "two"][service], measure), points);
        }
        sent.done()
    })
}

fn any_query() -> impl Strategy<Value = Query> {
    let date = || prop::option::of((-1..14_i32).prop_map(date));
    let days = prop::option::of(0..10_u32);
    let known_at = prop::option::of((-1..42_i64).prop_map(minute));
    (date(), date(), days, known_at, prop::bool::ANY).prop_map(|(from, to, newest_days, known_at, one)| {
        Query {
            services: one.then(|| vec!["two".parse().unwrap()]),
            from,
            to,
            newest_days,
            known_at,
            ..Query::default()
        }
    })
}

/// Runs random histories against a fresh store each. A failure prints the whole history.
pub(crate) async fn check(open: impl Open) {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed()),
    );
    let histories = (prop::collection::vec(any_submission(), 1..12), prop::collection::vec(any_query(), 8));
    for _ in 0..HISTORIES {
        let (history, queries) = histories.new_tree(&mut runner).unwrap().current();
        let (store, mut model) = (open().await, Model::default());
        for submission in &history {
            let accepted = store.append(Arc::clone(submission)).await.unwrap();
            assert_eq!(accepted, model.append(submission), "history {history:#?}");
        }
        for query in queries {
            let answer = store.series(&query).await.unwrap();
            assert_eq!(answer, model.series(&query), "query {query:?}, history {history:#?}");
            let answer = store.history(&query).await.unwrap();
            assert_eq!(answer, model.history(&query), "history by {query:?}, history {history:#?}");
        }
        assert_eq!(store.latest().await.unwrap(), model.latest(), "history {history:#?}");
        let copy = open().await;
        let whole = model.history(&Query::default());
        copy.restore(&whole, &[]).await.unwrap();
        assert_eq!(copy.history(&Query::default()).await.unwrap(), whole, "copied, history {history:#?}");
        assert_eq!(copy.latest().await.unwrap(), model.latest(), "copied, history {history:#?}");
        for ((series, period), revisions) in &model.figures {
            let key = kpi::FigureKey { series: series.clone(), period: *period };
            let revisions: Vec<_> = revisions.iter().map(|kept| kept.stored).collect();
            assert_eq!(store.revisions(&key).await.unwrap(), revisions, "{key:?}, history {history:#?}");
        }
    }
}

/// Fresh histories on every run, and those of a run that failed by giving its seed.
fn seed() -> [u8; 32] {
    let number: u64 =
        std::env::var("PP_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            use std::hash::{BuildHasher, Hasher};
            std::hash::RandomState::new().build_hasher().finish()
        });
    println!("histories from PP_TEST_SEED={number}");
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    seed
}
