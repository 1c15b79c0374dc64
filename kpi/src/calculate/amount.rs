//! An amount over a period: given directly, or summed from the parts of the period.

use std::cell::RefCell;
use std::collections::HashMap;

use rust_decimal::Decimal;

use super::result::{Completeness, Evidence};
use super::table::{Entry, FigureTable, Line};
use crate::measure::Additivity;
use crate::service::{Incomplete, ServiceRules};
use crate::{Channel, Coverage, Measure, Period, PeriodKind, Value};

/// A quantity for a period, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Amount {
    Known(Decimal, Evidence),
    /// Missing; what, in plain words.
    Missing(String),
    NotApplicable,
    Suppressed,
    Withdrawn,
    /// Negative, or too large to add up exactly.
    Impossible(String),
}

impl Amount {
    /// Adds amounts of distinct channels or parts: what is not applicable is left out, and one
    /// missing part makes the sum missing. `None` where there was nothing to add.
    pub(crate) fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut total: Option<Self> = None;
        for amount in amounts {
            total = Some(match total {
                None => amount,
                Some(sofar) => sofar.plus(amount),
            });
        }
        total
    }

    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Impossible(why), _) | (_, Self::Impossible(why)) => Self::Impossible(why),
            (Self::Suppressed, _) | (_, Self::Suppressed) => Self::Suppressed,
            (Self::Withdrawn, _) | (_, Self::Withdrawn) => Self::Withdrawn,
            (Self::Missing(a), Self::Missing(b)) if a != b => Self::Missing(format!("{a}; {b}")),
            (Self::Missing(what), _) | (_, Self::Missing(what)) => Self::Missing(what),
            (Self::NotApplicable, other) | (other, Self::NotApplicable) => other,
            (Self::Known(a, mut evidence), Self::Known(b, more)) => {
                evidence.absorb(&more);
                match a.checked_add(b) {
                    Some(sum) => Self::Known(sum, evidence),
                    None => Self::Impossible(format!("{a} and {b} are too large to add")),
                }
            }
        }
    }
}

/// Amounts summed from parts, kept because a month is a part of its quarter and of four kinds of year.
pub(crate) type Memo = RefCell<HashMap<(Line, Period), Amount>>;

/// Reads amounts of one service.
#[derive(Clone, Copy)]
pub(crate) struct Amounts<'a> {
    pub(crate) table: &'a FigureTable,
    pub(crate) rules: &'a ServiceRules,
    pub(crate) memo: &'a Memo,
}

impl Amounts<'_> {
    /// The amount of a line over a period.
    ///
    /// A figure for the period itself is the answer whatever its state: a period that a source was
    /// asked for and left blank is not made up from its parts, because for some services (stocks
    /// counted at a date) the whole is not their sum.
    pub(crate) fn of(self, line: Line, period: Period) -> Amount {
        if let Some(entry) = self.table.get(line, period) {
            return direct(line, entry);
        }
        if let Some(known) = self.memo.borrow().get(&(line, period)) {
            return known.clone();
        }
        let summed = self.summed_from_parts(line, period);
        self.memo.borrow_mut().insert((line, period), summed.clone());
        summed
    }

    fn summed_from_parts(self, line: Line, period: Period) -> Amount {
        let missing = || Amount::Missing(format!("{} by {} for {period}", line.measure, line.channel));
        if line.measure.additivity() == Additivity::Published {
            return missing();
        }
        let mut incomplete = None;
        for kind in period.kind().summed_from() {
            if !self.reaches(line, *kind, period) {
                continue;
            }
            let Some(parts) = period.parts(*kind, &self.rules.time_zone) else { continue };
            match self.summed(line, &parts, *kind) {
                found @ Amount::Missing(_) => incomplete = incomplete.or(Some(found)),
                found => return found,
            }
        }
        incomplete.unwrap_or_else(missing)
    }

    /// Whether the line has figures inside the period, of a kind or of one it is summed from.
    fn reaches(self, line: Line, kind: PeriodKind, period: Period) -> bool {
        self.table.has_within(line, kind, period, &self.rules.time_zone)
            || kind.summed_from().iter().any(|finer| self.reaches(line, *finer, period))
    }

    /// Whether any figure bears on the line in the period: one for the period itself, or one inside it.
    /// What lies outside never matters, so the answer does not depend on how much was read.
    pub(crate) fn exists(self, line: Line, period: Period) -> bool {
        self.reaches(line, period.kind(), period)
    }

    /// A part that is not applicable, or was not asked for, leaves a gap in time: a year with three of
    /// its quarters is not a year. Only where no part applies is the whole not applicable.
    fn summed(self, line: Line, parts: &[Period], kind: PeriodKind) -> Amount {
        let amounts: Vec<Amount> = parts.iter().map(|part| self.of(line, *part)).collect();
        let count = |wanted: fn(&Amount) -> bool| {
            u32::try_from(amounts.iter().filter(|amount| wanted(amount)).count()).unwrap_or(u32::MAX)
        };
        let of = count(|_| true);
        let known = count(|amount| matches!(amount, Amount::Known(..)));
        if count(|amount| matches!(amount, Amount::NotApplicable)) == of {
            return Amount::NotApplicable;
        }
        let is_gap = |amount: &Amount| matches!(amount, Amount::Missing(_) | Amount::NotApplicable);
        let gaps = amounts.iter().any(is_gap);
        if gaps && (known == 0 || self.rules.incomplete == Incomplete::Undefined) {
            return Amount::Missing(format!(
                "{} by {} ({known} of {of} {kind}s)",
                line.measure, line.channel
            ));
        }
        match Amount::sum(amounts.into_iter().filter(|amount| !is_gap(amount))) {
            Some(Amount::Known(total, mut evidence)) => {
                let completeness = Some(Completeness { known, of, kind });
                evidence.absorb(&Evidence { completeness, ..Evidence::default() });
                Amount::Known(total, evidence)
            }
            Some(other) => other,
            None => Amount::NotApplicable,
        }
    }

    /// The sum of a measure over channels.
    pub(crate) fn over(
        self,
        measure: Measure,
        channels: &[Channel],
        coverage: Coverage,
        period: Period,
    ) -> Option<Amount> {
        Amount::sum(
            channels.iter().map(|channel| self.of(Line { measure, channel: *channel, coverage }, period)),
        )
    }
}

fn direct(line: Line, entry: &Entry) -> Amount {
    let point = &entry.point;
    match point.value {
        Value::Known(number) if number.is_sign_negative() && !number.is_zero() => {
            Amount::Impossible(format!("{} by {} is negative ({number})", line.measure, line.channel))
        }
        Value::Known(number) => Amount::Known(
            number,
            Evidence {
                provisional: point.quality.provisional,
                thresholded: point.quality.thresholded,
                sampled: point.quality.sampled,
                coverage: line.coverage,
                collected_at: Some(entry.collected_at),
                revisions: entry.revision.saturating_sub(1),
                ..Evidence::default()
            },
        ),
        Value::NotProvided => Amount::Missing(format!("{} by {}", line.measure, line.channel)),
        Value::NotApplicable => Amount::NotApplicable,
        Value::Suppressed => Amount::Suppressed,
        Value::Withdrawn => Amount::Withdrawn,
    }
}
