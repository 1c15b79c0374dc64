//! The wide layout: one column for each period and measure.

use std::collections::HashSet;

use kpi::batch::SeriesHandle;
use kpi::{Channel, Coverage, Measure, Period, PeriodKind, Point, Quality, SeriesKey, ServiceId};

use super::cell::Said;
use super::dates::{DateRules, squeezed};
use super::plan::{FigurePattern, Role};
use super::read::{Gathered, Sheet};
use super::report::{Place, Problem, shown};
use super::table::Row;
use crate::words;

/// What the headers of some columns of figures say; what they do not say, the row does.
#[derive(Clone, Copy, PartialEq)]
struct Slot {
    measure: Option<Measure>,
    channel: Option<Channel>,
    coverage: Option<Coverage>,
    kind: Option<PeriodKind>,
}

/// A column of figures.
struct FigureColumn {
    index: usize,
    slot: usize,
    period: Option<Period>,
}

/// Reads rows of the wide layout.
pub(super) struct Wide<'s, 'p, 'b> {
    sheet: &'s Sheet<'p, 'b>,
    dates: DateRules,
    slots: Vec<Slot>,
    columns: Vec<FigureColumn>,
    /// For the row being read: what each slot's series is, and the figures so far.
    handles: Vec<Option<(SeriesHandle, Measure)>>,
    figures: Vec<(SeriesHandle, Point, usize)>,
}

impl<'s, 'p, 'b> Wide<'s, 'p, 'b> {
    /// Finds the columns of figures. The error says that there are none.
    pub(super) fn new(
        sheet: &'s Sheet<'p, 'b>,
        patterns: &[FigurePattern],
        out: &mut Gathered,
    ) -> Result<Self, String> {
        let mut wide = Self {
            sheet,
            dates: sheet.dates(&sheet.plan.dates),
            slots: Vec::new(),
            columns: Vec::new(),
            handles: Vec::new(),
            figures: Vec::new(),
        };
        let mut seen = HashSet::new();
        let mut matched = false;
        for (index, name) in sheet.header.names.iter().enumerate() {
            let found = patterns.iter().find_map(|pattern| Some((pattern, pattern.header.captures(name)?)));
            // Of a repeated header the first column counts.
            let Some((pattern, captures)) = found.filter(|_| seen.insert(squeezed(name))) else { continue };
            matched = true;
            let group = |group: &str| captures.name(group).map(|found| found.as_str());
            match wide.column(index, pattern, group) {
                Ok(column) => wide.columns.push(column),
                Err(expected) => {
                    let place = Place::cell(&sheet.origin, sheet.header.row, sheet.header.column(index));
                    out.problem(Problem::cell(place, name, &expected));
                }
            }
        }
        if matched {
            Ok(wide)
        } else {
            let headers: Vec<String> =
                sheet.header.names.iter().take(30).map(|name| format!("{:?}", shown(name))).collect();
            Err(format!(
                "no header matches any of `figures`; row {} has {}",
                sheet.header.row,
                headers.join(", ")
            ))
        }
    }

