//! Rows of JSON to figures.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use jiff::Timestamp;
use kpi::{Batch, BatchBuilder, Period, Point, Quality, SeriesKey, Value};
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::config::{Repeated, Source};
use super::paging::Turn;
use super::plan::{FigurePlan, Plan};
use super::{dates, fetch};
use crate::absence::Absent;
use crate::words::shown;
use crate::{CollectError, PeriodSpan, Reason};

/// Bad rows listed; the rest are counted.
const PROBLEMS_LISTED: usize = 50;
/// The place of what is not about one row.
const ALL_ROWS: &str = "all rows";

/// Gathers the figures of one answer.
pub(super) struct Reader<'p> {
    plan: &'p Plan,
    periods: HashSet<Period>,
    now: Timestamp,
    figures: BTreeMap<SeriesKey, BTreeMap<Period, Held>>,
    rows: u64,
    good_rows: u64,
    /// Of a period that was not asked for.
    outside: u64,
    problems: Vec<(u64, String)>,
    unlisted: u64,
    /// Pointers that some row has: one that none has is a sign that the source changed.
    found: HashSet<&'p str>,
    pointer_count: usize,
    first_row: Option<String>,
    incomplete: Option<String>,
}

/// A figure as far as rows tell.
enum Held {
    Value(Value),
    /// Two rows say different things.
    Refused,
}

impl<'p> Reader<'p> {
    pub(super) fn new(plan: &'p Plan, span: PeriodSpan, now: Timestamp) -> Self {
        Self {
            plan,
            periods: span.periods().collect(),
            now,
            figures: BTreeMap::new(),
            rows: 0,
            good_rows: 0,
            outside: 0,
            problems: Vec::new(),
            unlisted: 0,
            found: HashSet::new(),
            pointer_count: pointers(plan).collect::<HashSet<_>>().len(),
            first_row: None,
            incomplete: None,
        }
    }

    /// How many rows there were.
    pub(super) const fn row_count(&self) -> u64 {
        self.rows
    }

    /// Compares what came with what the source announced.
    pub(super) fn announced(&mut self, turn: &Turn) {
        if let Some(announced) = turn.announced.filter(|announced| *announced != turn.rows) {
            self.incomplete = Some(format!(
                "the source announced {announced} rows and gave {}; its figures are provisional until they agree",
                turn.rows
            ));
        }
    }

    pub(super) fn row(&mut self, row: &Json) {
        self.rows += 1;
        if self.first_row.is_none() {
            self.first_row = Some(fetch::members(row));
        }
        let plan = self.plan;
        self.look_for_parts(row);
        let period = part(row, &plan.period).and_then(|text| {
            dates::period(&plan.period_formats, &text, plan.period_kind, &plan.settling.zone)
                .map_err(|expected| format!("period {:?}: {expected}", shown(&text)))
        });
        let service = part(row, &plan.service).and_then(|text| {
            plan.words.service(&text).map_err(|expected| format!("service {:?}: {expected}", shown(&text)))
        });
        let (period, service) = match (period, service) {
            (Ok(period), Ok(service)) => (period, service),
            (Err(problem), _) | (_, Err(problem)) => return self.problem(problem),
        };
        let wanted = self.periods.contains(&period);
        if !wanted {
            self.outside += 1;
        }
        let mut good = true;
        for figure in &plan.figures {
            match self.figure(row, figure) {
                Ok((measure, channel, value)) if wanted => {
                    let coverage = plan.coverage;
                    let period_kind = plan.period_kind;
                    let key = SeriesKey { service: service.clone(), measure, channel, coverage, period_kind };
                    good &= self.keep(key, period, value);
                }
                Ok(_) => {}
                Err(problem) => {
                    self.problem(problem);
                    good = false;
                }
            }
        }
        self.good_rows += u64::from(good);
    }

    fn look_for_parts(&mut self, row: &Json) {
        if self.found.len() < self.pointer_count {
            self.found.extend(pointers(self.plan).filter(|pointer| row.pointer(pointer).is_some()));
        }
    }

    fn figure(&self, row: &Json, figure: &FigurePlan) -> Result<(kpi::Measure, kpi::Channel, Value), String> {
        let words = &self.plan.words;
        let text = part(row, &figure.measure)?;
        let measure =
            words.measure(&text).map_err(|expected| format!("measure {:?}: {expected}", shown(&text)))?;
        let text = part(row, &figure.channel)?;
        let channel =
            words.channel(&text).map_err(|expected| format!("channel {:?}: {expected}", shown(&text)))?;
        Ok((measure, channel, self.value(row, figure)?))
    }

