//! Counters, gauges and histograms about this process.

use std::time::Duration;

use collectors::Reason;
use jiff::Timestamp;
use kpi::CollectorName;
use prometheus::core::Collector;
use prometheus::{CounterVec, Gauge, GaugeVec, HistogramOpts, HistogramVec, Opts, Registry};

use super::table::Family;
use crate::run::{Meter, RunReport};

/// Seconds: from a local file to a long backfill.
const RUN_BUCKETS: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 180.0, 600.0];
/// Seconds: a snapshot answers in the first, the store in the others.
const HTTP_BUCKETS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

/// How a run may end; the values of the metric label `outcome`.
const OUTCOMES: [&str; 3] = ["stored", "unchanged", "failed"];

/// Metrics about this process, registered once.
pub struct ProcessMetrics {
    runs: CounterVec,
    run_failures: CounterVec,
    run_duration: HistogramVec,
    last_run: GaugeVec,
    last_success: GaugeVec,
    next_run: GaugeVec,
    schedule_interval: GaugeVec,
    figures: CounterVec,
    retries: CounterVec,
    refused: CounterVec,
    config_loaded: Gauge,
    config_loaded_at: Gauge,
    http_requests: CounterVec,
    http_duration: HistogramVec,
}

impl ProcessMetrics {
    /// Declares and registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            runs: counter(registry, Family::Runs)?,
            run_failures: counter(registry, Family::RunFailures)?,
            run_duration: histogram(registry, Family::RunDuration, RUN_BUCKETS)?,
            last_run: gauge(registry, Family::LastRun)?,
            last_success: gauge(registry, Family::LastSuccess)?,
            next_run: gauge(registry, Family::NextRun)?,
            schedule_interval: gauge(registry, Family::ScheduleInterval)?,
            figures: counter(registry, Family::CollectedFigures)?,
            retries: counter(registry, Family::Retries)?,
            refused: counter(registry, Family::Refused)?,
            config_loaded: registered(registry, Gauge::with_opts(options(Family::ConfigLoaded)))?,
            config_loaded_at: registered(registry, Gauge::with_opts(options(Family::ConfigLoadedAt)))?,
            http_requests: counter(registry, Family::HttpRequests)?,
            http_duration: histogram(registry, Family::HttpDuration, HTTP_BUCKETS)?,
        })
    }

    /// A collector exists: its counters start at 0 rather than at its first failure, so that a rate over
    /// them sees it.
    pub fn collector_known(&self, collector: &CollectorName, longest_gap: Duration) {
        let name = collector.as_str();
        for outcome in OUTCOMES {
            self.runs.with_label_values(&[name, outcome]);
        }
        for reason in Reason::ALL {
            self.run_failures.with_label_values(&[name, reason.as_str()]);
        }
        self.schedule_interval.with_label_values(&[name]).set(longest_gap.as_secs_f64());
    }

    /// A collector is configured no more: what is said of its future and its lateness goes with it, so
    /// that nobody is told that it is late. Its counters stay, as counters do.
    pub fn collector_gone(&self, collector: &CollectorName) {
        for gauges in [&self.last_run, &self.last_success, &self.next_run, &self.schedule_interval] {
            // A gauge that never had a value has none to lose.
            drop(gauges.remove_label_values(&[collector.as_str()]));
        }
    }

    /// The configuration was loaded.
    pub fn config_loaded(&self, at: Timestamp) {
        self.config_loaded.set(1.0);
        self.config_loaded_at.set(at.as_second() as f64);
    }

    /// The configuration on disk was refused, and another one runs.
    pub fn config_refused(&self) {
        self.config_loaded.set(0.0);
    }

    /// A request was answered.
    pub fn http_answered(&self, route: &str, code: u16, took: Duration) {
        self.http_requests.with_label_values(&[route, &code.to_string()]).inc();
        self.http_duration.with_label_values(&[route]).observe(took.as_secs_f64());
    }
}

impl Meter for ProcessMetrics {
    fn run_retried(&self, collector: &CollectorName, reason: Reason) {
        self.retries.with_label_values(&[collector.as_str(), reason.as_str()]).inc();
    }

    fn run_finished(&self, report: &RunReport) {
        let name = report.collector.as_str();
        let finished = report.finished.as_second() as f64;
        self.runs.with_label_values(&[name, report.outcome.as_str()]).inc();
        self.run_duration.with_label_values(&[name]).observe(report.duration().as_secs_f64());
        self.last_run.with_label_values(&[name]).set(finished);
        match report.failure() {
            Some(failure) => self.run_failures.with_label_values(&[name, failure.reason.as_str()]).inc(),
            None => self.last_success.with_label_values(&[name]).set(finished),
        }
        let counts = report.counts();
        for (outcome, count) in
            [("new", counts.new), ("unchanged", counts.unchanged), ("revised", counts.revised)]
        {
            self.figures.with_label_values(&[name, outcome]).inc_by(count as f64);
        }
    }

    fn next_run(&self, collector: &CollectorName, at: Option<Timestamp>) {
        match at {
            Some(at) => self.next_run.with_label_values(&[collector.as_str()]).set(at.as_second() as f64),
            // Nothing to say where the label was never given a value.
            None => drop(self.next_run.remove_label_values(&[collector.as_str()])),
        }
    }

    fn trigger_refused(&self, collector: &str) {
        self.refused.with_label_values(&[collector]).inc();
    }
}

fn options(family: Family) -> Opts {
    let declared = family.declared();
    Opts::new(declared.name, declared.help)
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    made: Result<C, prometheus::Error>,
) -> Result<C, prometheus::Error> {
    let collector = made?;
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn counter(registry: &Registry, family: Family) -> Result<CounterVec, prometheus::Error> {
    registered(registry, CounterVec::new(options(family), family.declared().labels))
}

fn gauge(registry: &Registry, family: Family) -> Result<GaugeVec, prometheus::Error> {
    registered(registry, GaugeVec::new(options(family), family.declared().labels))
}

fn histogram(
    registry: &Registry,
    family: Family,
    buckets: &[f64],
) -> Result<HistogramVec, prometheus::Error> {
    let options = HistogramOpts::from(options(family)).buckets(buckets.to_vec());
    registered(registry, HistogramVec::new(options, family.declared().labels))
}
