//! Counters, gauges and histograms about this process.

use std::time::Duration;

use collectors::Reason;
use jiff::Timestamp;
use kpi::CollectorName;
use prometheus::core::Collector;
use prometheus::{CounterVec, Gauge, GaugeVec, HistogramOpts, HistogramVec, Opts, Registry};

use super::table::Family;
use crate::store::Accepted;

/// Seconds: from a local file to a long backfill.
const RUN_BUCKETS: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 180.0, 600.0];
/// Seconds: a snapshot answers in the first, the store in the others.
const HTTP_BUCKETS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

/// How a run ended; also the values of the metric label `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Figures were stored.
    Stored,
    /// The source had nothing new.
    Unchanged,
    /// Nothing was stored, for a reason.
    Failed,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Stored, Self::Unchanged, Self::Failed];

    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

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
        for outcome in Outcome::ALL {
            self.runs.with_label_values(&[name, outcome.as_str()]);
        }
        for reason in Reason::ALL {
            self.run_failures.with_label_values(&[name, reason.as_str()]);
        }
        self.schedule_interval.with_label_values(&[name]).set(longest_gap.as_secs_f64());
    }

    /// The next scheduled start is known.
    pub fn next_run(&self, collector: &CollectorName, at: Timestamp) {
        self.next_run.with_label_values(&[collector.as_str()]).set(at.as_second() as f64);
    }

    /// A run has ended.
    pub fn run_finished(
        &self,
        collector: &CollectorName,
        outcome: Outcome,
        reason: Option<Reason>,
        took: Duration,
        at: Timestamp,
    ) {
        let name = collector.as_str();
        self.runs.with_label_values(&[name, outcome.as_str()]).inc();
        if let Some(reason) = reason {
            self.run_failures.with_label_values(&[name, reason.as_str()]).inc();
        }
        self.run_duration.with_label_values(&[name]).observe(took.as_secs_f64());
        self.last_run.with_label_values(&[name]).set(at.as_second() as f64);
        if outcome != Outcome::Failed {
            self.last_success.with_label_values(&[name]).set(at.as_second() as f64);
        }
    }

    /// The store has acknowledged figures.
    pub fn stored(&self, collector: &CollectorName, accepted: &Accepted) {
        let counts = [
            ("new", accepted.new as f64),
            ("unchanged", accepted.unchanged as f64),
            ("revised", accepted.revised.len() as f64),
            ("foreign", accepted.foreign.len() as f64),
        ];
        for (outcome, count) in counts {
            self.figures.with_label_values(&[collector.as_str(), outcome]).inc_by(count);
        }
    }

    /// An attempt is repeated.
    pub fn retried(&self, collector: &CollectorName, reason: Reason) {
        self.retries.with_label_values(&[collector.as_str(), reason.as_str()]).inc();
    }

    /// The configuration was loaded.
    pub fn config_loaded(&self, at: Timestamp) {
        self.config_loaded.set(1.0);
        self.config_loaded_at.set(at.as_second() as f64);
    }

    /// A request was answered.
    pub fn http_answered(&self, route: &str, code: u16, took: Duration) {
        self.http_requests.with_label_values(&[route, &code.to_string()]).inc();
        self.http_duration.with_label_values(&[route]).observe(took.as_secs_f64());
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
