//! A request as text, from a command line or an address: every problem at once.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use kpi::{Kpi, Period, PeriodKind};
use serde::Deserialize;

use super::request::{By, Request, Wanted};

/// The parts of a request as given. The comments on its fields are the help people read.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RequestText {
    /// Whose KPIs: government, department or service.
    #[arg(long)]
    pub by: Option<String>,
    /// This service only.
    #[arg(value_name = "SERVICE")]
    pub service: Option<String>,
    /// Which KPIs, separated by commas: transactions, digital_takeup, completion_rate,
    /// cost_per_transaction, total_cost, user_satisfaction. All where not given.
    #[arg(long)]
    pub kpi: Option<String>,
    /// The kind of period: day, week, month, quarter, year, financial_year, year_to.
    #[arg(long)]
    pub period: Option<String>,
    /// The period that ends before this day; the newest where not given.
    #[arg(long, value_name = "DATE")]
    pub ending: Option<String>,
    /// As it was known at the end of this day.
    #[arg(long, value_name = "DATE")]
    pub as_known_on: Option<String>,
}

impl RequestText {
    /// The request, or all that is wrong with it.
    pub fn parse(&self) -> Result<Request, Vec<String>> {
        let mut problems = Vec::new();
        let mut keep = |problem: String| problems.push(problem);
        let by = match self.by.as_deref().unwrap_or("service").parse() {
            Ok(by) => by,
            Err(error) => {
                keep(format!("by: {error}"));
                By::Service
            }
        };
        let service = self.service.as_deref().and_then(|text| {
            text.parse().map_err(|error: kpi::id::IdError| keep(format!("service: {error}"))).ok()
        });
        let kpis = match &self.kpi {
            None => Kpi::ALL.to_vec(),
            Some(list) => list
                .split(',')
                .filter_map(|text| text.trim().parse().map_err(|error| keep(format!("kpi: {error}"))).ok())
                .collect(),
        };
        let kind = self.period.as_deref().unwrap_or("year_to").parse().unwrap_or_else(|error| {
            keep(format!("period: {error}"));
            PeriodKind::YearTo
        });
        let period = match &self.ending {
            None => Wanted::Newest(kind),
            Some(text) => ending(kind, text).map_or_else(
                |problem| {
                    keep(problem);
                    Wanted::Newest(kind)
                },
                Wanted::One,
            ),
        };
        let known_at = self.as_known_on.as_deref().and_then(|text| known_at(text).map_err(&mut keep).ok());
        if by != By::Service && self.service.is_some() {
            problems.push("a service is reported by service; leave out `by`, or the service".to_owned());
        }
        if problems.is_empty() { Ok(Request { by, service, kpis, period, known_at }) } else { Err(problems) }
    }
}

fn ending(kind: PeriodKind, text: &str) -> Result<Period, String> {
    let date: Date =
        text.parse().map_err(|_| format!("ending: {text:?} is not a date such as 2017-01-01"))?;
    Period::ending(kind, date).map_err(|_| {
        // Rolling years begin in every month, so their nearest ends are those of the month.
        let near = if kind == PeriodKind::YearTo { PeriodKind::Month } else { kind };
        let hint = match Period::containing(near, date) {
            Ok(period) => format!("; the nearest ends are {} and {}", period.start_date(), period.end_date()),
            Err(_) => String::new(),
        };
        format!("ending: no {kind} ends on {date} (the end is exclusive: a year to December 2016 ends on 2017-01-01){hint}")
    })
}

/// The last instant of a day in London.
pub fn known_at(text: &str) -> Result<Timestamp, String> {
    let date: Date =
        text.parse().map_err(|_| format!("as_known_on: {text:?} is not a date such as 2017-01-01"))?;
    let next_day = date.saturating_add(1.day());
    next_day
        .to_zoned(kpi::period::london())
        .map(|midnight| midnight.timestamp() - 1.nanosecond())
        .map_err(|_| format!("as_known_on: {date} is out of range"))
}
