//! What the embedded store takes and gives in a second, printed as a table.
//!
//! `cargo bench --bench store -- [FIGURES]`, by default one million; each series has 365 days.

#![allow(clippy::indexing_slicing)] // A wrong index here ends a bench, not a service.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kpi::{
    Channel, CollectorName, Coverage, Measure, Period, PeriodKind, Point, Quality, SeriesFigures, SeriesKey,
    Value,
};
use pp_collector::store::{EmbeddedStore, Provenance, Query, Store, Submission};
use rust_decimal::Decimal;

type Outcome<T> = Result<T, Box<dyn Error>>;

const DAYS_PER_SERIES: u64 = 365;
const SERIES_PER_SUBMISSION: u64 = 2740;
const FIRST_DAY: i32 = 20_000;

/// Like real figures: counts of up to six digits, every fifth an amount in pence.
fn value(series: u64, day: u64, edition: u64) -> Value {
    let noise = (series.wrapping_mul(2_654_435_761) ^ day.wrapping_mul(40_503)) % 100_000;
    let scale = if series.is_multiple_of(5) { 2 } else { 0 };
    Value::Known(Decimal::new(i64::try_from(noise + edition).unwrap_or(0), scale))
}

fn submission(series: std::ops::Range<u64>, edition: u64) -> Outcome<Arc<Submission>> {
    let measures = [Measure::Cost, Measure::Started, Measure::Completed];
    let mut figures = Vec::new();
    for number in series {
        let key = SeriesKey {
            service: format!("service-{:05}", number / 24).parse()?,
            measure: measures[usize::try_from(number % 24 / 8)?],
            channel: Channel::ALL[usize::try_from(number % 8)?],
            coverage: Coverage::All,
            period_kind: PeriodKind::Day,
        };
        let mut points = Vec::new();
        for day in 0..DAYS_PER_SERIES {
            let period = Period::from_index(PeriodKind::Day, FIRST_DAY + i32::try_from(day)?)?;
            points.push(Point { period, value: value(number, day, edition), quality: Quality::default() });
        }
        figures.push(SeriesFigures { key, points });
    }
    let collector: CollectorName = "bench".parse()?;
    let provenance = Provenance { collector, adopts: Vec::new(), collected_at: Timestamp::UNIX_EPOCH };
    Ok(Arc::new(Submission { provenance, series: figures, services: Vec::new() }))
}

/// Only the store's time counts, not that of making the figures.
async fn append_all(store: &EmbeddedStore, series: u64, edition: u64) -> Outcome<Duration> {
    let mut spent = Duration::ZERO;
    for first in (0..series).step_by(usize::try_from(SERIES_PER_SUBMISSION)?) {
        let submission = submission(first..series.min(first + SERIES_PER_SUBMISSION), edition)?;
        let started = Instant::now();
        store.append(submission).await?;
        spent += started.elapsed();
    }
    Ok(spent)
}

fn report(what: &str, figures: u64, spent: Duration) {
    println!("{what:<34} {:>12.0} figures/s  {spent:>10.3?}", figures as f64 / spent.as_secs_f64());
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let wanted = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000_u64);
    let series = wanted.div_ceil(DAYS_PER_SERIES);
    let figures = series * DAYS_PER_SERIES;
    let directory = tempfile::tempdir()?;
    println!("{figures} figures in {series} series");

    let store = EmbeddedStore::open(directory.path())?;
    report("append, new", figures, append_all(&store, series, 0).await?);
    let stats = store.stats().await?;
    println!("{:<34} {:>12.1}", "bytes a figure, log excluded", {
        let file = std::fs::metadata(directory.path().join("figures.db"))?;
        file.len() as f64 / stats.figures as f64
    });
    report("append, unchanged", figures, append_all(&store, series, 0).await?);

    let started = Instant::now();
    let read: usize = store
        .series(&Query { newest_days: Some(400), ..Query::default() })
        .await?
        .iter()
        .map(|series| series.points.len())
        .sum();
    report("newest 400 days of all series", read as u64, started.elapsed());
    let started = Instant::now();
    let read = store.latest().await?.len();
    report("latest of all series", read as u64, started.elapsed());
    one_service(&store, series).await?;

    drop(store);
    let started = Instant::now();
    let store = EmbeddedStore::open(directory.path())?;
    println!("{:<34} {:>36.3?}", "reopen", started.elapsed());
    report("append, revised", figures, append_all(&store, series, 1).await?);
    let started = Instant::now();
    let found = store.verify().await?;
    report("verify", found.figures + found.superseded, started.elapsed());
    println!("{:<34} {:>12}", "problems", found.problems.len());
    let started = Instant::now();
    store.backup(&directory.path().join("backup.db")).await?;
    println!("{:<34} {:>36.3?}", "backup", started.elapsed());
    Ok(())
}

/// A year of the series of one measure of one service: what a chart asks for.
async fn one_service(store: &EmbeddedStore, series: u64) -> Outcome<()> {
    let mut spent = Vec::new();
    let mut points = 0;
    for number in 0..1000_u64 {
        let service = format!("service-{:05}", number * 7919 % series / 24).parse()?;
        let query = Query {
            services: Some(vec![service]),
            measures: Some(vec![Measure::Completed]),
            ..Query::default()
        };
        let started = Instant::now();
        let found = store.series(&query).await?;
        spent.push(started.elapsed());
        points += found.iter().map(|series| series.points.len()).sum::<usize>();
    }
    spent.sort_unstable();
    println!(
        "{:<34} p50 {:?}, p99 {:?} ({} points each)",
        "one measure of a service, a year",
        spent[spent.len() / 2],
        spent[spent.len() * 99 / 100],
        points / spent.len()
    );
    Ok(())
}
