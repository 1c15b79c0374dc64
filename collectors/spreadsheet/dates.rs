//! Periods as people write them in tables.

use std::collections::HashMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use kpi::{Period, PeriodKind};
use serde::Deserialize;

use super::tokens::{Token, month_number, tokens, year_of};

/// A way of writing a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// `2026-04-01`
    Date,
    /// `01/04/2026`, also with points or hyphens and two-digit years
    DayMonthYear,
    /// `Oct-12`, `October 2012`, `2012-10`, `10/2012`
    Month,
    /// `Jul - Sep 2012`, `October 2015 to September 2016`
    MonthRange,
    /// `2012-Q4`, `Q4 2012`: calendar quarters
    Quarter,
    /// `Q1 2026/27`, `2026-27 Q1`: Q1 is April to June
    FinancialQuarter,
    /// `2026/27`, `2026-27`, `FY 2026-2027`
    FinancialYear,
    /// `2026`
    Year,
    /// `w/c 30/03/2026`, `week commencing 30 March 2026`, `2026-W14`
    Week,
    /// Day number of a workbook that counts from 1900
    Serial1900,
    /// Day number of a workbook that counts from 1904
    Serial1904,
    /// `2026-04-01T09:00Z`
    Hour,
    /// `2017-Q1`: the 12 months that end the day before that quarter, which is when they were asked for
    AskedForQuarter,
}

/// Formats tried where none are configured. Day numbers are not among them: 2016 is also a year.
pub(super) const USUAL: [Format; 10] = [
    Format::Date,
    Format::DayMonthYear,
    Format::Month,
    Format::MonthRange,
    Format::Quarter,
    Format::FinancialQuarter,
    Format::FinancialYear,
    Format::Year,
    Format::Week,
    Format::Hour,
];

/// Which end of a period its date or month names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NamedBy {
    /// Its first day or month.
    #[default]
    Start,
    /// Its last day or month: `year to 31 March 2026`.
    LastDay,
}

/// How period texts are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DateRules {
    pub(super) formats: Vec<Format>,
    pub(super) named_by: NamedBy,
    /// Texts that mean a period of their own, by [`squeezed`] text, to the first day.
    pub(super) names: HashMap<String, Date>,
    pub(super) zone: TimeZone,
}

/// A text without white space, in lower case.
pub(super) fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').flat_map(char::to_lowercase).collect()
}

/// What a text names before the period kind is considered.
enum Named {
    Day(Date),
    Months { start: Date, months: i32, natural: PeriodKind },
    Instant(Timestamp),
}

impl DateRules {
    /// Reads a period of a kind, or of the kind the text itself names. The error says what was expected.
    pub(crate) fn period(&self, text: &str, kind: Option<PeriodKind>) -> Result<Period, String> {
        let text = text.trim();
        if let Some(start) = self.names.get(&squeezed(text)) {
            return Period::starting(kind.unwrap_or(PeriodKind::Day), *start)
                .map_err(|error| error.to_string());
        }
        let tokens = tokens(text);
        let mut first_error = None;
        for format in &self.formats {
            match self.named(*format, text, &tokens).map(|named| self.resolve(&named, *format, kind)) {
                Some(Ok(period)) => return Ok(period),
                Some(Err(error)) => {
                    first_error.get_or_insert(error);
                }
                None => {}
            }
        }
        Err(first_error.unwrap_or_else(|| match kind {
            Some(kind) => format!("expected a period of kind {kind} in one of the configured formats"),
            None => "expected a period in one of the configured formats".to_owned(),
        }))
    }

    fn resolve(&self, named: &Named, format: Format, kind: Option<PeriodKind>) -> Result<Period, String> {
        let period = match *named {
            Named::Instant(instant) => match kind {
                None | Some(PeriodKind::Hour) => Period::hour_containing(instant),
                Some(kind) => return Err(format!("names an instant, and a {kind} is expected")),
            },
            Named::Day(day) => {
                let kind =
                    kind.unwrap_or(if format == Format::Week { PeriodKind::Week } else { PeriodKind::Day });
                match self.named_by {
                    NamedBy::LastDay if format != Format::Week => {
                        Period::ending(kind, day.saturating_add(1.day()))
                    }
                    _ => Period::starting(kind, day),
                }
            }
            Named::Months { start, months, natural } => {
                let kind = kind.unwrap_or(natural);
                match (months_in(kind), self.named_by) {
                    (Some(wanted), _) if wanted == months => Period::starting(kind, start),
                    (Some(_), NamedBy::LastDay) if months == 1 => {
                        Period::ending(kind, start.saturating_add(1.month()))
                    }
                    (Some(_), NamedBy::Start) if months == 1 => Period::starting(kind, start),
                    _ => return Err(format!("names {months} months, and a {kind} is expected")),
                }
            }
        };
        period.map_err(|error| error.to_string())
    }

