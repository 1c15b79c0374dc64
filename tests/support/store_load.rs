//! The part of the contract that is about size and about reading while writing.

use std::sync::Arc;

use kpi::Measure;
use pp_collector::store::{Query, Store, Submission};

use super::figures::*;
use super::store_contract::Open;

/// 100,000 figures, every one of the value given.
fn large(n: i64, value: &str) -> Arc<Submission> {
    let mut sent = Sent::at(n);
    for number in 0..274 {
        let days = (0..365).map(|n| point(n, known(value))).collect();
        sent = sent.figures(&series_key(&format!("service-{number}"), Measure::Completed), days);
    }
    sent.done()
}

pub(crate) async fn a_large_submission_is_stored_whole(open: impl Open) {
    let store = open().await;
    assert_eq!(store.append(large(0, "1")).await.unwrap().new, 100_010);
    assert_eq!(store.append(large(1, "1")).await.unwrap().unchanged, 100_010);
    let answer = store.series(&Query::default()).await.unwrap();
    assert_eq!(answer.iter().map(|series| series.points.len()).sum::<usize>(), 100_010);
}

pub(crate) async fn readers_see_whole_submissions_only(open: impl Open) {
    let store: Arc<dyn Store> = Arc::from(open().await);
    let key = |n: i32| series_key(&format!("service-{n}"), Measure::Completed);
    let send = move |edition: i64| {
        let mut sent = Sent::at(edition);
        for n in 0..20 {
            sent = sent.figures(&key(n), points(&[(0, &edition.to_string()), (1, &edition.to_string())]));
        }
        sent.done()
    };
    store.append(send(0)).await.unwrap();
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for edition in 1..=30 {
                store.append(send(edition)).await.unwrap();
            }
        }
    });
    let mut reads = 0;
    while !writer.is_finished() || reads == 0 {
        let answer = store.series(&Query::default()).await.unwrap();
        let mut seen: Vec<_> = answer.iter().flat_map(|s| &s.points).map(|p| p.point.value).collect();
        assert_eq!(seen.len(), 40);
        seen.dedup();
        assert_eq!(seen.len(), 1, "a reader saw parts of two submissions");
        reads += 1;
    }
    writer.await.unwrap();
}
