//! Sources, a store and a clock: everything between a service and its figures but the daemon's web pages.

use std::sync::Arc;
use std::time::Duration;

use collectors::clock::ManualClock;
use collectors::http::{Backoff, Http};
use collectors::{Clock as _, Context, MachineRandomness, NoQuotaMeter, kind};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use kpi::period::london;
use kpi::{Channel, CollectorName, Coverage, FigureKey, Measure, Period, PeriodKind, SeriesKey};
use pp_collector::config::settings::{CollectorSettings, PurgeGuard, Run};
use pp_collector::plan::Schedule;
use pp_collector::run::{
    Ask, Events, Meter, RunReport, RunState, Runner, Scheduler, ServiceBook, Stopped, Trigger,
};
use pp_collector::state::StateDb;
use pp_collector::store::{EmbeddedStore, Query, Store as _, StoredPoint};
use simulator::ga4::{FIRST_PROPERTY, STARTED, SUBMITTED, service_account_key};
use simulator::{Running, Simulator, Source, World, matomo};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Services of the stand-ins by their number there, from 0.
pub(crate) const SERVICES: [&str; 7] = [
    "apply-juggling-licence",
    "file-tree-return",
    "register-lighthouse",
    "renew-kite-permit",
    "report-lost-anchor",
    "book-canal-mooring",
    "claim-winter-coal",
];
/// The service its Matomo counts in these tests: its owner restates 17 November on the 21st.
pub(crate) const MOORING: &str = SERVICES[5];
pub(crate) const JUGGLING: &str = SERVICES[0];

pub(crate) const DAY: Duration = Duration::from_hours(24);

/// What a daemon keeps between starts.
pub(crate) struct Kept {
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) state: Arc<StateDb>,
}

pub(crate) struct Land {
    /// A sleep on it passes at once, and takes the time it takes.
    pub(crate) clock: ManualClock,
    pub(crate) sources: Running,
    pub(crate) kept: Kept,
    pub(crate) told: Arc<Told>,
    http: Http,
    disk: TempDir,
}

/// What runs told, in order, to wait for.
pub(crate) struct Told {
    pub(crate) reports: watch::Sender<Vec<RunReport>>,
    pub(crate) missing: watch::Sender<Vec<usize>>,
}

impl Meter for Told {
    fn run_finished(&self, report: &RunReport) {
        self.reports.send_modify(|reports| reports.push(report.clone()));
    }

    fn periods_missing(&self, _: &CollectorName, count: Option<usize>) {
        self.missing.send_modify(|missing| missing.extend(count));
    }
}

impl Told {
    /// Returns once the last report is one that is wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&[RunReport]) -> bool) -> Vec<RunReport> {
        self.reports.subscribe().wait_for(|reports| wanted(reports)).await.unwrap().clone()
    }
}

impl Kept {
    fn open(disk: &TempDir, now: Timestamp) -> Self {
        let store = Arc::new(EmbeddedStore::open(disk.path()).unwrap());
        Self { store, state: Arc::new(StateDb::open(disk.path(), now).unwrap().state) }
    }
}

impl Land {
    pub(crate) async fn at(now: &str) -> Self {
        let clock = ManualClock::new(now.parse().unwrap()).skipping_sleeps();
        let time = clock.clone();
        let world = World::demo(1, jiff::civil::date(2026, 11, 23), Arc::new(move || time.now()));
        let sources = Simulator::build(world).start().await.unwrap();
        let disk = tempfile::tempdir().unwrap();
        let key = service_account_key(sources.address(Source::Ga4)).to_string();
        std::fs::write(disk.path().join("key.json"), key).unwrap();
        std::fs::write(disk.path().join("token"), matomo::TOKEN).unwrap();
        let client = collectors::http::client().unwrap();
        let http = Http::new(client, Arc::new(clock.clone()), Arc::new(MachineRandomness));
        let kept = Kept::open(&disk, clock.now());
        let told = Arc::new(Told { reports: watch::Sender::default(), missing: watch::Sender::default() });
        Self { clock, sources, kept, told, http, disk }
    }

    /// Nothing is left of the process but its files.
    pub(crate) fn restarted(self) -> Self {
        let Self { clock, sources, kept, told, http, disk } = self;
        drop(kept);
        let kept = Kept::open(&disk, clock.now());
        Self { clock, sources, kept, told, http, disk }
    }

    /// What Google Analytics counts of a service by its number.
    pub(crate) fn ga4(&self, name: &str, number: usize) -> CollectorSettings {
        let (key, api) =
            (self.disk.path().join("key.json").display().to_string(), self.sources.address(Source::Ga4));
        let (property, service) = (FIRST_PROPERTY + number as u64, SERVICES[number]);
        let table = format!(
            "key = {{ file = \"{key}\" }}\napi = {api:?}\nproperty = {property}\nabsent = \"zero\"\n\
             [services.{service}]\nstarted = {STARTED:?}\ncompleted = {SUBMITTED:?}\n"
        );
        settings(name, "ga4", &table)
    }

