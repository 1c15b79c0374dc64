use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use collectors::{
    Answer, Bookmark, Capabilities, CollectError, Collector, Context, PeriodSpan, ProbeReport, Reading,
    Window,
};
use jiff::{SignedDuration, Timestamp};
use kpi::{
    Batch, BatchBuilder, Channel, Coverage, Measure, Period, PeriodKind, Point, Quality, SeriesKey, Value,
};

/// What a fake does instead of answering; once done, the next call does the next.
pub enum Deed {
    Fail(CollectError),
    Panic,
    Hang,
    Unchanged,
    Give(Batch, Option<Bookmark>),
}

/// A collector that answers for every period asked, 1 completed transaction each, unless told
/// otherwise.
pub struct Fake {
    reading: Reading,
    deeds: Mutex<VecDeque<Deed>>,
    /// Values other than 1.
    values: Mutex<BTreeMap<Period, i64>>,
    /// Windows asked for with the bookmark handed over, in order.
    pub asked: Mutex<Vec<(Timestamp, Window, Option<Bookmark>)>>,
}

pub fn windows(largest: u32, look_back: u32) -> Reading {
    let (period_kind, settles_after) = (PeriodKind::Day, SignedDuration::ZERO);
    Reading::Windows { period_kind, largest, settles_after, look_back }
}

impl Fake {
    pub fn new(reading: Reading) -> Arc<Self> {
        let (deeds, values, asked) = Default::default();
        Arc::new(Self { reading, deeds, values, asked })
    }

    pub fn does(&self, deed: Deed) {
        self.deeds.lock().unwrap().push_back(deed);
    }

    #[must_use]
    pub fn then(self: Arc<Self>, deed: Deed) -> Arc<Self> {
        self.does(deed);
        self
    }

    pub fn set(&self, period: Period, value: i64) {
        self.values.lock().unwrap().insert(period, value);
    }

    pub fn spans(&self) -> Vec<PeriodSpan> {
        let span = |(_, window, _): &(_, Window, _)| match window {
            Window::Span(span) => Some(*span),
            Window::Everything => None,
        };
        self.asked.lock().unwrap().iter().filter_map(span).collect()
    }

    pub fn calls(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn answer(&self, window: &Window) -> Answer {
        let periods = match window {
            Window::Everything => Vec::new(),
            Window::Span(span) => std::iter::successors(Some(span.first), |period| Some(period.next()))
                .take_while(|period| *period <= span.last)
                .collect(),
        };
        let values = self.values.lock().unwrap();
        let value = |period: &Period| values.get(period).copied().unwrap_or(1);
        let points: Vec<(Period, i64)> = periods.iter().map(|period| (*period, value(period))).collect();
        Answer::Figures { batch: figures("visas", &points), bookmark: None }
    }
}

/// Completed digital transactions of a service.
pub fn figures(service: &str, points: &[(Period, i64)]) -> Batch {
    let mut builder = BatchBuilder::new();
    for (period, value) in points {
        let key = SeriesKey {
            service: service.parse().unwrap(),
            measure: Measure::Completed,
            channel: Channel::Digital,
            coverage: Coverage::All,
            period_kind: period.kind(),
        };
        let value = Value::Known((*value).into());
        builder.push(key, Point { period: *period, value, quality: Quality::default() });
    }
    builder.finish().0
}

#[async_trait]
impl Collector for Fake {
    fn capabilities(&self) -> Capabilities {
        Capabilities { reading: self.reading.clone() }
    }

    async fn probe(&self, _: &Context) -> Result<ProbeReport, CollectError> {
        Ok(ProbeReport { lines: Vec::new() })
    }

    async fn collect(&self, window: &Window, context: &Context) -> Result<Answer, CollectError> {
        self.asked.lock().unwrap().push((context.clock.now(), *window, context.bookmark.clone()));
        let deed = self.deeds.lock().unwrap().pop_front();
        match deed {
            None => Ok(self.answer(window)),
            Some(Deed::Fail(error)) => Err(error),
            Some(Deed::Panic) => panic!("told to"),
            Some(Deed::Hang) => std::future::pending().await,
            Some(Deed::Unchanged) => Ok(Answer::Unchanged),
            Some(Deed::Give(batch, bookmark)) => Ok(Answer::Figures { batch, bookmark }),
        }
    }
}
