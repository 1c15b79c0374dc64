//! Numbers as people write them in tables, kept exact.

use rust_decimal::Decimal;

/// What a number is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Plain,
    Pounds,
    Percent,
}

/// A mark written after a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    /// `[p]`: the number may still be revised.
    Provisional,
    /// A reference to a footnote, or another mark that says nothing about the value.
    Footnote,
}

/// A number with what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: Decimal,
    pub(super) unit: Unit,
    pub(super) mark: Mark,
}

/// Why a text is not a number that can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not a number, or one that may be read in two ways.
    Unreadable,
    TooLarge,
    /// More digits after the point than can be kept.
    TooPrecise,
}

/// The quick way for what nearly every cell of a large file holds: up to 18 digits, perhaps with a
/// point and a minus sign. `None` sends the cell the general way.
pub(super) fn plain(cell: &[u8]) -> Option<Decimal> {
    let (negative, digits) = match cell {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, cell),
    };
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut number: i64 = 0;
    let mut point = None;
    for (position, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => number = number.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?,
            b'.' if point.is_none() => point = Some(position),
            _ => return None,
        }
    }
    let scale = match point {
        None => 0,
        // `.5` and `5.` are written by people; a lone point is not a number.
        Some(_) if digits.len() == 1 => return None,
        Some(position) => u32::try_from(digits.len() - position - 1).ok()?,
    };
    Decimal::try_new(if negative { -number } else { number }, scale).ok()
}

/// Reads a number with thousands commas, a pound or percent sign, accounting parentheses, padding of
/// any white space, and a mark after it where it cannot be a part of the number.
///
/// A comma that does not separate thousands is refused: `1,23` may be a decimal comma. So is an
/// exponent: a spreadsheet that exported `1.2E+06` has lost the digits.
pub(super) fn parse(text: &str) -> Result<Number, Refusal> {
    let (text, mark) = strip_mark(text.trim());
    let (text, mut negative) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) => (inside.trim(), true),
        None => (text, false),
    };
    let mut rest = text;
    let mut unit = Unit::Plain;
    let mut signed = negative;
    loop {
        if let Some(after) = rest.strip_prefix('£').filter(|_| unit == Unit::Plain) {
            unit = Unit::Pounds;
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix(['-', '−', '+']).filter(|_| !signed) {
            signed = true;
            negative = !rest.starts_with('+');
            rest = after.trim_start();
        } else {
            break;
        }
    }
    if let Some(before) = rest.strip_suffix('%').filter(|_| unit == Unit::Plain) {
        unit = Unit::Percent;
        rest = before.trim_end();
    }
    let mut value = digits(rest)?;
    if negative {
        value.set_sign_negative(!value.is_zero());
    }
    Ok(Number { value, unit, mark })
}

fn digits(text: &str) -> Result<Decimal, Refusal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(Refusal::Unreadable);
    }
    let mut plain = String::with_capacity(text.len() + 1);
    for (position, group) in whole.split(',').enumerate() {
        let grouped = whole.len() != group.len();
        let fits = match position {
            _ if !grouped => true,
            0 => (1..=3).contains(&group.len()),
            _ => group.len() == 3,
        };
        if !fits || !all_digits(group) {
            return Err(Refusal::Unreadable);
        }
        plain.push_str(group);
    }
    if plain.is_empty() {
        plain.push('0');
    }
    let whole_digits = plain.len();
    if !fraction.is_empty() {
        plain.push('.');
        plain.push_str(fraction);
    }
    Decimal::from_str_exact(&plain).map_err(|_| {
        plain.truncate(whole_digits);
        if Decimal::from_str_exact(&plain).is_ok() { Refusal::TooPrecise } else { Refusal::TooLarge }
    })
}

