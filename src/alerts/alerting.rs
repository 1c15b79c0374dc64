//! Alerting in the daemon: figures that changed are judged, what is found is written down, and couriers
//! tell their receivers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use collectors::{Clock, MachineRandomness};
use jiff::{Timestamp, ToSpan};
use kpi::service::ServiceDescription;
use kpi::{ReceiverName, ServiceId};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::deliver::{Context, Courier, DeliveryEvents};
use super::state::{AlertBook, Audience, Decision};
use super::{Alert, Event};
use crate::config::Settings;
use crate::config::settings::ReceiverSettings;
use crate::run::StateError;
use crate::snapshot::Snapshots;
use crate::store::StoreError;

/// How often it is looked whether figures are overdue.
const LOOK_EVERY: Duration = Duration::from_mins(15);

/// Judges figures. Its parts are pure; it reads the store where figures changed.
#[async_trait]
pub trait Watch: Send + Sync {
    /// Watches what a configuration says from now on.
    fn configure(&self, settings: &Settings);

    /// Judges anew the services whose figures changed; all of them where `None`.
    async fn look(&self, changed: Option<&BTreeSet<ServiceId>>) -> Result<(), StoreError>;

    /// What has happened since the alerts known were left. Asked again with what came of it, nothing has.
    fn evaluate(&self, known: &[Alert], now: Timestamp) -> Vec<Event>;
}

/// Figures that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Services whose figures or descriptions changed.
    pub services: BTreeSet<ServiceId>,
    /// Whether a backfill brought them: what is found in such figures is kept, and told to nobody.
    pub backfilled: bool,
}

/// What alerting is made of.
#[derive(Clone)]
pub struct Alerting {
    /// What judges.
    pub watch: Arc<dyn Watch>,
    /// Where alerts and deliveries are kept.
    pub book: AlertBook,
    /// What services are called.
    pub snapshots: Arc<Snapshots>,
    /// What receivers may use.
    pub context: Context,
    /// Logs and counts.
    pub events: DeliveryEvents,
    /// The receivers configured, each with the bell of its courier.
    pub receivers: Arc<ArcSwap<Vec<Served>>>,
}

/// A receiver and the bell of its courier.
#[derive(Debug, Clone)]
pub struct Served {
    settings: ReceiverSettings,
    bell: Arc<Notify>,
}

/// Couriers at work.
#[derive(Debug, Default)]
pub struct Couriers {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Couriers {
    /// Ends them: what they are telling is told, within `grace`; what waits goes on waiting in the file.
    pub async fn stop(mut self, clock: &dyn Clock, grace: Duration) {
        self.stop.cancel();
        tokio::select! {
            biased;
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
            () = clock.time_limit(grace) => self.tasks.abort_all(),
        }
    }
}

impl Alerting {
    /// Serves the receivers of a configuration. What waits for others is ended, and what waits for these
    /// is tried at once: somebody may have mended what failed.
    pub async fn serve(&self, settings: &Settings) -> Couriers {
        self.watch.configure(settings);
        let names: BTreeSet<ReceiverName> =
            settings.receivers.iter().map(|receiver| receiver.name.clone()).collect();
        match self.book.withdraw_others(&names, self.now()).await {
            Ok(count) => self.events.withdrawn(count),
            Err(error) => self.events.state_failed(&error),
        }
        if let Err(error) = self.book.release().await {
            self.events.state_failed(&error);
        }
        let mut couriers = Couriers::default();
        let mut served = Vec::new();
        for receiver in &settings.receivers {
            self.events.receiver_known(&receiver.name);
            let bell = Arc::new(Notify::new());
            served.push(Served { settings: receiver.clone(), bell: Arc::clone(&bell) });
            let courier = Courier {
                settings: receiver.clone(),
                book: self.book.clone(),
                context: self.context.clone(),
                events: self.events.clone(),
                randomness: Arc::new(MachineRandomness),
                public_url: settings.web.public_url.clone(),
                wake: bell,
            };
            couriers.tasks.spawn(courier.run(couriers.stop.clone()));
        }
        self.receivers.store(Arc::new(served));
        couriers
    }

