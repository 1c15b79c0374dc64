//! Payments to figures: only counts are kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kpi::{
    Batch, BatchBuilder, Channel, Coverage, Measure, Period, PeriodKind, Point, Quality, SeriesKey, Value,
};

use super::answer::{Payment, Status};
use super::config::{Plan, Refunded};
use super::search::Found;
use crate::words::shown;

/// The counts of a window, over all accounts of the service.
pub(super) struct Counts<'p> {
    plan: &'p Plan,
    days: Vec<Period>,
    series: BTreeMap<(Measure, Channel), BTreeMap<Period, u64>>,
    unknown_states: BTreeSet<String>,
    /// Created at another time than asked for.
    outside: u64,
    tests: u64,
    incomplete: Vec<Found>,
}

impl<'p> Counts<'p> {
    pub(super) fn new(plan: &'p Plan, days: Vec<Period>) -> Self {
        let mut series: BTreeMap<(Measure, Channel), BTreeMap<Period, u64>> = BTreeMap::new();
        // A search that finds nothing says that there was nothing: these zeros are the source's own.
        for channel in &plan.channels {
            for measure in [Measure::Started, Measure::Completed] {
                series.insert((measure, *channel), days.iter().map(|day| (*day, 0)).collect());
            }
        }
        Self {
            plan,
            days,
            series,
            unknown_states: BTreeSet::new(),
            outside: 0,
            tests: 0,
            incomplete: Vec::new(),
        }
    }

    pub(super) fn payment(&mut self, payment: &Payment) {
        let date = payment.created_date.to_zoned(self.plan.settling.zone.clone()).date();
        let day = Period::containing(PeriodKind::Day, date).ok();
        let Some(day) = day.filter(|day| self.days.binary_search(day).is_ok()) else {
            self.outside += 1;
            return;
        };
        self.tests += u64::from(payment.is_test());
        let (started, completed) = match payment.status() {
            Status::Known(state) => (
                self.plan.started.as_ref().is_none_or(|states| states.contains(state)),
                self.plan.completed.contains(state),
            ),
            Status::Unknown(word) => {
                // Ten are enough to tell that something changed.
                if self.unknown_states.len() < 10 {
                    self.unknown_states.insert(shown(word));
                }
                (self.plan.started.is_none(), false)
            }
        };
        let left_out = self.plan.refunded == Refunded::LeaveOut && payment.is_refunded();
        let channel = payment.channel();
        for (measure, counts) in [(Measure::Started, started), (Measure::Completed, completed && !left_out)] {
            if counts {
                *self.series.entry((measure, channel)).or_default().entry(day).or_default() += 1;
            }
        }
    }

    /// Notes how the search of one account went.
    pub(super) fn found(&mut self, found: Found) {
        if found.payments != found.announced {
            self.incomplete.push(found);
        }
    }

    pub(super) fn finish(self, now: Timestamp) -> Batch {
        let plan = self.plan;
        let mut builder = BatchBuilder::new();
        let place = plan.service.to_string();
        for found in &self.incomplete {
            let text = format!(
                "{} payments were announced and {} came; the figures are provisional until they agree",
                found.announced, found.payments
            );
            builder.note(&place, text);
        }
        if !self.unknown_states.is_empty() {
            let states: Vec<String> = self.unknown_states.into_iter().collect();
            let text = format!(
                "payments in states that are not known here count as not completed: {}",
                states.join(", ")
            );
            builder.note(&place, text);
        }
        if self.outside > 0 {
            let text = format!("payments of days that were not asked for are left out: {}", self.outside);
            builder.note(&place, text);
        }
        if self.tests > 0 {
            let text = format!(
                "payments of a sandbox account, which move no money: {}; use the API key of the live account",
                self.tests
            );
            builder.note(&place, text);
        }
        let undeclared = |channel: &Channel| !plan.channels.contains(channel);
        let mut met: Vec<Channel> =
            self.series.keys().map(|(_, channel)| *channel).filter(undeclared).collect();
        met.sort();
        met.dedup();
        for channel in met {
            let text = format!(
                "there are payments by {channel}; add it to `channels`, so that a day without any is zero"
            );
            builder.note(&place, text);
        }
        for ((measure, channel), days) in self.series {
            let series = builder.series(SeriesKey {
                service: plan.service.clone(),
                measure,
                channel,
                coverage: Coverage::All,
                period_kind: PeriodKind::Day,
            });
            for (period, count) in days {
                let provisional = !self.incomplete.is_empty() || !plan.settling.settled(period, now);
                let quality = Quality { provisional, ..Quality::default() };
                builder.push_to(series, Point { period, value: Value::Known(count.into()), quality });
            }
        }
        builder.finish().0
    }
}
