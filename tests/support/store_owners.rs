//! The part of the contract that is about whose figures and descriptions are.

use std::sync::Arc;

use kpi::service::{Organisation, ServiceDescription};
use kpi::{Measure, Value};
use pp_collector::store::{Accepted, Query, Store};

use super::figures::*;
use super::store_contract::Open;

pub(crate) async fn a_series_belongs_to_its_first_collector(open: impl Open) {
    let store = open().await;
    let other = series_key("other", Measure::Started);
    store.append(Sent::at(0).figures(&completed(), points(&[(0, "1")])).done()).await.unwrap();
    let sent =
        Sent::at(1).by("ga4").figures(&completed(), points(&[(0, "9")])).figures(&other, points(&[(0, "2")]));
    let accepted = store.append(sent.done()).await.unwrap();
    assert_eq!((accepted.new, accepted.revised.len()), (1, 0));
    let [foreign] = accepted.foreign.as_slice() else { panic!("{accepted:?}") };
    assert_eq!((&foreign.key, foreign.owner.as_str()), (&completed(), "matomo"));
    let answer = store.series(&Query::default()).await.unwrap();
    assert_eq!(values(&answer[..1]), [(0, known("1"))]);
    assert_eq!(answer[1].collector.as_str(), "ga4");
}

pub(crate) async fn a_renamed_collector_takes_its_series_over(open: impl Open) {
    let store = open().await;
    store.append(Sent::at(0).figures(&completed(), points(&[(0, "1")])).done()).await.unwrap();
    let renamed =
        Sent::at(1).by("matomo-cloud").adopting("matomo").figures(&completed(), points(&[(0, "2")]));
    let accepted = store.append(renamed.done()).await.unwrap();
    assert_eq!((accepted.revised.len(), accepted.foreign.len()), (1, 0));
    assert_eq!(store.series(&Query::default()).await.unwrap()[0].collector.as_str(), "matomo-cloud");
    let former = Sent::at(2).figures(&completed(), points(&[(0, "3")])).done();
    assert_eq!(store.append(former).await.unwrap().foreign.len(), 1);
}

pub(crate) async fn services_are_known_as_last_described(open: impl Open) {
    let store = open().await;
    let organisation = |id: &str, name: &str| Organisation { id: id.parse().unwrap(), name: name.to_owned() };
    let full = ServiceDescription {
        department: Some(organisation("department-for-education", "Department for Education")),
        agency: Some(organisation("a", "Attorney General’s Office")),
        ..described("b", "Büro")
    };
    let mut sent = Arc::unwrap_or_clone(Sent::at(0).service("a", "Before").done());
    sent.services.push(full.clone());
    let accepted = store.append(Arc::new(sent)).await.unwrap();
    assert_eq!(accepted.changed_services.len(), 2);
    let accepted = store.append(Sent::at(1).service("a", "After").done()).await.unwrap();
    assert_eq!(accepted.changed_services, ["a".parse().unwrap()].into());
    assert_eq!(store.services(None).await.unwrap(), [described("a", "After"), full.clone()]);
    assert_eq!(store.services(Some(minute(0))).await.unwrap(), [described("a", "Before"), full]);
    assert_eq!(store.services(Some(minute(-1))).await.unwrap(), []);
}

pub(crate) async fn two_collectors_do_not_take_turns_in_describing(open: impl Open) {
    let store = open().await;
    store.append(Sent::at(0).service("a", "From one").done()).await.unwrap();
    store.append(Sent::at(1).by("ga4").service("a", "From another").done()).await.unwrap();
    let again = store.append(Sent::at(2).service("a", "From one").done()).await.unwrap();
    assert_eq!(again, Accepted::default());
    assert_eq!(store.services(None).await.unwrap(), [described("a", "From another")]);
}
