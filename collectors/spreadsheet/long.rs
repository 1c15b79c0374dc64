//! The long layout: one figure a row.
//!
//! This is the way of large files, so nothing is allocated for a row whose service, measure, channel
//! and period have been seen before: they are recognised by the raw bytes of their cells.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use kpi::batch::SeriesHandle;
use kpi::{Coverage, Measure, Period, PeriodKind, Point, Quality, SeriesKey};

use super::cell::Said;
use super::dates::DateRules;
use super::header::Field;
use super::plan::Role;
use super::read::{Gathered, Sheet};
use super::table::Row;
use crate::words;

/// Ends a cell in a key; no UTF-8 text holds this byte, so that keys cannot run into each other.
const END: u8 = 0xFF;

/// What rows with the same key cells are.
#[derive(Clone, Copy)]
enum Known {
    Series {
        handle: SeriesHandle,
        measure: Measure,
    },
    /// They sum up other rows.
    Total,
}

/// What has been learnt from the raw bytes of some cells, the last of it at hand.
struct Memory<T> {
    last: Vec<u8>,
    last_known: Option<T>,
    known: HashMap<Box<[u8]>, T, RandomState>,
}

impl<T: Copy> Memory<T> {
    fn new() -> Self {
        Self { last: Vec::new(), last_known: None, known: HashMap::default() }
    }

    #[inline]
    fn recall(&mut self, key: &[u8]) -> Option<T> {
        if self.last_known.is_some() && self.last == key {
            return self.last_known;
        }
        let known = self.known.get(key).copied()?;
        self.hold(key, known);
        Some(known)
    }

    fn learn(&mut self, key: &[u8], what: T) {
        self.known.insert(Box::from(key), what);
        self.hold(key, what);
    }

    fn hold(&mut self, key: &[u8], what: T) {
        self.last.clear();
        self.last.extend_from_slice(key);
        self.last_known = Some(what);
    }
}

/// Reads rows of the long layout.
pub(super) struct Long<'s, 'p, 'b> {
    sheet: &'s Sheet<'p, 'b>,
    dates: DateRules,
    key_columns: Vec<usize>,
    period_columns: Vec<usize>,
    value_column: Option<usize>,
    periods: Memory<Period>,
    series: Memory<Known>,
    key: Vec<u8>,
}

impl<'s, 'p, 'b> Long<'s, 'p, 'b> {
    pub(super) fn new(sheet: &'s Sheet<'p, 'b>) -> Self {
        let columns = |roles: &[Role]| {
            let column = |role: &Role| match sheet.header.fields.get(role) {
                Some(Field::Column(index)) => Some(*index),
                _ => None,
            };
            roles.iter().filter_map(column).collect::<Vec<_>>()
        };
        Self {
            sheet,
            dates: sheet.dates(&sheet.plan.dates),
            key_columns: columns(&[Role::Service, Role::Name, Role::Measure, Role::Channel, Role::Coverage]),
            period_columns: columns(&[Role::Period, Role::PeriodKind]),
            value_column: columns(&[Role::Value]).first().copied(),
            periods: Memory::new(),
            series: Memory::new(),
            key: Vec::with_capacity(128),
        }
    }

    pub(super) fn row(&mut self, row: &Row<'_>, out: &mut Gathered) {
        let Some(period) = self.period(row) else {
            self.refuse(row, out);
            return;
        };
        let (handle, measure) = match self.known(row, period.kind(), out) {
            Some(Known::Series { handle, measure }) => (handle, measure),
            Some(Known::Total) => return,
            None => {
                self.refuse(row, out);
                return;
            }
        };
        let cell = match self.value_column {
            Some(column) => row.cell(column),
            None => self.sheet.text(row, Role::Value).unwrap_or_default().as_bytes(),
        };
        let marked = self.sheet.text(row, Role::Provisional).map_or(Ok(false), words::provisional);
        match (self.sheet.plan.cells.read(cell, measure), marked) {
            (Ok(Said::Figure { value, provisional }), Ok(marked)) => {
                let quality = Quality { provisional: provisional || marked, ..Quality::default() };
                let column = self.value_column.unwrap_or_default();
                out.figure(handle, Point { period, value, quality }, row.number, column);
            }
            (Ok(Said::Nothing), Ok(_)) => {}
            _ => self.refuse(row, out),
        }
    }

