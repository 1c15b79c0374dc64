//! What is written down of alerts, and what follows from it for receivers.

use pp_collector::alerts::state::{Audience, Decision, Settled};
use pp_collector::alerts::{Event, News, Resolution};
use proptest::prelude::*;

use crate::land::*;

/// News waiting for a receiver.
async fn waiting(book: &pp_collector::alerts::state::AlertBook, receiver: &str) -> Vec<(News, u32)> {
    let waiting = book.waiting(&receiver.parse().unwrap()).await.unwrap();
    waiting.into_iter().map(|delivery| (delivery.notice.news, delivery.notice.occasion)).collect()
}

/// Tells everything that waits for a receiver.
async fn tell(book: &pp_collector::alerts::state::AlertBook, receiver: &str) {
    for delivery in book.waiting(&receiver.parse().unwrap()).await.unwrap() {
        book.attempt_begins(delivery.id).await.unwrap();
        book.settle(delivery.id, Settled::Sent, at(NOW)).await.unwrap();
    }
}

#[tokio::test]
async fn the_same_found_again_is_the_same_alert() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    let raised = || vec![decision(Event::Raised(alert.clone()), &["office", "slack"])];
    let first = book.record(raised(), at(NOW)).await.unwrap();
    assert_eq!((first[0].changed, first[0].deliveries), (true, 2));
    let again = book.record(raised(), at(NOW)).await.unwrap();
    assert_eq!((again[0].changed, again[0].deliveries), (false, 0));
    assert_eq!(waiting(&book, "office").await, [(News::Raised, 1)]);
    assert_eq!(book.open().await.unwrap()[0].alert, alert);
}

#[tokio::test]
async fn who_was_told_hears_of_the_worse_and_of_the_end_once() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    book.record(vec![decision(Event::Raised(alert.clone()), &["office"])], at(NOW)).await.unwrap();
    tell(&book, "office").await;
    for _ in 0..2 {
        let worse = decision(Event::Worsened(worse(&alert)), &["office"]);
        book.record(vec![worse], at(NOW)).await.unwrap();
        assert_eq!(waiting(&book, "office").await, [(News::Worsened, 1)]);
    }
    tell(&book, "office").await;
    for _ in 0..2 {
        let end = decision(Event::Resolved(ended(&alert, Resolution::Recovered)), &["office", "slack"]);
        book.record(vec![end], at(NOW)).await.unwrap();
        assert_eq!(waiting(&book, "office").await, [(News::Resolved, 1)]);
        assert_eq!(waiting(&book, "slack").await, [], "it never heard of the beginning");
    }
    assert!(book.open().await.unwrap().is_empty());
    assert_eq!(book.newest(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_was_not_told_yet_hears_of_the_worst_and_only_of_that() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    let decisions = vec![
        decision(Event::Raised(alert.clone()), &["office"]),
        decision(Event::Worsened(worse(&alert)), &["office", "on-call"]),
    ];
    book.record(decisions, at(NOW)).await.unwrap();
    for receiver in ["office", "on-call"] {
        let waiting = book.waiting(&receiver.parse().unwrap()).await.unwrap();
        assert_eq!(waiting.len(), 1, "{receiver}");
        assert_eq!(waiting[0].notice.news, News::Raised, "{receiver}");
        assert_eq!(waiting[0].notice.alert, worse(&alert), "{receiver}");
    }
}

#[tokio::test]
async fn what_came_and_went_untold_is_told_to_nobody_and_kept() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    let decisions = vec![
        decision(Event::Raised(alert.clone()), &["office", "slack"]),
        decision(Event::Resolved(ended(&alert, Resolution::Revised)), &["office", "slack"]),
    ];
    book.record(decisions, at(NOW)).await.unwrap();
    assert_eq!(waiting(&book, "office").await, []);
    assert_eq!(book.newest(10).await.unwrap()[0].alert, ended(&alert, Resolution::Revised));
}

#[tokio::test]
async fn a_beginning_that_may_have_arrived_is_followed_by_its_end() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    book.record(vec![decision(Event::Raised(alert.clone()), &["office"])], at(NOW)).await.unwrap();
    let delivery = book.waiting(&"office".parse().unwrap()).await.unwrap().remove(0);
    book.attempt_begins(delivery.id).await.unwrap();
    let end = decision(Event::Resolved(ended(&alert, Resolution::Recovered)), &["office"]);
    book.record(vec![end], at(NOW)).await.unwrap();
    assert_eq!(waiting(&book, "office").await, [(News::Raised, 1), (News::Resolved, 1)]);
}

