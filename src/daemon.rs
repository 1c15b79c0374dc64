//! The daemon: everything built, then everything run until it is told to stop.

use std::collections::BTreeSet;
use std::sync::Arc;

use collectors::{Clock, Context, SystemClock};
use kpi::ServiceId;
use kpi::calculate::KpiState;
use kpi::{Kpi, PeriodKind};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::metrics::Metrics;
use crate::run::{
    Backoff, Events, MachineRandomness, OnStored, RunState, Runner, Scheduler, ServiceBook, Stopped,
};
use crate::snapshot::Snapshots;
use crate::store::{Store, StoreError};
use crate::web::{self, Readiness, Shared};

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be read.
    #[error("cannot read the figures")]
    Store(#[from] StoreError),
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
    Http(#[from] reqwest::Error),
}

/// What a daemon keeps figures and runs in.
#[derive(Clone)]
pub struct Keeping {
    /// Figures.
    pub store: Arc<dyn Store>,
    /// Runs.
    pub state: Arc<dyn RunState>,
}

/// A daemon that has not started.
pub struct Daemon {
    settings: Settings,
    listener: TcpListener,
    shared: Shared,
    scheduler: Scheduler,
    changed: mpsc::UnboundedReceiver<BTreeSet<ServiceId>>,
}

/// The runner of a configuration, for the daemon and for commands that run collectors themselves.
pub fn runner(
    settings: &Settings,
    keeping: &Keeping,
    events: Events,
    on_stored: OnStored,
) -> Result<Runner, reqwest::Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(Runner {
        store: Arc::clone(&keeping.store),
        state: Arc::clone(&keeping.state),
        context: Context { clock, http: http_client()?, bookmark: None },
        book: Arc::new(ServiceBook::new(&settings.services)),
        events,
        randomness: Arc::new(MachineRandomness),
        backoff: Backoff::default(),
        on_stored,
    })
}

fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("pp-collector/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(std::time::Duration::from_secs(10))
        .build()
}

impl Daemon {
    /// Binds the address and prepares everything; nothing is collected or answered yet.
    pub async fn build(settings: Settings, keeping: &Keeping) -> Result<Self, StartError> {
        let address = settings.web.listen;
        let listener =
            TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let snapshots = Arc::new(Snapshots::new(
            Arc::clone(&keeping.store),
            settings.services.clone(),
            Arc::clone(&clock),
        ));
        let metrics = Metrics::new(Arc::clone(&snapshots), settings.metrics.keep_periods)?;
        for collector in &settings.collectors {
            metrics.process.collector_known(&collector.name, collector.schedule.longest_gap());
        }
        metrics.process.config_loaded(clock.now());
        let (announce, changed) = mpsc::unbounded_channel();
        let on_stored: OnStored = Arc::new(move |services| {
            // Nobody listens only once the daemon has stopped.
            let _ = announce.send(services);
        });
        let process = Arc::clone(&metrics.process);
        let runner = runner(&settings, keeping, Events::new(process), on_stored)?;
        let (scheduler, _triggers) = Scheduler::build(settings.collectors.clone(), &settings.run, runner);
        let shared = Shared {
            snapshots,
            store: Arc::clone(&keeping.store),
            services: Arc::new(settings.services.clone()),
            metrics,
            readiness: Arc::new(Readiness::default()),
            clock,
        };
        Ok(Self { settings, listener, shared, scheduler, changed })
    }

    /// Runs until `shutdown` is cancelled: collectors first come to an end, then the web server.
    pub async fn run(self, shutdown: CancellationToken) -> Result<Stopped, StartError> {
        let Self { settings, listener, shared, scheduler, changed } = self;
        let web_stop = CancellationToken::new();
        let snapshots = Arc::clone(&shared.snapshots);
        if let Ok(address) = listener.local_addr() {
            tracing::info!(
                address = format!("http://{address}"),
                collectors = settings.collectors.len(),
                services = settings.services.len(),
                "listening; see / for what there is"
            );
        }
        let readiness = Arc::clone(&shared.readiness);
        let server = tokio::spawn(web::serve(listener, shared, web_stop.clone().cancelled_owned()));
        snapshots.rebuild_all().await?;
        readiness.set_ready();
        say_what_is_shown(&snapshots);
        let rebuilding = tokio::spawn(rebuild_as_figures_come(Arc::clone(&snapshots), changed));
        let stopped = scheduler.run(shutdown).await;
        // The runs have ended, so the last change has been sent.
        rebuilding.abort();
        web_stop.cancel();
        if let Ok(Err(error)) = server.await {
            tracing::warn!(%error, "the web server ended badly");
        }
        Ok(stopped)
    }
}

/// Rebuilds what changed, several changes at once where they come faster than pictures are made.
async fn rebuild_as_figures_come(
    snapshots: Arc<Snapshots>,
    mut changed: mpsc::UnboundedReceiver<BTreeSet<ServiceId>>,
) {
    while let Some(mut services) = changed.recv().await {
        while let Ok(more) = changed.try_recv() {
            services.extend(more);
        }
        match snapshots.rebuild(&services).await {
            Ok(()) => say_what_is_shown(&snapshots),
            // The picture before stays, with its date; the next change or restart reads all that is missing.
            Err(error) => {
                tracing::warn!(%error, "the store cannot be read, the figures shown stay as they are");
            }
        }
    }
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