    /// What Matomo counts of the moorings, of all users or of those who consented.
    pub(crate) fn matomo(&self, name: &str, coverage: Coverage) -> CollectorSettings {
        let (token, url) =
            (self.disk.path().join("token").display().to_string(), self.sources.address(Source::Matomo));
        let table = format!(
            "url = \"{url}/\"\ntoken = {{ file = \"{token}\" }}\nabsent = \"zero\"\ncoverage = \"{coverage}\"\n\
             [services.{MOORING}]\nsite = 6\n\
             started = {{ goal = 1 }}\ncompleted = {{ goal = 2 }}\n"
        );
        settings(name, "matomo", &table)
    }

    pub(crate) fn runner(&self) -> Runner {
        let state: Arc<dyn RunState> = self.kept.state.clone();
        Runner {
            store: self.kept.store.clone(),
            state,
            context: Context {
                clock: Arc::new(self.clock.clone()),
                http: self.http.clone(),
                bookmark: None,
                quota: Arc::new(NoQuotaMeter),
            },
            book: Arc::new(ServiceBook::new(&[])),
            events: Events::new(self.told.clone()),
            randomness: Arc::new(MachineRandomness),
            backoff: Backoff::default(),
            on_stored: Arc::new(|_, _| {}),
        }
    }

    /// Runs every collector at the same time, as the scheduler does at six in the morning.
    pub(crate) async fn morning(&self, collectors: &[CollectorSettings]) -> Vec<RunReport> {
        let (runner, stop) = (self.runner(), CancellationToken::new());
        let runs = collectors.iter().map(|one| runner.run(one, Trigger::Schedule, &Ask::Due, &stop));
        futures::future::join_all(runs).await
    }

    /// Moves the clock to an instant that has not come yet.
    pub(crate) fn go_to(&self, then: Timestamp) {
        let left = then.duration_since(self.clock.now()).max(SignedDuration::ZERO);
        self.clock.advance(left.unsigned_abs());
    }

    /// A daemon's scheduler with one collector: with several, the sleep of one would carry time away
    /// under the run of another.
    pub(crate) fn scheduler(&self, collector: CollectorSettings) -> (CancellationToken, JoinHandle<Stopped>) {
        let run = Run { concurrency: 4, stop_grace: Duration::from_secs(30) };
        let (scheduler, _triggers) = Scheduler::build(vec![collector], &run, self.runner());
        let stop = CancellationToken::new();
        (stop.clone(), tokio::spawn(scheduler.run(stop)))
    }

    /// The days stored of a service's series, in order.
    pub(crate) async fn days(&self, service: &str, measure: Measure) -> Vec<Date> {
        let query = Query {
            services: Some(vec![service.parse().unwrap()]),
            measures: Some(vec![measure]),
            ..Query::default()
        };
        let series = self.kept.store.series(&query).await.unwrap();
        assert_eq!(series.len(), 1, "{series:#?}");
        series[0].points.iter().map(|stored| stored.point.period.start_date()).collect()
    }

    /// Every value a day's completed transactions had, oldest first.
    pub(crate) async fn history(&self, service: &str, day: Date) -> Vec<StoredPoint> {
        let series = SeriesKey {
            service: service.parse().unwrap(),
            measure: Measure::Completed,
            channel: Channel::Digital,
            coverage: Coverage::Consented,
            period_kind: PeriodKind::Day,
        };
        let period = Period::starting(PeriodKind::Day, day).unwrap();
        self.kept.store.revisions(&FigureKey { series, period }).await.unwrap()
    }

    /// Fails unless both series of a service have every day from the first to the second.
    pub(crate) async fn assert_no_day_missing(&self, service: &str, first: Date, last: Date) {
        let expected: Vec<Date> = first.series(1.day()).take_while(|day| *day <= last).collect();
        for measure in [Measure::Started, Measure::Completed] {
            assert_eq!(self.days(service, measure).await, expected, "{service}, {measure}");
        }
    }
}

fn settings(name: &str, of_kind: &str, table: &str) -> CollectorSettings {
    let kind = kind(of_kind).unwrap();
    let table: toml::Table = table.parse().unwrap();
    CollectorSettings {
        name: name.parse().unwrap(),
        adopts: Vec::new(),
        kind,
        schedule: Schedule::parse("0 6 * * *", london()).unwrap(),
        jitter: Duration::ZERO,
        deadline: Duration::from_hours(2),
        retries: 3,
        start: None,
        look_back: None,
        purge_guard: PurgeGuard::of_kind(kind),
        collector: (kind.build)(&table).unwrap_or_else(|problems| panic!("{problems:#?}")),
    }
}
