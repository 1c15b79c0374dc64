//! Which services belong to which instance: the same for ever, on every machine.

#![allow(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

use kpi::ServiceId;
use pp_collector::shard::Shard;

fn shard(text: &str) -> Shard {
    text.parse().unwrap()
}

/// Computed apart from this program, as the documentation says: the first eight bytes of the SHA-256 of
/// the id as a big-endian number, modulo the count, plus one.
#[rstest::rstest]
#[case("apply-for-teacher-training", 6, 2)]
#[case("get-into-teaching", 7, 3)]
#[case("carers-allowance", 8, 1)]
#[case("renew-driving-licence", 7, 1)]
#[case("book-practical-driving-test", 3, 2)]
#[case("a", 3, 2)]
fn a_service_stays_where_it_is(#[case] service: ServiceId, #[case] of_eight: u64, #[case] of_three: u64) {
    for (count, own) in [(8, of_eight), (3, of_three), (1, 1)] {
        let owners: Vec<u64> =
            (1..=count).filter(|number| shard(&format!("{number}/{count}")).owns(&service)).collect();
        assert_eq!(owners, [own], "of {count}");
    }
}

#[test]
fn shards_are_of_about_the_same_size() {
    let services: Vec<ServiceId> = (0..8_000).map(|n| format!("service-{n}").parse().unwrap()).collect();
    for number in 1..=8 {
        let shard = shard(&format!("{number}/8"));
        let own = services.iter().filter(|service| shard.owns(service)).count();
        assert!((850..1150).contains(&own), "shard {shard} has {own} of 8000");
    }
}

#[rstest::rstest]
#[case("0/8")]
#[case("9/8")]
#[case("1/0")]
#[case("2")]
#[case("2/8/3")]
#[case("-1/8")]
#[case("")]
fn what_is_no_shard_is_refused(#[case] text: &str) {
    let refused = text.parse::<Shard>().unwrap_err();
    assert!(refused.to_string().contains("such as 2/8, from 1/8 to 8/8"), "{refused}");
}
