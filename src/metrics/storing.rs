//! What becomes of submissions in the store.

use std::time::Duration;

use prometheus::{CounterVec, HistogramVec, Registry};

use super::process::{counter, histogram};
use super::table::Family;
use crate::store::{StoreError, StoreMeter, StoreName};

/// Seconds: from a file of this machine to a server that is asked again for minutes.
const WRITE_BUCKETS: &[f64] = &[0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0, 180.0];

/// Metrics about the store, registered once.
pub struct StoreMetrics {
    points: CounterVec,
    quarantined: CounterVec,
    failures: CounterVec,
    duration: HistogramVec,
}

impl StoreMetrics {
    /// Declares and registers them, counted from nought for the store there is.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            points: counter(registry, Family::StorePoints)?,
            quarantined: counter(registry, Family::StoreQuarantined)?,
            failures: counter(registry, Family::StoreFailures)?,
            duration: histogram(registry, Family::StoreDuration, WRITE_BUCKETS)?,
        })
    }

    /// A store is in use: its counters start at 0 rather than at its first failure.
    pub fn store_known(&self, store: StoreName) {
        self.points.with_label_values(&[store.as_str()]);
        self.quarantined.with_label_values(&[store.as_str()]);
        for reason in StoreError::REASONS {
            self.failures.with_label_values(&[store.as_str(), reason]);
        }
    }
}

impl StoreMeter for StoreMetrics {
    fn written(&self, store: StoreName, points: u64, took: Duration) {
        self.points.with_label_values(&[store.as_str()]).inc_by(points as f64);
        self.duration.with_label_values(&[store.as_str()]).observe(took.as_secs_f64());
    }

    fn quarantined(&self, store: StoreName, lines: u64) {
        self.quarantined.with_label_values(&[store.as_str()]).inc_by(lines as f64);
    }

    fn write_failed(&self, store: StoreName, error: &StoreError, took: Duration) {
        self.failures.with_label_values(&[store.as_str(), error.reason()]).inc();
        self.duration.with_label_values(&[store.as_str()]).observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_counted_by_store_and_reason() {
        let metrics = StoreMetrics::register(&Registry::new()).unwrap();
        metrics.store_known(StoreName::Influxdb2);
        metrics.written(StoreName::Influxdb2, 7, Duration::from_millis(3));
        metrics.quarantined(StoreName::Influxdb2, 2);
        assert_eq!(metrics.quarantined.with_label_values(&["influxdb2"]).get().to_string(), "2");
        let error = StoreError::Unavailable { place: String::new(), problem: String::new() };
        metrics.write_failed(StoreName::Influxdb2, &error, Duration::from_secs(61));
        let failures =
            |reason: &str| metrics.failures.with_label_values(&["influxdb2", reason]).get().to_string();
        assert_eq!(metrics.points.with_label_values(&["influxdb2"]).get().to_string(), "7");
        assert_eq!(StoreError::REASONS.map(failures), ["0", "0", "1", "0"]);
        assert_eq!(metrics.duration.with_label_values(&["influxdb2"]).get_sample_count(), 2);
    }
}