    #[inline]
    fn period(&mut self, row: &Row<'_>) -> Option<Period> {
        self.key.clear();
        for column in &self.period_columns {
            self.key.extend_from_slice(row.cell(*column));
            self.key.push(END);
        }
        if let Some(period) = self.periods.recall(&self.key) {
            return Some(period);
        }
        let period = self.read_period(row).ok()?;
        self.periods.learn(&self.key, period);
        Some(period)
    }

    fn read_period(&self, row: &Row<'_>) -> Result<Period, (Role, String)> {
        let kind = match self.sheet.text(row, Role::PeriodKind) {
            Some(text) => Some(words::period_kind(text).map_err(|expected| (Role::PeriodKind, expected))?),
            None => self.sheet.plan.period_kind,
        };
        let text = self.sheet.text(row, Role::Period).unwrap_or_default();
        self.dates.period(text, kind).map_err(|expected| (Role::Period, expected))
    }

    #[inline]
    fn known(&mut self, row: &Row<'_>, kind: PeriodKind, out: &mut Gathered) -> Option<Known> {
        self.key.clear();
        self.key.push(kind as u8);
        for column in &self.key_columns {
            self.key.extend_from_slice(row.cell(*column));
            self.key.push(END);
        }
        if let Some(known) = self.series.recall(&self.key) {
            return Some(known);
        }
        let known = if self.sheet.is_total(row) {
            Known::Total
        } else {
            let key = self.read_key(row, kind).ok()?;
            self.sheet.describe(row, &key.service, out);
            let measure = key.measure;
            Known::Series { handle: out.builder.series(key), measure }
        };
        self.series.learn(&self.key, known);
        Some(known)
    }

    fn read_key(&self, row: &Row<'_>, period_kind: PeriodKind) -> Result<SeriesKey, Vec<(Role, String)>> {
        let text = |role| self.sheet.text(row, role).unwrap_or_default();
        let words = &self.sheet.plan.words;
        let service = words.service(text(Role::Service)).map_err(|expected| (Role::Service, expected));
        let measure = words.measure(text(Role::Measure)).map_err(|expected| (Role::Measure, expected));
        let channel = words.channel(text(Role::Channel)).map_err(|expected| (Role::Channel, expected));
        let coverage = match self.sheet.text(row, Role::Coverage) {
            None => Ok(Coverage::All),
            Some(text) => words::coverage(text).map_err(|expected| (Role::Coverage, expected)),
        };
        match (service, measure, channel, coverage) {
            (Ok(service), Ok(measure), Ok(channel), Ok(coverage)) => {
                Ok(SeriesKey { service, measure, channel, coverage, period_kind })
            }
            (service, measure, channel, coverage) => {
                Err([service.err(), measure.err(), channel.err(), coverage.err()]
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }

    /// A row that cannot be read: every bad cell of it is a problem, unless it is no row of figures.
    fn refuse(&self, row: &Row<'_>, out: &mut Gathered) {
        if self.sheet.is_total(row) || self.is_text(row, out) {
            return;
        }
        let mut bad: Vec<(Role, String)> = self.read_period(row).err().into_iter().collect();
        // The kind of period does not decide whether the other cells can be read.
        let key = self.read_key(row, PeriodKind::Month);
        let measure = key.as_ref().map_or(Measure::Completed, |key| key.measure);
        bad.extend(key.err().into_iter().flatten());
        let cell = self.sheet.text(row, Role::Value).unwrap_or_default().as_bytes();
        let value = self.sheet.plan.cells.read(cell, measure);
        bad.extend(value.err().map(|expected| (Role::Value, expected.to_owned())));
        let marked = self.sheet.text(row, Role::Provisional).map_or(Ok(false), words::provisional);
        bad.extend(marked.err().map(|expected| (Role::Provisional, expected)));
        for (role, expected) in bad {
            out.problem(self.sheet.problem(row, role, &expected));
        }
    }

    /// Whether the row is empty where figures are, or a line of text under the table, which is noted.
    fn is_text(&self, row: &Row<'_>, out: &mut Gathered) -> bool {
        let columns = || self.key_columns.iter().chain(&self.period_columns).chain(&self.value_column);
        let filled: Vec<&str> =
            columns().map(|column| row.text(*column)).filter(|text| !text.is_empty()).collect();
        match filled.as_slice() {
            [] => true,
            [text]
                if columns().count() > 1
                    && self.value_column.is_none_or(|value| row.text(value).is_empty())
                    && !self.sheet.holds_row(text) =>
            {
                self.sheet.note_text(row, text, out);
                true
            }
            _ => false,
        }
    }
}