/// Marks that cannot be a part of a number: `[note 2]`, `[r]`, `(p)`, `*`, `†`, superscripts.
fn strip_mark(text: &str) -> (&str, Mark) {
    let bracketed = [('[', ']'), ('(', ')')].into_iter().find_map(|(open, close)| {
        let inside = text.strip_suffix(close)?;
        let at = inside.rfind(open)?;
        let (number, word) = (inside.get(..at)?, inside.get(at + 1..)?);
        // `(1,234)` is a negative number; a mark in parentheses is letters.
        let is_mark =
            open == '[' || (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic()));
        (is_mark && !number.trim().is_empty()).then_some((number.trim_end(), word.trim()))
    });
    if let Some((number, word)) = bracketed {
        let provisional = ["p", "provisional"].iter().any(|known| word.eq_ignore_ascii_case(known));
        return (number, if provisional { Mark::Provisional } else { Mark::Footnote });
    }
    let marks = ['*', '†', '‡', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let number = text.trim_end_matches(marks);
    if number.len() < text.len() && !number.trim().is_empty() {
        return (number.trim_end(), Mark::Footnote);
    }
    (text, Mark::None)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("1,234,567", "1234567", Unit::Plain, Mark::None)]
    #[case("  36,661 ", "36661", Unit::Plain, Mark::None)]
    #[case("\u{a0}36,661\u{a0}", "36661", Unit::Plain, Mark::None)]
    #[case("£1,657.00", "1657.00", Unit::Pounds, Mark::None)]
    #[case("-£5", "-5", Unit::Pounds, Mark::None)]
    #[case("£-5", "-5", Unit::Pounds, Mark::None)]
    #[case("(1,234)", "-1234", Unit::Plain, Mark::None)]
    #[case("(£12.50)", "-12.50", Unit::Pounds, Mark::None)]
    #[case("87.5 %", "87.5", Unit::Percent, Mark::None)]
    #[case(".5", "0.5", Unit::Plain, Mark::None)]
    #[case("0", "0", Unit::Plain, Mark::None)]
    #[case("-0", "0", Unit::Plain, Mark::None)]
    #[case("1,234 [note 2]", "1234", Unit::Plain, Mark::Footnote)]
    #[case("1,234[p]", "1234", Unit::Plain, Mark::Provisional)]
    #[case("1,234 (r)", "1234", Unit::Plain, Mark::Footnote)]
    #[case("1,234*", "1234", Unit::Plain, Mark::Footnote)]
    fn a_number_as_people_write_it(
        #[case] text: &str,
        #[case] value: &str,
        #[case] unit: Unit,
        #[case] mark: Mark,
    ) {
        let value = Decimal::from_str(value).unwrap();
        assert_eq!(parse(text), Ok(Number { value, unit, mark }));
    }

    #[rstest]
    fn what_may_be_read_in_two_ways_is_refused(
        #[values(
            "1,23",
            "12,34,567",
            "1.2E+06",
            "1.2.3",
            "£",
            "%",
            "",
            ".",
            "--5",
            "£££5",
            "5£",
            "1 2",
            "12o",
            "[1]",
            "*",
            "()",
            "1,,234",
            ",123",
            "٣"
        )]
        text: &str,
    ) {
        assert_eq!(parse(text), Err(Refusal::Unreadable));
    }

    #[rstest]
    #[case("9999999999999999999999999999999", Refusal::TooLarge)]
    #[case("£79,228,162,514,264,337,593,543,950,336.5", Refusal::TooLarge)]
    #[case("0.12345678901234567890123456789", Refusal::TooPrecise)]
    fn what_cannot_be_kept_exactly_is_refused(#[case] text: &str, #[case] refusal: Refusal) {
        assert_eq!(parse(text), Err(refusal));
    }

    fn with_commas(whole: u64) -> String {
        let plain = whole.to_string();
        let mut text = String::new();
        for (position, digit) in plain.chars().enumerate() {
            if position > 0 && (plain.len() - position).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }

    proptest! {
        #[test]
        fn a_formatted_number_is_read_as_the_plain_one(
            whole in any::<u64>(), fraction in "[0-9]{0,8}", negative: bool, sign in 0..3_u8
        ) {
            let point = if fraction.is_empty() { "" } else { "." };
            let minus = if negative { "-" } else { "" };
            let plain_text = format!("{minus}{whole}{point}{fraction}");
            let expected = Decimal::from_str(&plain_text).unwrap();
            let grouped = with_commas(whole);
            let text = match sign {
                0 => format!(" {minus}{grouped}{point}{fraction}"),
                1 => format!("{minus}£{grouped}{point}{fraction} "),
                _ => format!("{minus}{grouped}{point}{fraction}%"),
            };
            let read = parse(&text).unwrap().value;
            prop_assert_eq!(read, expected);
            prop_assert_eq!(read.scale(), expected.scale());
            if let Some(quick) = plain(plain_text.as_bytes()) {
                prop_assert_eq!(quick, expected);
            }
        }

        #[test]
        fn the_quick_way_agrees_with_the_general_one(text in "-?[0-9.,]{0,20}") {
            if let Some(quick) = plain(text.as_bytes()) {
                prop_assert_eq!(Ok(quick), parse(&text).map(|number| number.value));
            }
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let _ = parse(&text);
            let _ = plain(text.as_bytes());
        }
    }
}
