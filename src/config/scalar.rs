//! Values that are written as text or number and have a meaning of their own.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Span, SpanRelativeTo};
use rust_decimal::Decimal;
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::settings::{KeepPeriods, PurgeGuard};

/// A length of time with its unit: `30s`, `10m`, `1h 30m`, `7 days` (a day is 24 hours).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length(pub(super) Duration);

const LENGTH_HINT: &str =
    "write a length of time with its unit, such as \"30s\", \"10m\", \"1h 30m\" or \"7 days\"";

impl Length {
    pub(super) const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    fn parse(text: &str) -> Option<Self> {
        let span: Span = text.trim().parse().ok()?;
        let signed: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        signed.try_into().ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Length;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as \"30s\" or \"10m\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
                Length::parse(text)
                    .ok_or_else(|| E::custom(format!("{text:?} is not a length of time; {LENGTH_HINT}")))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Length, E> {
                Err(E::custom(format!("{number} has no unit; {LENGTH_HINT}")))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Length, E> {
                Err(E::custom(format!("{number} has no unit; {LENGTH_HINT}")))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Length, E> {
                Err(E::custom(format!("{number} has no unit; {LENGTH_HINT}")))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A day, as TOML writes it or as text: `2026-01-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct Day(pub(super) Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Day;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date such as 2026-01-31")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                // A time of day would be read and dropped in silence.
                let date = if text.len() == "2026-01-31".len() { text.parse().ok() } else { None };
                date.map(Day)
                    .ok_or_else(|| E::custom(format!("{text:?} is not a date; write it as 2026-01-31")))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

/// A decimal number, exactly as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct Number(pub(super) Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as 0.8")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                let number = text.trim().parse().map(Number);
                number.map_err(|_| E::custom(format!("{text:?} is not a number; write it as 0.8")))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number.into()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number.into()))
            }
            // TOML's floats are binary; the shortest text of one is what the author wrote.
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for KeepPeriods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = KeepPeriods;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, 1 or more, or \"all\"")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<KeepPeriods, E> {
                let count = u32::try_from(number).ok().and_then(NonZeroU32::new);
                count
                    .map(KeepPeriods::Count)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<KeepPeriods, E> {
                match u64::try_from(number) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<KeepPeriods, E> {
                match text.trim().parse() {
                    Ok(number) => self.visit_u64(number),
                    Err(_) if text == "all" => Ok(KeepPeriods::All),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for PurgeGuard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = PurgeGuard;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as \"90 days\", or \"off\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PurgeGuard, E> {
                match Length::parse(text) {
                    Some(Length(age)) => Ok(PurgeGuard::After(age)),
                    None if text == "off" => Ok(PurgeGuard::Off),
                    None => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("30s", Some(30))]
    #[case("1h 30m", Some(5_400))]
    #[case("7 days", Some(604_800))]
    #[case("1 week", Some(604_800))]
    #[case("30", None)]
    #[case("-5s", None)]
    #[case("1 month", None)]
    #[case("soon", None)]
    fn a_length_of_time_has_a_unit_of_fixed_size(#[case] text: &str, #[case] seconds: Option<u64>) {
        assert_eq!(Length::parse(text), seconds.map(Length::from_secs));
    }
}
