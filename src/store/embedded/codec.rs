//! A figure as two small columns and back, exactly.
//!
//! `SQLite` stores a small integer in as many bytes as it needs, so everything beside the digits is
//! packed into one: bits 0–4 the scale, 5 provisional, 6 thresholded, 7–9 the state, from bit 10 the
//! sampled share in parts per million plus one. An ordinary count costs no byte for it, an amount
//! in pence one.

use kpi::{Quality, SampledShare, Value};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rust_decimal::Decimal;

use super::fault::{Fault, Outcome};

const SCALE_MASK: u32 = 0b1_1111;
const PROVISIONAL: u32 = 1 << 5;
const THRESHOLDED: u32 = 1 << 6;
const STATE_SHIFT: u32 = 7;
const STATE_MASK: u32 = 0b111;
const SAMPLED_SHIFT: u32 = 10;

/// A figure as its columns `mantissa` and `shape`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coded {
    pub(super) mantissa: Mantissa,
    pub(super) shape: u32,
}

/// The digits of a number. A `Decimal` has up to 96 bits; the few numbers beyond 64 are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mantissa {
    Absent,
    Narrow(i64),
    Wide(String),
}

impl ToSql for Mantissa {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Absent => ValueRef::Null,
            Self::Narrow(digits) => ValueRef::Integer(*digits),
            Self::Wide(digits) => ValueRef::Text(digits.as_bytes()),
        }))
    }
}

pub(super) fn encode(value: Value, quality: Quality) -> Coded {
    let state: u32 = match value {
        Value::Known(_) => 0,
        Value::NotProvided => 1,
        Value::NotApplicable => 2,
        Value::Suppressed => 3,
        Value::Withdrawn => 4,
    };
    let mut shape = state << STATE_SHIFT;
    if quality.provisional {
        shape |= PROVISIONAL;
    }
    if quality.thresholded {
        shape |= THRESHOLDED;
    }
    if let Some(share) = quality.sampled {
        shape |= (share.parts_per_million() + 1) << SAMPLED_SHIFT;
    }
    let mantissa = value.known().map_or(Mantissa::Absent, |number| {
        shape |= number.scale();
        let digits = number.mantissa();
        i64::try_from(digits).map_or_else(|_| Mantissa::Wide(digits.to_string()), Mantissa::Narrow)
    });
    Coded { mantissa, shape }
}

pub(super) fn decode(mantissa: ValueRef<'_>, shape: i64) -> Outcome<(Value, Quality)> {
    let malformed =
        || Fault::Unreadable(format!("a figure has the mantissa {mantissa:?} and the shape {shape}"));
    let bits = u32::try_from(shape).map_err(|_| malformed())?;
    let scale = bits & SCALE_MASK;
    let value = match (bits >> STATE_SHIFT & STATE_MASK, mantissa) {
        (0, ValueRef::Integer(digits)) => number(digits.into(), scale),
        (0, ValueRef::Text(digits)) => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .and_then(|digits| number(digits, scale)),
        (1, ValueRef::Null) => Some(Value::NotProvided),
        (2, ValueRef::Null) => Some(Value::NotApplicable),
        (3, ValueRef::Null) => Some(Value::Suppressed),
        (4, ValueRef::Null) => Some(Value::Withdrawn),
        _ => None,
    };
    let sampled = match bits >> SAMPLED_SHIFT {
        0 => None,
        parts => Some(SampledShare::from_parts_per_million(parts - 1).ok_or_else(malformed)?),
    };
    let quality =
        Quality { provisional: bits & PROVISIONAL != 0, thresholded: bits & THRESHOLDED != 0, sampled };
    Ok((value.ok_or_else(malformed)?, quality))
}

fn number(digits: i128, scale: u32) -> Option<Value> {
    Decimal::try_from_i128_with_scale(digits, scale).ok().map(Value::Known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            6 => (-(1_i128 << 96) + 1..(1_i128 << 96), 0..=28_u32)
                .prop_map(|(digits, scale)| Value::Known(Decimal::from_i128_with_scale(digits, scale))),
            6 => (any::<i64>(), 0..=28_u32).prop_map(|(digits, scale)| Value::Known(Decimal::new(digits, scale))),
            1 => Just(Value::NotProvided),
            1 => Just(Value::NotApplicable),
            1 => Just(Value::Suppressed),
            1 => Just(Value::Withdrawn),
        ]
    }

    fn any_quality() -> impl Strategy<Value = Quality> {
        (any::<bool>(), any::<bool>(), proptest::option::of(0..=1_000_000_u32)).prop_map(
            |(provisional, thresholded, parts)| Quality {
                provisional,
                thresholded,
                sampled: parts.and_then(SampledShare::from_parts_per_million),
            },
        )
    }

    proptest! {
        #[test]
        fn a_figure_survives_its_columns(value in any_value(), quality in any_quality()) {
            let coded = encode(value, quality);
            let mantissa = match &coded.mantissa {
                Mantissa::Absent => ValueRef::Null,
                Mantissa::Narrow(digits) => ValueRef::Integer(*digits),
                Mantissa::Wide(digits) => ValueRef::Text(digits.as_bytes()),
            };
            let (read, read_quality) = decode(mantissa, i64::from(coded.shape)).unwrap();
            prop_assert_eq!(read, value);
            prop_assert_eq!(read.known().map(|n| n.scale()), value.known().map(|n| n.scale()));
            prop_assert_eq!(read_quality, quality);
        }

        #[test]
        fn nothing_read_makes_decoding_fail_but_with_an_error(digits in any::<i64>(), shape in any::<i64>()) {
            let _ = decode(ValueRef::Integer(digits), shape);
            let _ = decode(ValueRef::Null, shape);
        }
    }

    #[test]
    fn an_ordinary_count_has_shape_zero() {
        let coded = encode(Value::Known(1234.into()), Quality::default());
        assert_eq!(coded, Coded { mantissa: Mantissa::Narrow(1234), shape: 0 });
    }
}