    /// Judges everything once, then what changes as it does, and what is overdue from time to time.
    pub async fn run(self, mut rebuilt: mpsc::UnboundedReceiver<Changed>) {
        self.look_and_act(None).await;
        loop {
            let changed = tokio::select! {
                biased;
                next = rebuilt.recv() => match next {
                    Some(changed) => Some(changed),
                    None => return,
                },
                () = self.context.clock.sleep(LOOK_EVERY) => None,
            };
            match changed {
                Some(changed) => self.look_and_act(Some(&changed)).await,
                None => self.act(None).await,
            }
        }
    }

    /// Judges what changed, everything where `None`, and acts on what is found.
    pub async fn look_and_act(&self, changed: Option<&Changed>) {
        match self.watch.look(changed.map(|changed| &changed.services)).await {
            Ok(()) => self.act(changed).await,
            Err(error) => self.events.figures_unreadable(&error),
        }
    }

    async fn act(&self, changed: Option<&Changed>) {
        if let Err(error) = self.write_down(changed).await {
            self.events.state_failed(&error);
        }
    }

    /// Writes down what has happened, and rings for the couriers.
    async fn write_down(&self, changed: Option<&Changed>) -> Result<(), StateError> {
        let now = self.now();
        let a_year_ago = now.to_zoned(jiff::tz::TimeZone::UTC).checked_sub(1.year());
        let since = a_year_ago.map_or(Timestamp::MIN, |then| then.timestamp());
        let mut known: Vec<Alert> = self.book.open().await?.into_iter().map(|kept| kept.alert).collect();
        known.extend(self.book.ended_since(since).await?.into_iter().map(|kept| kept.alert));
        let begun_anew = !self.book.has_evaluated().await?;
        let receivers = self.receivers.load_full();
        let decisions: Vec<Decision> = self
            .watch
            .evaluate(&known, now)
            .into_iter()
            .map(|event| self.decide(event, changed, begun_anew, &receivers))
            .collect();
        let events: Vec<Event> = decisions.iter().map(|decision| decision.event.clone()).collect();
        let recorded = self.book.record(decisions, now).await?;
        let mut deliveries = 0;
        for (event, recorded) in events.iter().zip(recorded) {
            if recorded.changed {
                self.events.recorded(event, recorded.deliveries);
                deliveries += recorded.deliveries;
            }
        }
        let open = self.book.open().await?;
        self.events.open(&open.iter().map(|kept| &kept.alert).collect::<Vec<_>>());
        if deliveries > 0 {
            receivers.iter().for_each(|served| served.bell.notify_one());
        }
        Ok(())
    }

    /// Who is to hear of an event.
    fn decide(
        &self,
        event: Event,
        changed: Option<&Changed>,
        begun_anew: bool,
        receivers: &[Served],
    ) -> Decision {
        let alert = event.alert();
        let services = self.described(alert);
        let by_backfill = changed.is_some_and(|changed| {
            changed.backfilled && alert.services().iter().all(|id| changed.services.contains(id))
        });
        let takes = |served: &&Served| match event {
            Event::Resolved(_) => served.settings.resolved,
            _ => served.settings.route.takes(alert, &services),
        };
        let audience = match event {
            Event::Raised(_) | Event::Worsened(_) if by_backfill => Audience::Nobody,
            // People were told before the state was lost, as far as anybody knows.
            Event::Raised(_) | Event::Worsened(_) if begun_anew => Audience::Receivers(BTreeSet::new()),
            _ => Audience::Receivers(
                receivers.iter().filter(takes).map(|served| served.settings.name.clone()).collect(),
            ),
        };
        Decision { event, services, audience }
    }

    fn described(&self, alert: &Alert) -> Vec<ServiceDescription> {
        let snapshot = self.snapshots.current();
        let services = alert.services().iter();
        services
            .filter_map(|id| snapshot.services.get(id).map(|picture| picture.profile.description.clone()))
            .collect()
    }

    fn now(&self) -> Timestamp {
        self.context.clock.now()
    }
}
