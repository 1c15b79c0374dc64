//! What a cell of figures says: a number, or one of the words for an absent one.

use std::collections::HashMap;

use kpi::{Measure, Value};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::number::{self, Mark, Number, Refusal, Unit};

/// What an empty cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Blank {
    /// The figure was asked for and is absent.
    #[default]
    NotProvided,
    /// The cell says nothing.
    Skip,
}

/// What becomes of a mark after a number, `1,234 [note 2]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FootnoteMarks {
    /// The cell is bad.
    #[default]
    Refuse,
    /// The mark is dropped.
    Strip,
}

/// How a ratio without a percent sign is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ratios {
    /// 0 to 1.
    #[default]
    Fraction,
    /// 0 to 100.
    Percent,
    /// 0 to 1 where it is at most 1, else 0 to 100. Half a percent without a sign is read as a half.
    Auto,
}

/// How cells of figures are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CellRules {
    /// Words for absent figures, in lower case.
    pub(super) tokens: HashMap<String, Value>,
    /// Whether a token, such as -99, could be taken for a number.
    pub(super) numeric_tokens: NumericTokens,
    pub(super) blank: Blank,
    pub(super) footnotes: FootnoteMarks,
    pub(super) ratios: Ratios,
}

/// Whether tokens must be looked up before a number is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumericTokens {
    Absent,
    Present,
}

/// What a cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Figure { value: Value, provisional: bool },
    Nothing,
}

impl CellRules {
    /// Reads one cell. The error says what was expected.
    pub(super) fn read(&self, cell: &[u8], measure: Measure) -> Result<Said, &'static str> {
        if self.numeric_tokens == NumericTokens::Absent
            && !is_ratio(measure)
            && let Some(number) = number::plain(cell)
        {
            return Ok(Said::Figure { value: Value::Known(number), provisional: false });
        }
        let text = std::str::from_utf8(cell).unwrap_or_default().trim();
        if text.is_empty() {
            return Ok(match self.blank {
                Blank::NotProvided => Said::Figure { value: Value::NotProvided, provisional: false },
                Blank::Skip => Said::Nothing,
            });
        }
        if let Some(value) = self.token(text) {
            return Ok(Said::Figure { value, provisional: false });
        }
        let number = number::parse(text).map_err(|refusal| match refusal {
            Refusal::Unreadable => {
                "expected a number such as 1,234.5 or a word for an absent figure, see `tokens`"
            }
            Refusal::TooLarge => "the number is too large to be kept exactly; expected at most 28 digits",
            Refusal::TooPrecise => {
                "the number has too many digits after the point to be kept exactly; round it"
            }
        })?;
        let value = self.in_unit(number, measure)?;
        Ok(Said::Figure { value: Value::Known(value), provisional: number.mark == Mark::Provisional })
    }

    fn token(&self, text: &str) -> Option<Value> {
        self.tokens.get(text).copied().or_else(|| self.tokens.get(&text.to_lowercase()).copied())
    }

    fn in_unit(&self, number: Number, measure: Measure) -> Result<Decimal, &'static str> {
        if number.mark == Mark::Footnote && self.footnotes == FootnoteMarks::Refuse {
            return Err("expected a number without a mark; remove it or set `footnote_marks = \"strip\"`");
        }
        let hundredth = || {
            number
                .value
                .checked_div(Decimal::ONE_HUNDRED)
                .ok_or("expected a percentage that can be kept exactly")
        };
        match (number.unit, is_ratio(measure)) {
            (Unit::Plain, false) => Ok(number.value),
            (Unit::Pounds, _) if matches!(measure, Measure::Cost | Measure::CostPerTransaction) => {
                Ok(number.value)
            }
            (Unit::Pounds, _) => Err("expected no amount of money in this column"),
            (Unit::Percent, true) => hundredth(),
            (Unit::Percent, false) => Err("expected no percentage in this column"),
            (Unit::Plain, true) => match self.ratios {
                Ratios::Percent => hundredth(),
                Ratios::Auto if number.value > Decimal::ONE => hundredth(),
                Ratios::Fraction | Ratios::Auto => Ok(number.value),
            },
        }
    }
}

/// Measures that lie between 0 and 1.
fn is_ratio(measure: Measure) -> bool {
    matches!(measure, Measure::CompletionRate | Measure::DigitalTakeup | Measure::SatisfactionScore)
}
