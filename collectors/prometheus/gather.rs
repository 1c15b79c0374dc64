//! Series with labels to figures.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{Batch, BatchBuilder, Measure, Period, Point, Quality, SeriesKey, Value};
use rust_decimal::{Decimal, RoundingStrategy};

use super::answer::{Sample, Series};
use super::ask::Run;
use super::config::{FigurePlan, Part, Plan};
use crate::words::shown;
use crate::{CollectError, Reason};

/// Gathers what the expressions give.
pub(super) struct Gathered<'p> {
    plan: &'p Plan,
    /// What each period's samples add up to; `None` where one of them is no number.
    figures: BTreeMap<SeriesKey, BTreeMap<Period, Option<Decimal>>>,
    notes: BTreeSet<(String, String)>,
    rounded: BTreeMap<Measure, u32>,
    not_numbers: u32,
    /// Periods of which a part of the source did not answer.
    partial: BTreeSet<Period>,
}

impl<'p> Gathered<'p> {
    pub(super) const fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            figures: BTreeMap::new(),
            notes: BTreeSet::new(),
            rounded: BTreeMap::new(),
            not_numbers: 0,
            partial: BTreeSet::new(),
        }
    }

    /// Adds the answer for one expression over one run of periods. Series that the labels map to the
    /// same figure are parts of it.
    pub(super) fn add(
        &mut self,
        figure: &FigurePlan,
        run: &Run,
        series: Vec<Series>,
    ) -> Result<(), CollectError> {
        let place = place(figure.measure);
        if series.is_empty() && !is_constant(figure) {
            let text =
                "no series at all; see in the Prometheus page whether the metric is still there".to_owned();
            self.notes.insert((place.clone(), text));
        }
        for one in series {
            let key = match self.key(figure, &one) {
                Ok(key) => key,
                Err(text) => {
                    self.notes.insert((place.clone(), text));
                    continue;
                }
            };
            let points = self.figures.entry(key).or_default();
            for (seconds, sample) in one.samples {
                let found = run.ends.binary_search_by_key(&seconds, |(end, _)| *end).ok();
                let Some((_, period)) = found.and_then(|at| run.ends.get(at)) else {
                    let problem = format!(
                        "{} answered for another time than asked for, {seconds}; check whether a proxy in front of it \
                         aligns queries to their step, and turn that off",
                        self.plan.address
                    );
                    return Err(CollectError::new(Reason::Malformed, problem));
                };
                let before = points.entry(*period).or_insert(Some(Decimal::ZERO));
                *before = match (sample, *before) {
                    (Sample::Number(number), Some(before)) => before.checked_add(number),
                    (Sample::Number(_) | Sample::NotANumber, _) => None,
                };
                self.not_numbers += u32::from(sample == Sample::NotANumber);
            }
        }
        Ok(())
    }

    /// Notes what the source says about its answer.
    pub(super) fn said(&mut self, run: &Run, warnings: Vec<String>, infos: Vec<String>) {
        if !warnings.is_empty() {
            self.partial.extend(run.ends.iter().map(|(_, period)| *period));
        }
        let place = "answer".to_owned();
        for text in warnings {
            let text: String = text.chars().take(200).collect();
            self.notes.insert((
                place.clone(),
                format!("warning: {text}; figures are provisional until it is gone"),
            ));
        }
        for text in infos {
            let text: String = text.chars().take(200).collect();
            self.notes.insert((place.clone(), format!("advice: {text}")));
        }
    }

    fn key(&self, figure: &FigurePlan, series: &Series) -> Result<SeriesKey, String> {
        let words = &self.plan.words;
        let text = |part: &Part| {
            match part {
            Part::Constant(text) => Ok(text.clone()),
            Part::Label(label) => series.labels.get(label).cloned().ok_or_else(|| {
                let labels: Vec<String> = series.labels.keys().take(12).map(|label| shown(label)).collect();
                format!(
                    "a series without the label {label:?} is left out (it has {}); keep the label with `by ({label})`",
                    if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
                )
            }),
        }
        };
        let named = |what: &str, text: &str, expected: String| {
            format!("a series whose {what} is {:?} is left out: {expected}", shown(text))
        };
        let (service, channel) = (text(&figure.service)?, text(&figure.channel)?);
        Ok(SeriesKey {
            service: words.service(&service).map_err(|expected| named("service", &service, expected))?,
            measure: figure.measure,
            channel: words.channel(&channel).map_err(|expected| named("channel", &channel, expected))?,
            coverage: figure.coverage,
            period_kind: self.plan.period_kind,
        })
    }

    /// The figures. A series that is known, and has no sample for a period, was asked for and is absent:
    /// a counter that was not scraped has not stood still.
    pub(super) fn finish(mut self, periods: &[Period], now: Timestamp) -> Batch {
        for figure in self.plan.figures.iter().filter(|figure| is_constant(figure)) {
            let nothing = Series { labels: BTreeMap::new(), samples: Vec::new() };
            if let Ok(key) = self.key(figure, &nothing) {
                self.figures.entry(key).or_default();
            }
        }
        let mut builder = BatchBuilder::new();
        for (key, points) in std::mem::take(&mut self.figures) {
            let measure = key.measure;
            let series = builder.series(key);
            for period in periods {
                let value = match points.get(period).copied().flatten() {
                    Some(number) => Value::Known(self.whole(measure, number)),
                    None => Value::NotProvided,
                };
                let provisional = self.partial.contains(period) || !self.plan.settling.settled(*period, now);
                let quality = Quality { provisional, ..Quality::default() };
                builder.push_to(series, Point { period: *period, value, quality });
            }
        }
        for (measure, count) in &self.rounded {
            let text = format!(
                "figures that were fractions are rounded: {count}; increase() estimates what lies between two scrapes"
            );
            builder.note(place(*measure), text);
        }
        if self.not_numbers > 0 {
            let count = self.not_numbers;
            builder.note("answer", format!("values that are NaN or infinite count as not provided: {count}"));
        }
        for (place, text) in self.notes {
            builder.note(place, text);
        }
        builder.finish().0
    }

    /// Things are counted in whole numbers, money and ratios are not.
    fn whole(&mut self, measure: Measure, number: Decimal) -> Decimal {
        if !matches!(measure, Measure::Started | Measure::Completed | Measure::Rating(_)) {
            return number.normalize();
        }
        let whole = number.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).normalize();
        if whole != number {
            *self.rounded.entry(measure).or_default() += 1;
        }
        whole
    }
}

/// Where a note about an expression belongs.
fn place(measure: Measure) -> String {
    format!("expression for {measure}")
}

fn is_constant(figure: &FigurePlan) -> bool {
    matches!((&figure.service, &figure.channel), (Part::Constant(_), Part::Constant(_)))
}
