//! Rows of an answer into figures.

use std::collections::HashSet;

use jiff::Timestamp;
use kpi::{BatchBuilder, FigureKey, Period, Point, SeriesKey, ServiceId, Value};

use super::cell::{Cell, Table};
use super::expected;
use super::faults::Faults;
use super::plan::{Layout, Mapping, Place};
use crate::words::{coverage, shown};
use crate::{CollectError, PeriodSpan, Reason};

/// The figures of the periods asked for. A bad row is noted and left out; an answer of nothing but bad
/// rows is an answer of another shape, and fails.
pub(super) fn figures(
    mapping: &Mapping,
    span: PeriodSpan,
    table: &Table,
    now: Timestamp,
) -> Result<kpi::Batch, CollectError> {
    let reader = Reader::new(mapping, table)?;
    // What a replica has not followed yet may still come: to it those periods are not over.
    let now = table.complete_until(now);
    let mut gathered =
        Gathered { mapping, span, now, builder: BatchBuilder::new(), seen: HashSet::new(), outside: 0 };
    let mut faults = Faults::default();
    for (position, row) in table.rows.iter().enumerate() {
        reader.read(row, position + 1, &mut gathered, &mut faults);
    }
    if gathered.seen.is_empty() && gathered.outside == 0 && !faults.is_empty() {
        let message = format!(
            "none of the {} rows of the answer can be read; correct the query or the columns named in the settings",
            table.rows.len()
        );
        return Err(CollectError::new(Reason::Malformed, message).with_details(faults.lines()));
    }
    expected::fill(&mut gathered, &faults);
    if table.replica.is_some() && now < span.last.span(&mapping.settling.zone).end {
        let until =
            if now == Timestamp::MIN { "an instant it does not say".to_owned() } else { now.to_string() };
        let text = format!(
            "the replica has followed its primary until {until}; figures of later periods are provisional"
        );
        gathered.builder.note("database", text);
    }
    Ok(gathered.finish(&faults))
}

/// Whether an answer with these columns can be read.
pub(super) fn check_columns(mapping: &Mapping, table: &Table) -> Result<(), CollectError> {
    Reader::new(mapping, table).map(|_| ())
}

/// Figures on their way into a batch.
pub(super) struct Gathered<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) span: PeriodSpan,
    pub(super) now: Timestamp,
    pub(super) builder: BatchBuilder,
    pub(super) seen: HashSet<FigureKey>,
    outside: usize,
}

impl Gathered<'_> {
    pub(super) fn add(&mut self, key: SeriesKey, period: Period, value: Value) {
        if period < self.span.first || period > self.span.last {
            self.outside += 1;
            return;
        }
        let quality = self.mapping.settling.quality(period, self.now);
        self.seen.insert(FigureKey { series: key.clone(), period });
        self.builder.push(key, Point { period, value, quality });
    }

    fn finish(mut self, faults: &Faults) -> kpi::Batch {
        for (place, text) in faults.notes() {
            self.builder.note(place, text);
        }
        if self.outside > 0 {
            let text = format!(
                "{} figures lie outside the periods asked for and are left out; select from :from until before :to",
                self.outside
            );
            self.builder.note("query", text);
        }
        let (mut batch, conflicts) = self.builder.finish();
        batch.notes.extend(conflicts.into_iter().map(|conflict| {
            let key = conflict.key;
            let [one, other] = conflict.values;
            let text = format!(
                "{} by {} of {} is given twice, as {one} and as {other}, and left out; group the rows in the query",
                key.series.measure, key.series.channel, key.period
            );
            kpi::Note { place: key.series.service.to_string(), text }
        }));
        batch
    }
}

/// A part of a figure in a row: at a position, or the same in every row.
enum Part<'a, T> {
    At(usize, &'a str),
    Fixed(&'a T),
}

impl<T: Clone> Part<'_, T> {
    fn read(&self, row: &[Cell], parse: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
        match self {
            Self::Fixed(value) => Ok((*value).clone()),
            Self::At(position, name) => {
                let word = cell(row, *position).word().map_err(|problem| format!("{name:?} {problem}"))?;
                let word = word.ok_or_else(|| format!("{name:?} is empty"))?;
                parse(word).map_err(|problem| format!("{name:?} says {:?}: {problem}", shown(word)))
            }
        }
    }
}

struct Reader<'a> {
    mapping: &'a Mapping,
    period_start: usize,
    service: Part<'a, ServiceId>,
    values: Values<'a>,
}

