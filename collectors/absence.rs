//! What silence means: a period without a row, and a cell with a word instead of a number.

use std::collections::HashMap;

use kpi::{Channel, Coverage, Measure, PeriodKind, SeriesKey, ServiceId, Value};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::settings::Check;

/// What a figure that was asked for becomes when the source answers and does not mention it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Absent {
    /// Nothing is said of it.
    LeaveOut,
    /// Asked for and not there.
    NotProvided,
    /// The source leaves out zeros. Only believed of a complete answer about a settled period.
    Zero,
}

impl Absent {
    /// For settings of kinds in which silence is an answer.
    pub(crate) const fn not_provided() -> Self {
        Self::NotProvided
    }

    /// For settings of kinds in which figures are not named beforehand.
    pub(crate) const fn leave_out() -> Self {
        Self::LeaveOut
    }

    /// The value of an absent figure, if it gets one. `believed` is whether the answer is complete and the
    /// period settled: without both, silence is never zero.
    pub(crate) const fn value(self, believed: bool) -> Option<Value> {
        match self {
            Self::LeaveOut => None,
            Self::Zero if believed => Some(Value::Known(Decimal::ZERO)),
            Self::Zero | Self::NotProvided => Some(Value::NotProvided),
        }
    }
}

/// The figures that every period should have: each figure of each service.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    #[serde(default)]
    pub(crate) services: Vec<ServiceId>,
    #[serde(default)]
    pub(crate) figures: Vec<ExpectedFigure>,
}

/// One figure a service has in every period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedFigure {
    pub(crate) measure: Measure,
    pub(crate) channel: Channel,
    #[serde(default)]
    pub(crate) coverage: Coverage,
}

impl Expected {
    /// The figures of which absence means something. What the settings do not list is taken from `fixed`:
    /// what they give as the same for every row.
    pub(crate) fn of(absent: Absent, given: Option<Self>, fixed: Self, check: &mut Check) -> Self {
        if absent == Absent::LeaveOut {
            if given.is_some() {
                let message = "this has a meaning only with absent = \"zero\" or \"not_provided\"; add that or \
                               take it out";
                check.problem("expected", message);
            }
            return Self::default();
        }
        let Self { mut services, mut figures } = given.unwrap_or_default();
        if services.is_empty() {
            services = fixed.services;
        }
        if figures.is_empty() {
            figures = fixed.figures;
        }
        for (path, empty, what) in [
            ("expected.services", services.is_empty(), "services"),
            ("expected.figures", figures.is_empty(), "figures, each a measure and a channel,"),
        ] {
            if empty {
                check.problem(
                    path,
                    format!("`absent` needs the {what} that every period should have; list them"),
                );
            }
        }
        Self { services, figures }
    }

    /// Every series expected, with the kind of its periods.
    pub(crate) fn series(&self, period_kind: PeriodKind) -> impl Iterator<Item = SeriesKey> {
        self.services.iter().flat_map(move |service| {
            self.figures.iter().map(move |figure| SeriesKey {
                service: service.clone(),
                measure: figure.measure,
                channel: figure.channel,
                coverage: figure.coverage,
                period_kind,
            })
        })
    }
}

/// Words for absent figures, from configuration. A list given replaces the usual one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenLists {
    not_provided: Option<Vec<String>>,
    not_requested: Option<Vec<String>>,
    not_applicable: Option<Vec<String>>,
    suppressed: Option<Vec<String>>,
}

// GSS harmonised symbols ([c], [x], [z]), the marks departments used in the services sheet, and what
// people and programs write by hand.
const NOT_PROVIDED: [&str; 18] = [
    "",
    "-",
    "--",
    "–",
    "—",
    "..",
    "n/p",
    "np",
    "tbu",
    "tbc",
    "tba",
    "see notes",
    "not provided",
    "no data",
    "not available",
    "null",
    "unknown",
    "[x]",
];
const NOT_REQUESTED: [&str; 2] = ["***", "not requested"];
const NOT_APPLICABLE: [&str; 5] = ["n/a", "na", "z", "[z]", "not applicable"];
const SUPPRESSED: [&str; 8] = ["c", "[c]", "*", "<5", "<10", "< 5", "< 10", "suppressed"];

impl TokenLists {
    /// What each word means, by the word in lower case.
    pub(crate) fn meanings(&self) -> HashMap<String, Value> {
        let mut meanings = HashMap::new();
        let mut add = |given: &Option<Vec<String>>, usual: &[&str], value: Value| match given {
            Some(words) => meanings.extend(words.iter().map(|word| (word.trim().to_lowercase(), value))),
            None => meanings.extend(usual.iter().map(|word| ((*word).to_owned(), value))),
        };
        add(&self.not_provided, &NOT_PROVIDED, Value::NotProvided);
        add(&self.not_requested, &NOT_REQUESTED, Value::NotApplicable);
        add(&self.not_applicable, &NOT_APPLICABLE, Value::NotApplicable);
        add(&self.suppressed, &SUPPRESSED, Value::Suppressed);
        meanings
    }
}