    fn value(&self, row: &Json, figure: &FigurePlan) -> Result<Value, String> {
        if let Source::Pointer(pointer) = &figure.value
            && matches!(row.pointer(pointer), None | Some(Json::Null))
        {
            return Ok(Value::NotProvided);
        }
        let text = part(row, &figure.value)?;
        let text = text.trim();
        if let Some(value) = self.plan.tokens.get(&text.to_lowercase()) {
            return Ok(*value);
        }
        let number = Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).map_err(|_| {
            format!(
                "value {:?}: expected a number; add this word to `tokens` if it says why there is none",
                shown(text)
            )
        })?;
        let number = match figure.multiply_by {
            Some(factor) => {
                number.checked_mul(factor).ok_or_else(|| "value: too large a number".to_owned())?
            }
            None => number,
        };
        Ok(Value::Known(number.normalize()))
    }

    /// Keeps a figure; false where another row says something else.
    fn keep(&mut self, key: SeriesKey, period: Period, value: Value) -> bool {
        let described = format!("{} of {} by {} for {period}", key.measure, key.service, key.channel);
        let held = match self.figures.entry(key).or_default().entry(period) {
            Entry::Vacant(free) => {
                free.insert(Held::Value(value));
                return true;
            }
            Entry::Occupied(held) => held.into_mut(),
        };
        let Held::Value(before) = *held else { return true };
        match (self.plan.repeated, before, value) {
            (Repeated::Sum, Value::Known(one), Value::Known(other)) => match one.checked_add(other) {
                Some(sum) => *held = Held::Value(Value::Known(sum)),
                None => *held = Held::Refused,
            },
            // A sum with an unknown part is unknown.
            (Repeated::Sum, before, after) => {
                *held = Held::Value(if before.known().is_some() { after } else { before });
            }
            (Repeated::Refuse, before, after) if before == after => {}
            (Repeated::Refuse, before, after) => {
                *held = Held::Refused;
                self.problem(format!(
                    "{described} is {before} in one row and {after} in another; it is left out until the source gives \
                     one, or set `repeated = \"sum\"` where each row is a part"
                ));
                return false;
            }
        }
        true
    }

    fn problem(&mut self, text: String) {
        if self.problems.len() < PROBLEMS_LISTED {
            self.problems.push((self.rows, text));
        } else {
            self.unlisted += 1;
        }
    }

    /// The figures, or why the answer cannot be understood at all.
    pub(super) fn finish(mut self) -> Result<Batch, CollectError> {
        self.check_shape()?;
        if self.rows > 0 && self.good_rows == 0 {
            let problem = format!(
                "none of the {} rows of {} can be read; correct what `fields` says, or have the source put right",
                self.rows, self.plan.home
            );
            let details = self.problems.into_iter().map(|(row, text)| format!("row {row}: {text}")).collect();
            return Err(CollectError::new(Reason::Malformed, problem).with_details(details));
        }
        self.fill();
        let mut builder = BatchBuilder::new();
        for (row, text) in self.problems {
            builder.note(format!("row {row}"), text);
        }
        if self.unlisted > 0 {
            builder.note(ALL_ROWS, format!("more problems like these: {}", self.unlisted));
        }
        if self.outside > 0 {
            let text = format!(
                "rows of periods that were not asked for are left out: {}; check that the question names {{from}} and \
                 {{to}}",
                self.outside
            );
            builder.note(ALL_ROWS, text);
        }
        let incomplete = self.incomplete.is_some();
        if let Some(text) = self.incomplete {
            builder.note(ALL_ROWS, text);
        }
        for (key, points) in self.figures {
            let series = builder.series(key);
            for (period, held) in points {
                let Held::Value(value) = held else { continue };
                let provisional = incomplete || !self.plan.settling.settled(period, self.now);
                let quality = Quality { provisional, ..Quality::default() };
                builder.push_to(series, Point { period, value, quality });
            }
        }
        // Each figure is there once, so that there are no conflicts.
        Ok(builder.finish().0)
    }

    /// Refuses an answer of many rows that no longer has what the settings name.
    fn check_shape(&self) -> Result<(), CollectError> {
        let missing: Vec<String> = pointers(self.plan)
            .filter(|pointer| !self.found.contains(pointer))
            .map(|pointer| format!("{pointer:?}"))
            .collect();
        if self.rows == 0 || missing.is_empty() {
            return Ok(());
        }
        let problem = format!(
            "no row of {} has {}; its first row {}: the source has changed, or `fields` and `figures` name it wrongly",
            self.plan.home,
            missing.join(" or "),
            self.first_row.as_deref().unwrap_or_default()
        );
        Err(CollectError::new(Reason::Malformed, problem))
    }

    /// Gives the figures expected where the source says nothing.
    fn fill(&mut self) {
        let plan = self.plan;
        let readable = self.incomplete.is_none() && self.problems.is_empty();
        for key in plan.expected.series(plan.period_kind) {
            let points = self.figures.entry(key).or_default();
            for period in &self.periods {
                // Of a period that the source still works on, silence says nothing.
                let believed = readable && plan.settling.settled(*period, self.now);
                if plan.absent == Absent::Zero && !believed {
                    continue;
                }
                if let Some(value) = plan.absent.value(believed) {
                    points.entry(*period).or_insert(Held::Value(value));
                }
            }
        }
    }
}

/// The text of a part that every row must have.
fn part(row: &Json, source: &Source) -> Result<String, String> {
    let pointer = match source {
        Source::Constant(text) => return Ok(text.clone()),
        Source::Pointer(pointer) => pointer,
    };
    match row.pointer(pointer) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(Json::Number(number)) => Ok(number.to_string()),
        Some(Json::Bool(flag)) => Ok(flag.to_string()),
        Some(Json::Null) | None => Err(format!("there is nothing at {pointer:?}")),
        Some(Json::Array(_) | Json::Object(_)) => {
            Err(format!("there is a list or an object at {pointer:?}, and a text or number is expected"))
        }
    }
}

/// Every place of a row that the settings name.
fn pointers(plan: &Plan) -> impl Iterator<Item = &str> {
    let parts = plan.figures.iter().flat_map(|figure| [&figure.measure, &figure.channel, &figure.value]);
    [&plan.service, &plan.period].into_iter().chain(parts).filter_map(|source| match source {
        Source::Pointer(pointer) => Some(pointer.as_str()),
        Source::Constant(_) => None,
    })
}