enum Values<'a> {
    Long {
        measure: Part<'a, kpi::Measure>,
        channel: Part<'a, kpi::Channel>,
        coverage: Part<'a, kpi::Coverage>,
        value: usize,
        name: &'a str,
    },
    Wide(Vec<(usize, &'a super::config::FigureColumn)>),
}

impl<'a> Reader<'a> {
    fn new(mapping: &'a Mapping, table: &Table) -> Result<Self, CollectError> {
        let drift = || drift(mapping, table);
        let at = |name: &str| position(table, name).ok_or_else(drift);
        let values = match &mapping.layout {
            Layout::Long { measure, channel, coverage, value } => Values::Long {
                measure: part(measure, table).ok_or_else(drift)?,
                channel: part(channel, table).ok_or_else(drift)?,
                coverage: part(coverage, table).ok_or_else(drift)?,
                value: at(value)?,
                name: value,
            },
            Layout::Wide(figures) => Values::Wide(
                figures
                    .iter()
                    .map(|figure| at(&figure.column).map(|position| (position, figure)))
                    .collect::<Result<_, _>>()?,
            ),
        };
        Ok(Self {
            mapping,
            period_start: at(&mapping.period_start)?,
            service: part(&mapping.service, table).ok_or_else(drift)?,
            values,
        })
    }

    fn read(&self, row: &[Cell], number: usize, gathered: &mut Gathered<'_>, faults: &mut Faults) {
        let words = &self.mapping.words;
        let service = match self.service.read(row, |text| words.service(text)) {
            Ok(service) => service,
            Err(problem) => return faults.add(None, number, &problem),
        };
        let kind = self.mapping.period_kind;
        let period = match cell(row, self.period_start).period(kind, &self.mapping.settling.zone) {
            Ok(period) => period,
            Err(problem) => {
                let problem = format!("{:?}: {problem}", self.mapping.period_start);
                return faults.add(Some(&service), number, &problem);
            }
        };
        let key = |measure, channel, coverage| SeriesKey {
            service: service.clone(),
            measure,
            channel,
            coverage,
            period_kind: kind,
        };
        match &self.values {
            Values::Long { measure, channel, coverage: covers, value, name } => {
                let figure = measure.read(row, |text| words.measure(text)).and_then(|measure| {
                    let channel = channel.read(row, |text| words.channel(text))?;
                    let coverage = covers.read(row, coverage)?;
                    Ok((key(measure, channel, coverage), value_of(row, *value, name)?))
                });
                match figure {
                    Ok((key, value)) => gathered.add(key, period, value),
                    Err(problem) => faults.add(Some(&service), number, &problem),
                }
            }
            Values::Wide(figures) => {
                for (position, figure) in figures {
                    match value_of(row, *position, &figure.column) {
                        Ok(value) => {
                            gathered.add(key(figure.measure, figure.channel, figure.coverage), period, value);
                        }
                        Err(problem) => faults.add(Some(&service), number, &problem),
                    }
                }
            }
        }
    }
}

fn value_of(row: &[Cell], position: usize, name: &str) -> Result<Value, String> {
    cell(row, position).value().map_err(|problem| format!("{name:?}: {problem}"))
}

fn cell(row: &[Cell], position: usize) -> &Cell {
    row.get(position).unwrap_or(&Cell::Null)
}

fn part<'a, T>(place: &'a Place<T>, table: &Table) -> Option<Part<'a, T>> {
    match place {
        Place::Fixed(value) => Some(Part::Fixed(value)),
        Place::Column(name) => position(table, name).map(|at| Part::At(at, name)),
    }
}

/// Where a column is. Databases fold the case of names, and people write them as they like.
fn position(table: &Table, name: &str) -> Option<usize> {
    let exact = table.columns.iter().position(|column| column == name);
    exact.or_else(|| table.columns.iter().position(|column| column.eq_ignore_ascii_case(name)))
}

fn drift(mapping: &Mapping, table: &Table) -> CollectError {
    let wanted = mapping.columns();
    let list = |names: &[&str]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let missing: Vec<&str> = wanted.iter().copied().filter(|name| position(table, name).is_none()).collect();
    let found: Vec<&str> = table.columns.iter().map(String::as_str).collect();
    let message = format!(
        "the answer has no column {}; wanted {}, found {}; correct the query or the settings",
        list(&missing),
        list(&wanted),
        list(&found)
    );
    CollectError::new(Reason::Malformed, message)
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
