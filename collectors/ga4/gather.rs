//! The pages of one report, checked and put together.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kpi::{Period, SampledShare};
use rust_decimal::Decimal;

use super::answer::{ReportAnswer, Row, Truncation, UNEXPECTED};
use super::plan::{Plan, Property, Report};
use super::question;
use crate::words::shown;
use crate::{CollectError, PeriodSpan, Reason};

/// Where rows beyond a dimension's limit of distinct values end up (help page "About the (other) row").
const OTHER: &str = "(other)";
/// More rows than any report of ours can have; whoever sends them pages without end.
const MOST_ROWS: u64 = 1_000_000;

/// What a report answered for a span.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) span: PeriodSpan,
    rows: BTreeMap<(Period, String), Decimal>,
    received: u64,
    total: u64,
    /// Small rows may have been withheld, or rows lost to `(other)`.
    pub(super) incomplete: bool,
    pub(super) sampled: Option<SampledShare>,
    /// Periods that lack data, for which no figure is taken.
    pub(super) truncated: Vec<Period>,
    pub(super) notes: Vec<String>,
}

impl Gathered {
    pub(super) const fn new(span: PeriodSpan) -> Self {
        Self {
            span,
            rows: BTreeMap::new(),
            received: 0,
            total: 0,
            incomplete: false,
            sampled: None,
            truncated: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// How many rows there are so far: the offset of the next page.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Whether there are more pages.
    pub(super) const fn is_unfinished(&self) -> bool {
        self.received < self.total
    }

    /// Every row that is there.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Period, &str, Decimal)> {
        self.rows.iter().map(|((period, value), number)| (*period, value.as_str(), *number))
    }

    /// Adds a page.
    pub(super) fn add(
        &mut self,
        plan: &Plan,
        property: &Property,
        report: &Report,
        page: &ReportAnswer,
    ) -> Result<(), CollectError> {
        let malformed = |problem: String| {
            let problem = format!("property {}: {problem}; {UNEXPECTED}", property.id);
            CollectError::new(Reason::Malformed, problem)
        };
        check_zone(plan, property, &page.metadata.time_zone)?;
        check_headers(report, self.span, page).map_err(malformed)?;
        let offset = self.received;
        for (number, row) in (offset + 1..).zip(&page.rows) {
            self.add_row(report, row).map_err(|problem| malformed(format!("row {number} {problem}")))?;
        }
        self.received = offset.saturating_add(u64::try_from(page.rows.len()).unwrap_or(u64::MAX));
        self.total = page.row_count;
        if self.received > MOST_ROWS {
            return Err(malformed(format!("more than {MOST_ROWS} rows, and no end; narrow the filters")));
        }
        if page.rows.is_empty() && self.is_unfinished() {
            // It happens when data change between two pages, and passes.
            let problem = format!(
                "property {}: {} of {} rows came, and then an empty page; it is asked again",
                property.id, self.received, self.total
            );
            return Err(CollectError::new(Reason::Transient, problem));
        }
        self.add_quality(page);
        Ok(())
    }

    fn add_row(&mut self, report: &Report, row: &Row) -> Result<(), String> {
        let expected = 1 + usize::from(report.split.is_some());
        let ([metric], true) = (row.metric_values.as_slice(), row.dimension_values.len() == expected) else {
            return Err(format!(
                "has {} dimensions and {} metrics instead of {expected} and 1",
                row.dimension_values.len(),
                row.metric_values.len()
            ));
        };
        let mut values = row.dimension_values.iter().map(|text| text.value.as_str());
        let time = values.next().unwrap_or_default();
        let value = values.next().unwrap_or_default();
        if time == OTHER || (value == OTHER && !report.targets.contains_key(OTHER)) {
            self.incomplete = true;
            return self.note_other();
        }
        let kind = self.span.first.kind();
        let period = question::period(kind, time)
            .ok_or_else(|| format!("names the {kind} {time:?}, which is none"))?;
        if !(self.span.first..=self.span.last).contains(&period) {
            return Err(format!("is of {period}, which was not asked for"));
        }
        let number = count(&metric.value).ok_or_else(|| format!("counts {:?}, no number", metric.value))?;
        if self.rows.insert((period, value.to_owned()), number).is_some() {
            return Err(format!("is of {period} and {value:?} once more; pages overlap or come again"));
        }
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "the row is done with, whatever the note says")]
    fn note_other(&mut self) -> Result<(), String> {
        self.note(format!("rows were merged into {OTHER}; figures may be too low"));
        Ok(())
    }

