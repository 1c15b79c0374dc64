//! Chance without state: a number that depends on the seed and on what it is for, never on the order of asking.

/// Millionths in one: expectations are carried in millionths so that no figure passes through a float,
/// whose last bits differ between machines.
pub(crate) const MILLION: u64 = 1_000_000;

/// Thousandths in one.
pub(crate) const THOUSAND: u64 = 1000;

/// The finaliser of `SplitMix64`, which spreads neighbouring inputs over all 64 bits.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A number drawn for `parts`: the same parts always give the same number.
pub(crate) fn draw(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        mix(state.wrapping_add(*part).wrapping_add(0x9e37_79b9_7f4a_7c15))
    })
}

/// A text as one part of a draw.
pub(crate) fn part(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A signed number, such as an hour since 1970, as one part of a draw.
pub(crate) fn signed(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}

/// A whole number whose mean over many draws is `expected` millionths.
pub(crate) fn round(expected: u64, draw: u64) -> u64 {
    (expected + draw % MILLION) / MILLION
}

/// `count` split by thousandths, unbiased for small counts too, and never more than `count`.
///
/// For one draw it never falls when the share rises, which is what lets figures only grow as they settle.
pub(crate) fn share(count: u64, thousandths: u64, draw: u64) -> u64 {
    ((count * thousandths.min(THOUSAND) + draw % THOUSAND) / THOUSAND).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_never_falls_when_its_part_rises() {
        for count in [0, 1, 3, 1000] {
            for seed in 0..50 {
                let shares: Vec<u64> =
                    (0..=THOUSAND).map(|thousandths| share(count, thousandths, draw(&[seed]))).collect();
                assert!(shares.is_sorted());
                assert_eq!(shares.last(), Some(&count));
            }
        }
    }

    #[test]
    fn rounding_keeps_the_mean() {
        let total: u64 = (0..10_000).map(|seed| round(250_000, draw(&[seed]))).sum();
        assert!((2300..2700).contains(&total), "{total}");
    }
}