#[tokio::test]
async fn what_a_revision_ended_and_another_brought_back_is_another_occasion() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    for occasion in 1..=2 {
        book.record(vec![decision(Event::Raised(alert.clone()), &["office"])], at(NOW)).await.unwrap();
        assert_eq!(waiting(&book, "office").await, [(News::Raised, occasion)]);
        tell(&book, "office").await;
        let end = decision(Event::Resolved(ended(&alert, Resolution::Revised)), &["office"]);
        book.record(vec![end], at(NOW)).await.unwrap();
        tell(&book, "office").await;
    }
}

#[tokio::test]
async fn what_goes_on_is_shown_and_told_to_nobody() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    book.record(vec![decision(Event::Raised(alert.clone()), &["office"])], at(NOW)).await.unwrap();
    tell(&book, "office").await;
    let mut goes_on = alert.clone();
    goes_on.latest = alert.latest.next();
    let continued = decision(Event::Continued(goes_on.clone()), &["office"]);
    book.record(vec![continued], at(NOW)).await.unwrap();
    assert_eq!(waiting(&book, "office").await, []);
    assert_eq!(book.open().await.unwrap()[0].alert, goes_on);
}

#[tokio::test]
async fn a_backfill_tells_nobody_until_it_gets_worse() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    let quietly = |event| vec![Decision { event, services: services(), audience: Audience::Nobody }];
    book.record(quietly(Event::Raised(alert.clone())), at(NOW)).await.unwrap();
    assert!(book.open().await.unwrap()[0].quiet);
    book.record(vec![decision(Event::Continued(alert.clone()), &["office"])], at(NOW)).await.unwrap();
    assert!(book.open().await.unwrap()[0].quiet, "it goes on as quietly");
    book.record(vec![decision(Event::Worsened(worse(&alert)), &["office"])], at(NOW)).await.unwrap();
    assert!(!book.open().await.unwrap()[0].quiet);
    assert_eq!(waiting(&book, "office").await, [(News::Raised, 1)]);
}

#[tokio::test]
async fn what_waits_for_a_receiver_that_is_gone_is_dropped() {
    let (book, alert) = (book(), fall("renew-a-licence"));
    book.record(vec![decision(Event::Raised(alert), &["office", "slack"])], at(NOW)).await.unwrap();
    assert_eq!(book.withdraw_others(&names(&["slack"]), at(NOW)).await.unwrap(), 1);
    assert_eq!(waiting(&book, "office").await, []);
    assert_eq!(waiting(&book, "slack").await, [(News::Raised, 1)]);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Raise,
    GoOn,
    Worsen,
    End,
    Tell,
    BeginToTell,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// In whatever order things happen: a receiver is told of a beginning first and of an end last, and
    /// of nothing twice on one occasion.
    #[test]
    fn news_comes_in_order_and_once(steps in prop::collection::vec(
        prop::sample::select(vec![Step::Raise, Step::GoOn, Step::Worsen, Step::End, Step::Tell, Step::BeginToTell]), 1..30,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let told = runtime.block_on(async {
            let (book, alert) = (book(), fall("renew-a-licence"));
            let office = "office".parse().unwrap();
            let mut told = Vec::new();
            for step in steps {
                let event = match step {
                    Step::Raise => Event::Raised(alert.clone()),
                    Step::GoOn => Event::Continued(alert.clone()),
                    Step::Worsen => Event::Worsened(worse(&alert)),
                    Step::End => Event::Resolved(ended(&alert, Resolution::Recovered)),
                    Step::Tell => {
                        for delivery in book.waiting(&office).await.unwrap() {
                            book.attempt_begins(delivery.id).await.unwrap();
                            book.settle(delivery.id, Settled::Sent, at(NOW)).await.unwrap();
                            told.push((delivery.notice.occasion, delivery.notice.news));
                        }
                        continue;
                    }
                    Step::BeginToTell => {
                        if let Some(first) = book.waiting(&office).await.unwrap().first() {
                            book.attempt_begins(first.id).await.unwrap();
                        }
                        continue;
                    }
                };
                book.record(vec![decision(event, &["office"])], at(NOW)).await.unwrap();
            }
            told
        });
        let mut sorted = told.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(&told, &sorted);
        for (occasion, _) in &told {
            prop_assert!(told.contains(&(*occasion, News::Raised)));
        }
    }
}
