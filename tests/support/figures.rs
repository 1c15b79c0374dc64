//! Short ways to say a figure.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use kpi::service::ServiceDescription;
use kpi::{
    Channel, Coverage, FigureKey, Measure, Period, PeriodKind, Point, Quality, SeriesFigures, SeriesKey,
    Value,
};
use pp_collector::store::{Provenance, Series, Submission};

/// The n-th minute of a day on which everything is collected.
pub(crate) fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + n * 60).unwrap()
}

pub(crate) fn series_key(service: &str, measure: Measure) -> SeriesKey {
    SeriesKey {
        service: service.parse().unwrap(),
        measure,
        channel: Channel::Digital,
        coverage: Coverage::All,
        period_kind: PeriodKind::Day,
    }
}

pub(crate) fn completed() -> SeriesKey {
    series_key("apply-for-teacher-training", Measure::Completed)
}

pub(crate) fn day(n: i32) -> Period {
    Period::from_index(PeriodKind::Day, 20_000 + n).unwrap()
}

pub(crate) fn date(n: i32) -> Date {
    day(n).start_date()
}

pub(crate) fn known(number: &str) -> Value {
    Value::Known(number.parse().unwrap())
}

pub(crate) fn point(n: i32, value: Value) -> Point {
    Point { period: day(n), value, quality: Quality::default() }
}

pub(crate) fn points(values: &[(i32, &str)]) -> Vec<Point> {
    values.iter().map(|(n, number)| point(*n, known(number))).collect()
}

pub(crate) fn figure_key(key: &SeriesKey, n: i32) -> FigureKey {
    FigureKey { series: key.clone(), period: day(n) }
}

/// What a collector sends at a minute.
pub(crate) struct Sent {
    submission: Submission,
}

impl Sent {
    pub(crate) fn at(n: i64) -> Self {
        let provenance =
            Provenance { collector: "matomo".parse().unwrap(), adopts: Vec::new(), collected_at: minute(n) };
        Self { submission: Submission { provenance, series: Vec::new(), services: Vec::new() } }
    }

    pub(crate) fn by(mut self, collector: &str) -> Self {
        self.submission.provenance.collector = collector.parse().unwrap();
        self
    }

    pub(crate) fn adopting(mut self, former: &str) -> Self {
        self.submission.provenance.adopts.push(former.parse().unwrap());
        self
    }

    pub(crate) fn figures(mut self, key: &SeriesKey, points: Vec<Point>) -> Self {
        self.submission.series.push(SeriesFigures { key: key.clone(), points });
        self
    }

    pub(crate) fn service(mut self, id: &str, name: &str) -> Self {
        self.submission.services.push(described(id, name));
        self
    }

    pub(crate) fn done(self) -> Arc<Submission> {
        Arc::new(self.submission)
    }
}

pub(crate) fn described(id: &str, name: &str) -> ServiceDescription {
    ServiceDescription { id: id.parse().unwrap(), name: name.to_owned(), department: None, agency: None }
}

/// The values of the only series of an answer, with the days they are for.
pub(crate) fn values(answer: &[Series]) -> Vec<(i32, Value)> {
    assert!(answer.len() <= 1, "one series at most is expected: {answer:?}");
    answer
        .iter()
        .flat_map(|series| &series.points)
        .map(|stored| (stored.point.period.index() - 20_000, stored.point.value))
        .collect()
}
