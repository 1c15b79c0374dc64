//! The daemon: everything built, then everything run until it is told to stop.

use std::pin::pin;
use std::sync::Arc;

use collectors::http::{self, Backoff, Http};
use collectors::{Clock, CollectError, Context, MachineRandomness, NoQuotaMeter, SystemClock};
use kpi::calculate::KpiState;
use kpi::{Kpi, PeriodKind};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::alerts::alerting::{Alerting, Changed};
use crate::alerts::deliver;
use crate::alerts::state::AlertBook;
use crate::alerts::watcher::Watcher;
use crate::config::{ConfigProblems, Settings};
use crate::metrics::{Metrics, ProcessMetrics};
use crate::run::{
    Ask, Events, OnStored, PushDoor, RunState, Runner, Scheduler, ServiceBook, StateError, Stopped,
};
use crate::snapshot::Snapshots;
use crate::state::{RecoverError, recover_cursors};
use crate::store::mirror::{Mirror, MirrorEvents, MirrorFeed};
use crate::store::{MeteredStore, Store, StoreError, StoreMeter};
use crate::web::{self, Readiness, Shared};

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be read.
    #[error("cannot read the figures")]
    Store(#[from] StoreError),
    /// The state of runs cannot be written.
    #[error("cannot recover the state of runs")]
    State(#[from] StateError),
    /// The web server cannot listen there.
    #[error("cannot listen on {address}; another program may be using it: set web.listen to a free port")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A metric is declared wrongly.
    #[error("cannot prepare the metrics")]
    Metrics(#[from] prometheus::Error),
    /// The HTTP client cannot be made.
    #[error("cannot prepare the HTTP client")]
    Http(#[from] CollectError),
}

impl From<RecoverError> for StartError {
    fn from(error: RecoverError) -> Self {
        match error {
            RecoverError::Store(error) => Self::Store(error),
            RecoverError::State(error) => Self::State(error),
        }
    }
}

/// What a daemon keeps figures and runs in.
#[derive(Clone)]
pub struct Keeping {
    /// Figures.
    pub store: Arc<dyn Store>,
    /// Runs.
    pub state: Arc<dyn RunState>,
    /// Alerts, and what receivers have still to be told.
    pub alerts: AlertBook,
}

/// A configuration read again while the daemon runs.
pub type Reload = Result<Settings, ConfigProblems>;

/// A daemon that has not started.
pub struct Daemon {
    settings: Settings,
    keeping: Keeping,
    listener: TcpListener,
    shared: Shared,
    /// What was stored, by a run or pushed.
    announce: mpsc::UnboundedSender<Changed>,
    changed: mpsc::UnboundedReceiver<Changed>,
    recovers_cursors: bool,
    mirror: Option<MirrorFeed>,
}

/// The runner of a configuration, for the daemon and for commands that run collectors themselves.
pub fn runner(
    settings: &Settings,
    keeping: &Keeping,
    events: Events,
    on_stored: OnStored,
) -> Result<Runner, CollectError> {
    runner_on(Arc::new(SystemClock), settings, keeping, events, on_stored)
}

/// The same on another clock, by which it plans, waits and asks.
pub fn runner_on(
    clock: Arc<dyn Clock>,
    settings: &Settings,
    keeping: &Keeping,
    events: Events,
    on_stored: OnStored,
) -> Result<Runner, CollectError> {
    let http = Http::new(http::client()?, Arc::clone(&clock), Arc::new(MachineRandomness));
    Ok(Runner {
        store: Arc::clone(&keeping.store),
        state: Arc::clone(&keeping.state),
        context: Context { clock, http, bookmark: None, quota: Arc::new(NoQuotaMeter) },
        book: Arc::new(ServiceBook::new(&settings.services)),
        events,
        randomness: Arc::new(MachineRandomness),
        backoff: Backoff::default(),
        on_stored,
    })
}

impl Daemon {
    /// Binds the address and prepares everything; nothing is collected or answered yet.
    pub async fn build(settings: Settings, keeping: Keeping) -> Result<Self, StartError> {
        Self::build_on(Arc::new(SystemClock), settings, keeping).await
    }

    /// The same on another clock.
    pub async fn build_on(
        clock: Arc<dyn Clock>,
        settings: Settings,
        keeping: Keeping,
    ) -> Result<Self, StartError> {
        let address = settings.web.listen;
        let listener =
            TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })?;
        let snapshots =
            Arc::new(Snapshots::new(Arc::clone(&keeping.store), settings.own_services(), Arc::clone(&clock)));
        let metrics = Metrics::new(Arc::clone(&snapshots), settings.metrics.keep_periods)?;
        let name = settings.store.name();
        metrics.store.store_known(name);
        let meter: Arc<dyn StoreMeter> = Arc::clone(&metrics.store) as _;
        let store: Arc<dyn Store> = Arc::new(MeteredStore::new(keeping.store, name, meter));
        let keeping = Keeping { store, ..keeping };
        let (announce, changed) = mpsc::unbounded_channel();
        let push = PushDoor::new(
            &settings,
            Arc::clone(&keeping.store),
            Arc::clone(&clock),
            Events::new(Arc::clone(&metrics.process) as _),
            on_stored(announce.clone()),
        );
        let shared = Shared {
            snapshots,
            store: Arc::clone(&keeping.store),
            metrics,
            readiness: Arc::new(Readiness::default()),
            alerts: keeping.alerts.clone(),
            push: Arc::new(push),
            clock,
        };
        let (recovers_cursors, mirror) = (false, None);
        Ok(Self { settings, keeping, listener, shared, announce, changed, recovers_cursors, mirror })
    }

    /// The same, which keeps another store like its own for as long as it runs.
    #[must_use]
    pub fn mirroring(self, mirror: MirrorFeed) -> Self {
        Self { mirror: Some(mirror), ..self }
    }

    /// The same, which first recovers from the store what the state of runs has lost.
    #[must_use]
    pub fn recovering_cursors(self) -> Self {
        Self { recovers_cursors: true, ..self }
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.listener.local_addr()
    }

    /// Runs until `shutdown` is cancelled: collectors first come to an end, then the web server. Each
    /// good configuration that comes over `reloads` takes the place of the one before.
    pub async fn run(
        self,
        shutdown: CancellationToken,
        mut reloads: mpsc::Receiver<Reload>,
    ) -> Result<Stopped, StartError> {
        let Self { mut settings, keeping, listener, shared, announce, changed, recovers_cursors, mirror } =
            self;
        let web_stop = CancellationToken::new();
        if let Ok(address) = listener.local_addr() {
            tracing::info!(
                address = format!("http://{address}"),
                collectors = settings.collectors.len(),
                services = settings.services.len(),
                shard = settings.shard.map(tracing::field::display),
                "listening; see / for what there is"
            );
        }
        let server = tokio::spawn(web::serve(listener, shared.clone(), web_stop.clone().cancelled_owned()));
        if let Some(mirror) = mirror {
            // Nothing waits for it, not even the end: what it is then sent it is sent again at the next start.
            tokio::spawn(begin_mirror(mirror, &shared).await?.run(shutdown.clone()));
        }
        let snapshots = Arc::clone(&shared.snapshots);
        let ready = tokio::select! {
            ready = first_picture(&settings, &keeping, &shared, recovers_cursors) => ready.map(|()| true),
            () = shutdown.cancelled() => Ok(false),
        };
        if !ready? {
            web_stop.cancel();
            drop(server.await);
            return Ok(Stopped::default());
        }
        shared.readiness.set_ready();
        say_what_is_shown(&snapshots);
        let writing = tokio::spawn(shared.metrics.clone().keep_written(Arc::clone(&shared.clock)));
        let (pass_on, rebuilt) = mpsc::unbounded_channel();
        let rebuilding = tokio::spawn(rebuild_as_figures_come(Arc::clone(&snapshots), changed, pass_on));
        let alerting = alerting(&keeping, &shared)?;
        let mut couriers = alerting.serve(&settings).await;
        let watching = tokio::spawn(alerting.clone().run(rebuilt));
        let stopped = loop {
            let round = shutdown.child_token();
            let scheduler = scheduler(&settings, &keeping, &shared, announce.clone())?;
            let mut running = pin!(scheduler.run(round.clone()));
            let next = tokio::select! {
                stopped = &mut running => break stopped,
                next = next_settings(&settings, &mut reloads, &shared.metrics.process) => next,
            };
            round.cancel();
            running.await;
            for gone in &settings.collectors {
                if !next.collectors.iter().any(|collector| collector.name == gone.name) {
                    shared.metrics.process.collector_gone(&gone.name);
                }
            }
            settings = next;
            snapshots.configure(settings.own_services());
            shared.push.configure(&settings);
            shared.metrics.keep_periods(settings.metrics.keep_periods);
            if let Err(error) = snapshots.rebuild_all().await {
                say_unreadable(&error);
            }
            couriers.stop(&*shared.clock, settings.run.stop_grace).await;
            couriers = alerting.serve(&settings).await;
            alerting.look_and_act(None).await;
        };
        // The runs have ended, so the last change has been sent.
        rebuilding.abort();
        // What has changed and is not judged yet is judged at the next start.
        watching.abort();
        couriers.stop(&*shared.clock, settings.run.stop_grace).await;
        writing.abort();
        web_stop.cancel();
        if let Ok(Err(error)) = server.await {
            tracing::warn!(%error, "the web server ended badly");
        }
        Ok(stopped)
    }
}

async fn begin_mirror(mirror: MirrorFeed, shared: &Shared) -> Result<Mirror, StoreError> {
    let MirrorFeed { source, target, name } = mirror;
    tracing::info!(mirror = name, "figures are mirrored");
    let events = MirrorEvents::new(Arc::clone(&shared.metrics.process) as _);
    let randomness = Arc::new(MachineRandomness);
    Mirror::begin(source, target, &name, Arc::clone(&shared.clock), randomness, events).await
}

/// Reads everything for the first time. A store that is out is asked again until it is back: until then
/// `/readyz` says so, and nothing is collected, since nothing could be kept.
async fn first_picture(
    settings: &Settings,
    keeping: &Keeping,
    shared: &Shared,
    recovers_cursors: bool,
) -> Result<(), StartError> {
    let backoff = Backoff::default();
    let mut failures = 0;
    loop {
        let error = match read_all(settings, keeping, shared, recovers_cursors).await {
            Err(StartError::Store(error @ StoreError::Unavailable { .. })) => error,
            outcome => return outcome,
        };
        failures += 1;
        let wait = backoff.wait(failures, None, &MachineRandomness);
        tracing::warn!(%error, wait_seconds = wait.as_secs_f64(), "the store cannot be read yet, asking again");
        shared.readiness.set_waiting(error.to_string());
        shared.clock.sleep(wait).await;
    }
}

async fn read_all(
    settings: &Settings,
    keeping: &Keeping,
    shared: &Shared,
    recovers_cursors: bool,
) -> Result<(), StartError> {
    if recovers_cursors {
        recover_cursors(keeping.state.as_ref(), keeping.store.as_ref(), &settings.collectors).await?;
    }
    Ok(shared.snapshots.rebuild_all().await?)
}

fn on_stored(announce: mpsc::UnboundedSender<Changed>) -> OnStored {
    Arc::new(move |services, ask| {
        // Nobody listens only once the daemon has stopped.
        let _ = announce.send(Changed { services, backfilled: ask == Ask::Backfill });
    })
}

fn scheduler(
    settings: &Settings,
    keeping: &Keeping,
    shared: &Shared,
    announce: mpsc::UnboundedSender<Changed>,
) -> Result<Scheduler, StartError> {
    let process = &shared.metrics.process;
    for collector in &settings.own_collectors() {
        process.collector_known(&collector.name, collector.schedule.longest_gap());
    }
    process.config_loaded(shared.clock.now());
    let meter = Arc::clone(process);
    let clock = Arc::clone(&shared.clock);
    let runner = runner_on(clock, settings, keeping, Events::new(meter), on_stored(announce))?;
    let (scheduler, _triggers) = Scheduler::build(settings.own_collectors(), &settings.run, runner);
    Ok(scheduler)
}

/// Waits for a configuration that may take the place of the present one. One with an error in it, or
/// that only a restart could carry out, leaves the present one running and is said and shown.
async fn next_settings(
    present: &Settings,
    reloads: &mut mpsc::Receiver<Reload>,
    process: &ProcessMetrics,
) -> Settings {
    loop {
        match reloads.recv().await {
            Some(Ok(next)) if needs_restart(present, &next) => {
                process.config_refused();
                tracing::error!(
                    "data_dir, shard, store, web.listen and log change only by a restart, the configuration before goes on"
                );
            }
            Some(Ok(next)) => {
                tracing::info!(
                    collectors = next.collectors.len(),
                    services = next.services.len(),
                    "configuration loaded anew"
                );
                return next;
            }
            Some(Err(problems)) => {
                process.config_refused();
                for problem in problems.problems() {
                    tracing::error!(%problem, "configuration refused, the one before goes on");
                }
            }
            // Nobody reloads any more.
            None => std::future::pending().await,
        }
    }
}

fn needs_restart(present: &Settings, next: &Settings) -> bool {
    next.data_dir != present.data_dir
        || next.shard != present.shard
        || next.store != present.store
        || next.web.listen != present.web.listen
        || next.log != present.log
}

/// Rebuilds what changed, several changes at once where they come faster than pictures are made.
async fn rebuild_as_figures_come(
    snapshots: Arc<Snapshots>,
    mut stored: mpsc::UnboundedReceiver<Changed>,
    pass_on: mpsc::UnboundedSender<Changed>,
) {
    while let Some(first) = stored.recv().await {
        let mut changes = vec![first];
        while let Ok(more) = stored.try_recv() {
            changes.push(more);
        }
        let services = changes.iter().flat_map(|change| &change.services).cloned().collect();
        match snapshots.rebuild(&services).await {
            Ok(()) => say_what_is_shown(&snapshots),
            Err(error) => say_unreadable(&error),
        }
        for change in together(changes) {
            // Nobody listens only once the daemon has stopped.
            let _ = pass_on.send(change);
        }
    }
}

/// Changes in a row as one, but those of a backfill apart: what it brings up is told to nobody.
fn together(changes: Vec<Changed>) -> Vec<Changed> {
    let mut joined: Vec<Changed> = Vec::new();
    for change in changes {
        match joined.last_mut() {
            Some(last) if last.backfilled == change.backfilled => last.services.extend(change.services),
            _ => joined.push(change),
        }
    }
    joined
}

fn alerting(keeping: &Keeping, shared: &Shared) -> Result<Alerting, StartError> {
    let clock = Arc::clone(&shared.clock);
    let http = Http::new(http::client()?, Arc::clone(&clock), Arc::new(MachineRandomness));
    Ok(Alerting {
        watch: Arc::new(Watcher::new(
            Arc::clone(&keeping.store),
            Arc::clone(&shared.snapshots),
            Arc::clone(&shared.metrics.outlooks) as _,
        )),
        book: keeping.alerts.clone(),
        snapshots: Arc::clone(&shared.snapshots),
        context: deliver::Context { http, clock },
        events: deliver::DeliveryEvents::new(shared.metrics.alerts.clone()),
        receivers: Arc::default(),
    })
}

/// The picture before stays, with its date; the next change or restart reads all that is missing.
fn say_unreadable(error: &StoreError) {
    tracing::warn!(%error, "the store cannot be read, the figures shown stay as they are");
}

/// How many services have each KPI, in any period: what is missing is seen at once.
fn say_what_is_shown(snapshots: &Snapshots) {
    let snapshot = snapshots.current();
    let with = |kpi: Kpi, wanted: fn(&KpiState) -> bool| {
        let has = |kind: &PeriodKind, picture: &crate::snapshot::ServicePicture| {
            picture.current.get(&(kpi, *kind)).is_some_and(|current| wanted(&current.figure.state))
        };
        snapshot
            .services
            .values()
            .filter(|picture| crate::snapshot::SHOWN.iter().any(|kind| has(kind, picture)))
            .count()
    };
    let known = |kpi| with(kpi, |state| state.known().is_some());
    let held_back: usize =
        Kpi::ALL.into_iter().map(|kpi| with(kpi, |state| matches!(state, KpiState::HeldBack(_)))).sum();
    tracing::info!(
        services = snapshot.services.len(),
        with_transactions = known(Kpi::Transactions),
        with_digital_takeup = known(Kpi::DigitalTakeup),
        with_completion_rate = known(Kpi::CompletionRate),
        with_cost_per_transaction = known(Kpi::CostPerTransaction),
        with_user_satisfaction = known(Kpi::UserSatisfaction),
        kpis_held_back = held_back,
        "figures shown at /metrics and /api/v1/services; a service is counted where the KPI is known"
    );
}