    fn column<'h>(
        &mut self,
        index: usize,
        pattern: &FigurePattern,
        group: impl Fn(&str) -> Option<&'h str>,
    ) -> Result<FigureColumn, String> {
        let plan = self.sheet.plan;
        let kind = pattern.period_kind.or(plan.period_kind);
        let dates = self.sheet.dates(&pattern.dates);
        let period = group("period").map(|text| dates.period(text, kind)).transpose()?;
        let measure = match group("measure") {
            Some(text) => Some(plan.words.measure(text)?),
            None => pattern.measure,
        };
        let channel = match group("channel") {
            Some(text) => Some(plan.words.channel(text)?),
            None => pattern.channel,
        };
        let slot = Slot { measure, channel, coverage: pattern.coverage, kind: period.map(Period::kind) };
        let position = self.slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        });
        Ok(FigureColumn { index, slot: position, period })
    }

    /// Where the figures are.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|column| column.index)
    }

    pub(super) fn row(&mut self, row: &Row<'_>, out: &mut Gathered) {
        let sheet = self.sheet;
        if sheet.is_total(row) || self.is_text(row, out) {
            return;
        }
        let before = out.problem_count();
        let service = match sheet.plan.words.service(sheet.text(row, Role::Service).unwrap_or_default()) {
            Ok(service) => Some(service),
            Err(expected) => {
                out.problem(sheet.problem(row, Role::Service, &expected));
                None
            }
        };
        let said = self.said(row, out);
        if let Some(service) = &service {
            sheet.describe(row, service, out);
        }
        self.handles.clear();
        self.handles.resize(self.slots.len(), None);
        self.figures.clear();
        for position in 0..self.columns.len() {
            self.cell(position, row, service.as_ref(), &said, out);
        }
        if sheet.plan.on_error == super::config::OnError::SkipRow && out.problem_count() > before {
            return;
        }
        for (series, point, column) in self.figures.drain(..) {
            out.figure(series, point, row.number, column);
        }
    }

    fn cell(
        &mut self,
        position: usize,
        row: &Row<'_>,
        service: Option<&ServiceId>,
        said: &RowSaid,
        out: &mut Gathered,
    ) {
        let sheet = self.sheet;
        let Some(column) = self.columns.get(position) else { return };
        let Some(slot) = self.slots.get(column.slot).copied() else { return };
        let index = column.index;
        let period = column.period.or(said.period);
        let (Some(measure), Some(channel)) = (slot.measure.or(said.measure), slot.channel.or(said.channel))
        else {
            return;
        };
        match sheet.plan.cells.read(row.cell(index), measure) {
            Err(expected) => {
                let place = Place::cell(&sheet.origin, row.number, sheet.header.column(index));
                out.problem(Problem::cell(place, row.text(index), expected));
            }
            Ok(Said::Nothing) => {}
            Ok(Said::Figure { value, provisional }) => {
                let (Some(service), Some(period)) = (service, period) else { return };
                let Some(held) = self.handles.get_mut(column.slot) else { return };
                let (series, _) = *held.get_or_insert_with(|| {
                    let coverage = slot.coverage.or(said.coverage).unwrap_or_default();
                    let key = SeriesKey {
                        service: service.clone(),
                        measure,
                        channel,
                        coverage,
                        period_kind: period.kind(),
                    };
                    (out.builder.series(key), measure)
                });
                let quality = Quality { provisional: provisional || said.provisional, ..Quality::default() };
                self.figures.push((series, Point { period, value, quality }, index));
            }
        }
    }

    /// What the row says for all its columns of figures; what cannot be read is a problem once.
    fn said(&self, row: &Row<'_>, out: &mut Gathered) -> RowSaid {
        let sheet = self.sheet;
        let words = &sheet.plan.words;
        let needed = |missing: fn(&Slot) -> bool| self.slots.iter().any(missing);
        let mut part = RowPart { sheet, row, out };
        let kind = part.read(Role::PeriodKind, words::period_kind).or(sheet.plan.period_kind);
        RowSaid {
            period: if needed(|slot| slot.kind.is_none()) {
                part.read(Role::Period, |text| self.dates.period(text, kind))
            } else {
                None
            },
            measure: if needed(|slot| slot.measure.is_none()) {
                part.read(Role::Measure, |text| words.measure(text))
            } else {
                None
            },
            channel: if needed(|slot| slot.channel.is_none()) {
                part.read(Role::Channel, |text| words.channel(text))
            } else {
                None
            },
            coverage: part.read(Role::Coverage, words::coverage),
            provisional: part.read(Role::Provisional, words::provisional).unwrap_or_default(),
        }
    }

    /// Whether the row has no figures: empty, or a line of text under the table, which is noted.
    fn is_text(&self, row: &Row<'_>, out: &mut Gathered) -> bool {
        if self.columns.iter().any(|column| !row.text(column.index).is_empty()) {
            return false;
        }
        let sheet = self.sheet;
        let mut filled = (0..row.width()).map(|column| row.text(column)).filter(|text| !text.is_empty());
        let service = sheet.text(row, Role::Service).unwrap_or_default();
        if service.is_empty() {
            let Some(text) = filled.next() else { return true };
            if sheet.holds_row(text) || filled.any(|text| sheet.holds_row(text)) {
                return false;
            }
            sheet.note_text(row, text, out);
            return true;
        }
        let is_text = sheet.plan.words.service(service).is_err() && !sheet.holds_row(service);
        if is_text {
            sheet.note_text(row, service, out);
        }
        is_text
    }
}

struct RowSaid {
    period: Option<Period>,
    measure: Option<Measure>,
    channel: Option<Channel>,
    coverage: Option<Coverage>,
    provisional: bool,
}

struct RowPart<'r, 's, 'p, 'b> {
    sheet: &'r Sheet<'p, 'b>,
    row: &'r Row<'s>,
    out: &'r mut Gathered,
}

impl RowPart<'_, '_, '_, '_> {
    fn read<T>(&mut self, role: Role, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match read(self.sheet.text(self.row, role)?) {
            Ok(part) => Some(part),
            Err(expected) => {
                self.out.problem(self.sheet.problem(self.row, role, &expected));
                None
            }
        }
    }
}