    fn add_quality(&mut self, page: &ReportAnswer) {
        let metadata = &page.metadata;
        if metadata.subject_to_thresholding {
            self.incomplete = true;
            self.note(
                "small counts may be withheld (thresholding); use a device-based reporting identity"
                    .to_owned(),
            );
        }
        if metadata.data_loss_from_other_row {
            self.incomplete = true;
            let remedy = "filter by dimensions with fewer values";
            self.note(format!("rows were lost to {OTHER}, so figures may be too low; {remedy}"));
        }
        for sampling in &metadata.sampling_metadatas {
            if let Some(share) = share(sampling.samples_read_count, sampling.sampling_space_size) {
                let least = self.sampled.map_or(share, |least| {
                    if share.parts_per_million() < least.parts_per_million() { share } else { least }
                });
                self.sampled = Some(least);
            }
        }
        for truncation in &metadata.data_truncation_reasons {
            self.truncate(truncation);
        }
        if !metadata.empty_reason.is_empty() {
            self.note(format!(
                "the report is empty, and Google says why: {:?}",
                shown(&metadata.empty_reason)
            ));
        }
        for restriction in &metadata.schema_restriction_response.active_metric_restrictions {
            let metric = &restriction.metric_name;
            self.note(format!("this account may not read {metric:?} in full; give it an unrestricted role"));
        }
    }

    /// Marks the periods that a truncation is about. Without ranges, one by date range lacks its date and
    /// what follows, one by retention what comes before; of an unknown one nothing can be told.
    fn truncate(&mut self, truncation: &Truncation) {
        let kind = truncation.kind.as_str();
        let kind = kind.strip_prefix("DATA_TRUNCATION_TYPE_").unwrap_or(kind);
        let date = |text: &str| text.parse::<Date>().ok();
        let mut ranges: Vec<(Date, Date)> = truncation
            .ranges
            .iter()
            .filter_map(|range| Some((date(&range.start_date)?, date(&range.end_date)?)))
            .collect();
        if ranges.is_empty() {
            ranges.push(match (kind, date(&truncation.date)) {
                ("DATE_RANGE", Some(first)) => (first, Date::MAX),
                ("PROPERTY", Some(last)) => (Date::MIN, last),
                _ => (Date::MIN, Date::MAX),
            });
        }
        let overlaps = |period: &Period| {
            ranges.iter().any(|(first, last)| period.start_date() <= *last && period.end_date() > *first)
        };
        let lacking: Vec<Period> = self.span.periods().filter(overlaps).collect();
        let (Some(first), Some(last)) = (lacking.first(), lacking.last()) else { return };
        self.note(format!(
            "data are cut short ({}) from {first} to {last}: no figures are taken for that time",
            if kind.is_empty() { "no type given" } else { kind }
        ));
        self.truncated.extend(lacking);
    }

    fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }
}

/// Days of another zone are other days: their counts are not those of the days asked for.
fn check_zone(plan: &Plan, property: &Property, zone: &str) -> Result<(), CollectError> {
    if zone.is_empty() || zone.eq_ignore_ascii_case(plan.settling.zone_name()) {
        return Ok(());
    }
    let problem = format!(
        "property {} counts its days in {zone:?}, and the settings say {:?}; change the property's time zone \
         (Admin, Property details), or set time_zone = {zone:?} to take its days as they are",
        property.id,
        plan.settling.zone_name()
    );
    Err(CollectError::new(Reason::Config, problem))
}

fn check_headers(report: &Report, span: PeriodSpan, page: &ReportAnswer) -> Result<(), String> {
    let dimensions: Vec<&str> = page.dimension_headers.iter().map(|header| header.name.as_str()).collect();
    let metrics: Vec<&str> = page.metric_headers.iter().map(|header| header.name.as_str()).collect();
    if page.rows.is_empty() && dimensions.is_empty() && metrics.is_empty() {
        return Ok(());
    }
    let asked = question::dimensions(report, span.first.kind());
    for (what, asked, given) in
        [("dimensions", asked, dimensions), ("metrics", vec![report.metric.api_name()], metrics)]
    {
        if asked != given {
            let (asked, given) = (asked.join(", "), given.join(", "));
            return Err(format!("it was asked for the {what} {asked} and answered with {given:?}"));
        }
    }
    Ok(())
}

/// A count as text; `TYPE_FLOAT` counts may have a fraction or an exponent.
fn count(text: &str) -> Option<Decimal> {
    let number = text.parse().or_else(|_| Decimal::from_scientific(text)).ok()?;
    Some(number).filter(|number| !number.is_sign_negative()).map(|number| number.normalize())
}

fn share(read: u64, space: u64) -> Option<SampledShare> {
    let parts = u128::from(read).checked_mul(1_000_000)?.checked_div(u128::from(space))?;
    SampledShare::from_parts_per_million(u32::try_from(parts.min(1_000_000)).ok()?)
}
