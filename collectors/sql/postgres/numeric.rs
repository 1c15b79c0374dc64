//! `NUMERIC` read exactly.
//!
//! The driver's own conversion rounds what does not fit, silently; here it is refused. The form is that
//! of `numeric_send` (`src/backend/utils/adt/numeric.c`): how many digits, weight of the first, sign,
//! scale to show, and the digits to base 10,000.

use rust_decimal::Decimal;

const NEGATIVE: u16 = 0x4000;
const TOO_LONG: &str = "a numeric with more than 28 digits; round it in the query";
const BROKEN: &str = "a numeric that cannot be understood; cast it to text in the query";

/// The number, or why it is none.
pub(super) fn decimal(bytes: &[u8]) -> Result<Decimal, &'static str> {
    let mut words = bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    let mut next = || words.next().ok_or(BROKEN);
    let count = i32::from(u16::from_be_bytes(next()?));
    let weight = i32::from(i16::from_be_bytes(next()?));
    let negative = match u16::from_be_bytes(next()?) {
        0 => false,
        NEGATIVE => true,
        0xC000 => return Err("NaN, which is no number; leave such rows out in the query"),
        0xD000 | 0xF000 => return Err("infinite; leave such rows out in the query"),
        _ => return Err(BROKEN),
    };
    next()?;
    let mut mantissa: i128 = 0;
    for _ in 0..count {
        let digit = i128::from(u16::from_be_bytes(next()?));
        mantissa = mantissa.checked_mul(10_000).and_then(|all| all.checked_add(digit)).ok_or(TOO_LONG)?;
    }
    if mantissa == 0 {
        return Ok(Decimal::ZERO);
    }
    let mut exponent = 4 * (weight - count + 1);
    while exponent < 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    while exponent > 0 {
        mantissa = mantissa.checked_mul(10).ok_or(TOO_LONG)?;
        exponent -= 1;
    }
    let signed = if negative { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, exponent.unsigned_abs()).map_err(|_| TOO_LONG)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `numeric_send` gives for 12345.6789.
    #[test]
    fn a_number_is_read_to_the_digit() {
        let words: [u16; 7] = [3, 1, 0, 4, 1, 2345, 6789];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(decimal(&bytes).unwrap().to_string(), "12345.6789");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let send = |words: &[u16]| -> Vec<u8> { words.iter().flat_map(|word| word.to_be_bytes()).collect() };
        assert!(decimal(&send(&[0, 0, 0xC000, 0])).unwrap_err().starts_with("NaN"));
        assert!(decimal(&send(&[0, 0, 0xD000, 0])).unwrap_err().starts_with("infinite"));
        assert_eq!(decimal(&send(&[2, 0, 0, 0, 1])), Err(BROKEN));
        assert_eq!(decimal(&send(&[1, 8, 0, 0, 1])), Err(TOO_LONG));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = decimal(&bytes);
        }
    }
}
