//! Counters, gauges and histograms about this process.

use std::time::Duration;

use collectors::http::Answered;
use collectors::{Quota, Reason};
use jiff::Timestamp;
use kpi::CollectorName;
use prometheus::core::Collector;
use prometheus::proto::LabelPair;
use prometheus::{CounterVec, Gauge, GaugeVec, HistogramOpts, HistogramVec, Opts, Registry};

use super::table::Family;
use crate::run::{Counts, Meter, Outcome, RunReport};
use crate::store::StoreError;
use crate::store::embedded::Backlog;
use crate::store::mirror::MirrorMeter;

/// Seconds: from a local file to a long backfill.
const RUN_BUCKETS: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 180.0, 600.0];
/// Seconds: a snapshot answers in the first, the store in the others.
const HTTP_BUCKETS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

/// Seconds: from a near API to a report that its source works out first.
const CLIENT_BUCKETS: &[f64] = &[0.05, 0.25, 1.0, 5.0, 15.0, 60.0];

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
    periods_missing: GaugeVec,
    quota_remaining: GaugeVec,
    client_requests: CounterVec,
    client_duration: HistogramVec,
    refused: CounterVec,
    mirror_unsent: GaugeVec,
    mirror_oldest: GaugeVec,
    mirror_refused: GaugeVec,
    mirror_sent: CounterVec,
    mirror_failures: CounterVec,
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
            periods_missing: gauge(registry, Family::PeriodsMissing)?,
            quota_remaining: gauge(registry, Family::QuotaRemaining)?,
            client_requests: counter(registry, Family::ClientRequests)?,
            client_duration: histogram(registry, Family::ClientDuration, CLIENT_BUCKETS)?,
            refused: counter(registry, Family::Refused)?,
            mirror_unsent: gauge(registry, Family::MirrorUnsent)?,
            mirror_oldest: gauge(registry, Family::MirrorOldest)?,
            mirror_refused: gauge(registry, Family::MirrorRefused)?,
            mirror_sent: counter(registry, Family::MirrorSent)?,
            mirror_failures: counter(registry, Family::MirrorFailures)?,
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
        for outcome in Outcome::WORDS {
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
        let name = collector.as_str();
        let Self { last_run, last_success, next_run, schedule_interval, periods_missing, .. } = self;
        for gauges in [last_run, last_success, next_run, schedule_interval, periods_missing] {
            // A gauge that never had a value has none to lose.
            drop(gauges.remove_label_values(&[name]));
        }
        self.forget_quotas(name);
    }

    /// Takes back what is left of every allowance of a collector, whatever the source calls them.
    fn forget_quotas(&self, collector: &str) {
        for family in self.quota_remaining.collect() {
            for metric in family.get_metric() {
                let value = |name: &str| {
                    metric.get_label().iter().find(|label| label.name() == name).map(LabelPair::value)
                };
                if let (Some(of), Some(quota)) = (value("collector"), value("quota"))
                    && of == collector
                {
                    drop(self.quota_remaining.remove_label_values(&[collector, quota]));
                }
            }
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
        match &report.outcome {
            // Nobody is woken for days of the past: who asked for them sees the report, and the log has it.
            Outcome::Failed(failure) if report.trigger.is_forward() => {
                self.run_failures.with_label_values(&[name, failure.reason.as_str()]).inc();
            }
            // Days of the past do not make a collector less late.
            Outcome::Stored(_) | Outcome::Unchanged if report.trigger.is_forward() => {
                self.last_success.with_label_values(&[name]).set(finished);
            }
            // Neither: what is due is still to come.
            Outcome::Stored(_) | Outcome::Unchanged | Outcome::Postponed(_) | Outcome::Failed(_) => {}
        }
        self.pushed(&report.collector, report.counts());
    }

    fn pushed(&self, pusher: &CollectorName, counts: Counts) {
        for (outcome, count) in counts.by_outcome() {
            self.figures.with_label_values(&[pusher.as_str(), outcome]).inc_by(count as f64);
        }
    }

    fn last_success(&self, collector: &CollectorName, at: Timestamp) {
        self.last_success.with_label_values(&[collector.as_str()]).set(at.as_second() as f64);
    }

    fn next_run(&self, collector: &CollectorName, at: Option<Timestamp>) {
        match at {
            Some(at) => self.next_run.with_label_values(&[collector.as_str()]).set(at.as_second() as f64),
            // Nothing to say where the label was never given a value.
            None => drop(self.next_run.remove_label_values(&[collector.as_str()])),
        }
    }

    fn quota_read(&self, collector: &CollectorName, quota: &Quota) {
        // Where the source does not say how much there is in all, there is no share of it.
        if let Some(limit) = quota.limit.filter(|limit| *limit > 0) {
            let share = quota.remaining as f64 / limit as f64;
            self.quota_remaining.with_label_values(&[collector.as_str(), &quota.name]).set(share);
        }
    }

    fn source_asked(&self, collector: &CollectorName, answered: Answered, took: Duration) {
        self.client_requests.with_label_values(&[collector.as_str(), answered.as_str()]).inc();
        self.client_duration.with_label_values(&[collector.as_str()]).observe(took.as_secs_f64());
    }

    fn periods_missing(&self, collector: &CollectorName, count: Option<usize>) {
        if let Some(count) = count {
            self.periods_missing.with_label_values(&[collector.as_str()]).set(count as f64);
        }
    }

    fn trigger_refused(&self, collector: &str) {
        self.refused.with_label_values(&[collector]).inc();
    }
}

/// Without a mirror nothing is said of one: these have no value before the first event.
impl MirrorMeter for ProcessMetrics {
    fn mirror_sent(&self, revisions: u64) {
        self.mirror_sent.with_label_values::<&str>(&[]).inc_by(revisions as f64);
    }

    fn mirror_failed(&self, error: &StoreError) {
        self.mirror_failures.with_label_values(&[error.reason()]).inc();
    }

    fn mirror_backlog(&self, backlog: &Backlog) {
        self.mirror_unsent.with_label_values::<&str>(&[]).set(backlog.revisions as f64);
        self.mirror_refused.with_label_values::<&str>(&[]).set(backlog.refused as f64);
        match backlog.oldest {
            Some(oldest) => self.mirror_oldest.with_label_values::<&str>(&[]).set(oldest.as_second() as f64),
            None => drop(self.mirror_oldest.remove_label_values::<&str>(&[])),
        }
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

pub(super) fn counter(registry: &Registry, family: Family) -> Result<CounterVec, prometheus::Error> {
    registered(registry, CounterVec::new(options(family), family.declared().labels))
}

pub(super) fn gauge(registry: &Registry, family: Family) -> Result<GaugeVec, prometheus::Error> {
    registered(registry, GaugeVec::new(options(family), family.declared().labels))
}

pub(super) fn histogram(
    registry: &Registry,
    family: Family,
    buckets: &[f64],
) -> Result<HistogramVec, prometheus::Error> {
    let options = HistogramOpts::from(options(family)).buckets(buckets.to_vec());
    registered(registry, HistogramVec::new(options, family.declared().labels))
}
