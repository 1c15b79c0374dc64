//! What happens on the way to receivers. One event is one function, which logs and counts together.

use std::sync::Arc;

use jiff::Timestamp;
use kpi::ReceiverName;

use super::DeliverError;
use crate::alerts::{Alert, AlertMeter, Event, Notice, NotificationOutcome};
use crate::run::StateError;
use crate::store::StoreError;

/// Logs and counts.
#[derive(Clone)]
pub struct DeliveryEvents {
    meter: Arc<dyn AlertMeter>,
}

impl DeliveryEvents {
    /// Events counted by a meter.
    pub fn new(meter: Arc<dyn AlertMeter>) -> Self {
        Self { meter }
    }

    /// A receiver is configured.
    pub fn receiver_known(&self, receiver: &ReceiverName) {
        tracing::debug!(%receiver, "receiver known");
        self.meter.receiver_known(receiver.as_str());
    }

    /// Which alerts are open now.
    pub fn open(&self, open: &[&Alert]) {
        tracing::debug!(count = open.len(), "alerts open");
        let counted: Vec<_> = open.iter().map(|alert| (alert.rule, alert.severity)).collect();
        self.meter.alerts_open(&counted);
    }

    /// An alert changed, and it is written down.
    pub fn recorded(&self, event: &Event, deliveries: usize) {
        let alert = event.alert();
        let (id, severity) = (&alert.id, alert.severity.as_str());
        match event {
            Event::Raised(_) => tracing::warn!(alert = %id, severity, deliveries, "alert raised"),
            Event::Worsened(_) => tracing::warn!(alert = %id, severity, deliveries, "alert worsened"),
            Event::Resolved(_) => {
                let why = alert.resolution.map(|end| end.why.as_str());
                tracing::info!(alert = %id, why, deliveries, "alert resolved");
            }
            Event::Continued(_) => tracing::debug!(alert = %id, severity, "alert goes on"),
        }
    }

    pub(super) fn sent(&self, receiver: &ReceiverName, notice: &Notice, answer: &str) {
        tracing::info!(%receiver, alert = %notice.alert.id, news = notice.news.as_str(), answer, "receiver told");
        self.meter.notified(receiver.as_str(), NotificationOutcome::Delivered);
    }

    pub(super) fn failed(
        &self,
        receiver: &ReceiverName,
        notice: &Notice,
        error: &DeliverError,
        again_at: Timestamp,
    ) {
        let reason = error.reason.as_str();
        tracing::warn!(
            %receiver, alert = %notice.alert.id, news = notice.news.as_str(), reason, %error, %again_at,
            "receiver not told, it is tried again"
        );
        self.meter.notified(receiver.as_str(), NotificationOutcome::Retried);
    }

    pub(super) fn abandoned(&self, receiver: &ReceiverName, notice: &Notice) {
        tracing::error!(
            %receiver, alert = %notice.alert.id, news = notice.news.as_str(),
            "receiver not told for too long, given up; `pp-collector alerts list` shows the alert"
        );
        self.meter.notified(receiver.as_str(), NotificationOutcome::GivenUp);
    }

    pub(super) fn refresh_failed(&self, receiver: &ReceiverName, error: &DeliverError) {
        tracing::warn!(%receiver, reason = error.reason.as_str(), %error, "receiver not told what is open");
        self.meter.notified(receiver.as_str(), NotificationOutcome::Retried);
    }

    /// Deliveries to receivers that are not configured any more were ended.
    pub fn withdrawn(&self, deliveries: usize) {
        if deliveries > 0 {
            tracing::warn!(
                deliveries,
                "receivers are gone from the configuration, what waited for them is dropped"
            );
        }
    }

    /// Figures that changed could not be read, so that they are judged later.
    pub fn figures_unreadable(&self, error: &StoreError) {
        tracing::warn!(%error, "the store cannot be read, alerts stay as they are");
    }

    /// The state of alerts could not be read or written.
    pub fn state_failed(&self, error: &StateError) {
        tracing::error!(%error, "alert state failed");
    }
}