    fn named(&self, format: Format, text: &str, tokens: &[Token<'_>]) -> Option<Named> {
        match format {
            Format::Date => iso_date(text).map(Named::Day),
            Format::DayMonthYear => day_month_year(tokens).map(Named::Day),
            Format::Month => month(tokens),
            Format::MonthRange => month_range(tokens),
            Format::Quarter => {
                let (year, quarter) = quarter(tokens)?;
                months(year, quarter * 3 - 2, 3, PeriodKind::Quarter)
            }
            Format::FinancialQuarter => financial_quarter(tokens),
            Format::FinancialYear => financial_year(tokens),
            Format::Year => match tokens {
                [Token::Number(year)] if year.len() == 4 => months(year_of(year)?, 1, 12, PeriodKind::Year),
                _ => None,
            },
            Format::Week => week(tokens).map(Named::Day),
            Format::Serial1900 => serial(text, 1900).map(Named::Day),
            Format::Serial1904 => serial(text, 1904).map(Named::Day),
            Format::Hour => self.instant(text).map(Named::Instant),
            Format::AskedForQuarter => {
                let (year, quarter) = quarter(tokens)?;
                months(year.checked_sub(1)?, quarter * 3 - 2, 12, PeriodKind::YearTo)
            }
        }
    }

    /// A time without a zone is one of ours, and refused where the clock shows it twice or never.
    fn instant(&self, text: &str) -> Option<Timestamp> {
        if let Ok(instant) = text.parse() {
            return Some(instant);
        }
        if !text.contains([':']) {
            return None;
        }
        let local: DateTime = text.parse().ok()?;
        self.zone.to_ambiguous_timestamp(local).unambiguous().ok()
    }
}

fn months_in(kind: PeriodKind) -> Option<i32> {
    match kind {
        PeriodKind::Hour | PeriodKind::Day | PeriodKind::Week => None,
        PeriodKind::Month => Some(1),
        PeriodKind::Quarter => Some(3),
        PeriodKind::Year | PeriodKind::FinancialYear | PeriodKind::YearTo => Some(12),
    }
}

fn months(year: i16, month: i8, months: i32, natural: PeriodKind) -> Option<Named> {
    Date::new(year, month, 1).ok().map(|start| Named::Months { start, months, natural })
}

fn small(text: &str) -> Option<i8> {
    text.parse().ok()
}

/// `2026-04-01`, and what a workbook's date cells are written as: midnight after it.
fn iso_date(text: &str) -> Option<Date> {
    let text = text.strip_suffix("T00:00:00").or_else(|| text.strip_suffix(" 00:00:00")).unwrap_or(text);
    let shape = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if shape { text.parse().ok() } else { None }
}

fn day_month_year(tokens: &[Token<'_>]) -> Option<Date> {
    use Token::{Mark, Number, Word};
    let (day, month, year) = match *tokens {
        [Number(day), Mark(a), Number(month), Mark(b), Number(year)] if a == b && day.len() <= 2 => {
            (day, small(month)?, year)
        }
        [Number(day), Word(month), Number(year)]
        | [Number(day), Mark('-'), Word(month), Mark('-'), Number(year)] => (day, month_number(month)?, year),
        _ => return None,
    };
    Date::new(year_of(year)?, month, small(day)?).ok()
}

fn month(tokens: &[Token<'_>]) -> Option<Named> {
    use Token::{Mark, Number, Word};
    let (year, month) = match *tokens {
        [Word(month), Number(year)] | [Word(month), Mark('-' | '/'), Number(year)] => {
            (year_of(year)?, month_number(month)?)
        }
        [Number(year), Mark('-'), Number(month)] if year.len() == 4 && month.len() == 2 => {
            (year_of(year)?, small(month)?)
        }
        [Number(month), Mark('/'), Number(year)] if year.len() == 4 && month.len() <= 2 => {
            (year_of(year)?, small(month)?)
        }
        _ => return None,
    };
    months(year, month, 1, PeriodKind::Month)
}

fn month_range(tokens: &[Token<'_>]) -> Option<Named> {
    use Token::{Mark, Number, Word};
    let (first, first_year, last, last_year) = match *tokens {
        [Word(first), Mark('-'), Word(last), Number(year)] => (first, None, last, year),
        [Word(first), Number(first_year), Mark('-'), Word(last), Number(year)] => {
            (first, Some(year_of(first_year)?), last, year)
        }
        _ => return None,
    };
    let (first, last, last_year) = (month_number(first)?, month_number(last)?, year_of(last_year)?);
    let first_year = first_year.unwrap_or(last_year - i16::from(first > last));
    let length = (i32::from(last_year) - i32::from(first_year)) * 12 + i32::from(last) - i32::from(first) + 1;
    let natural = match length {
        1 => PeriodKind::Month,
        3 => PeriodKind::Quarter,
        12 => PeriodKind::YearTo,
        _ => return None,
    };
    months(first_year, first, length, natural)
}

fn quarter(tokens: &[Token<'_>]) -> Option<(i16, i8)> {
    use Token::{Mark, Number, Word};
    let ([Number(year), Mark('-' | '/'), Word("q"), Number(quarter)]
    | [Number(year), Word("q"), Number(quarter)]
    | [Word("q"), Number(quarter), Number(year)]
    | [Word("q"), Number(quarter), Mark('-' | '/'), Number(year)]) = *tokens
    else {
        return None;
    };
    let quarter = small(quarter).filter(|quarter| (1..=4).contains(quarter))?;
    (year.len() == 4).then_some((year_of(year)?, quarter))
}

fn financial_quarter(tokens: &[Token<'_>]) -> Option<Named> {
    use Token::{Mark, Number, Word};
    let ([Word("q"), Number(quarter), Number(first), Mark('-' | '/'), Number(second)]
    | [Number(first), Mark('-' | '/'), Number(second), Word("q"), Number(quarter)]
    | [Number(first), Mark('-' | '/'), Number(second), Mark('-'), Word("q"), Number(quarter)]) = *tokens
    else {
        return None;
    };
    let year = two_years(first, second)?;
    match small(quarter)? {
        quarter @ 1..=3 => months(year, quarter * 3 + 1, 3, PeriodKind::Quarter),
        4 => months(year.checked_add(1)?, 1, 3, PeriodKind::Quarter),
        _ => None,
    }
}

fn financial_year(tokens: &[Token<'_>]) -> Option<Named> {
    use Token::{Mark, Number, Word};
    let ([Number(first), Mark('-' | '/'), Number(second)]
    | [Word("fy"), Number(first), Mark('-' | '/'), Number(second)]) = *tokens
    else {
        return None;
    };
    months(two_years(first, second)?, 4, 12, PeriodKind::FinancialYear)
}

/// The first of two years that follow each other: `2026` and `27`.
fn two_years(first: &str, second: &str) -> Option<i16> {
    let year = (first.len() == 4).then(|| year_of(first)).flatten()?;
    let next = year.checked_add(1)?;
    let follows = match second.len() {
        2 => small(second).map(i16::from) == Some(next % 100),
        4 => year_of(second) == Some(next),
        _ => false,
    };
    follows.then_some(year)
}

fn week(tokens: &[Token<'_>]) -> Option<Date> {
    use Token::{Mark, Number, Word};
    match *tokens {
        [Number(year), Mark('-'), Word("w"), Number(week)] => {
            let week = small(week)?;
            jiff::civil::ISOWeekDate::new(year_of(year)?, week, jiff::civil::Weekday::Monday)
                .ok()
                .map(jiff::civil::ISOWeekDate::date)
        }
        [Word("w"), Mark('/'), Word("c"), ref date @ ..]
        | [Word("wc"), ref date @ ..]
        | [Word("week"), Word("commencing" | "beginning" | "starting" | "of"), ref date @ ..] => {
            day_month_year(date).or_else(|| match *date {
                [Number(year), Mark('-'), Number(month), Mark('-'), Number(day)] if year.len() == 4 => {
                    Date::new(year_of(year)?, small(month)?, small(day)?).ok()
                }
                _ => None,
            })
        }
        _ => None,
    }
}

/// A workbook's day number. The count from 1900 has a 29 February 1900, day 60, that never was.
fn serial(text: &str, epoch: i16) -> Option<Date> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    let number: i64 =
        whole.bytes().all(|byte| byte.is_ascii_digit()).then(|| whole.parse().ok()).flatten()?;
    let base = match (epoch, number) {
        (1900, 60) => return None,
        (1900, 0..60) => jiff::civil::date(1899, 12, 31),
        (1900, _) => jiff::civil::date(1899, 12, 30),
        _ => jiff::civil::date(1904, 1, 1),
    };
    base.checked_add(Span::new().try_days(number).ok()?).ok()
}

#[cfg(test)]
#[path = "dates_tests.rs"]
mod tests;
