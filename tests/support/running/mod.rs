//! A world for runs: a clock moved by hand, a store in memory, collectors that do as they are told.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test file uses a part of this one")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "helpers of tests, where a panic is the verdict"
)]

mod clock;
mod fakes;
mod store;

pub use clock::{ManualClock, settle};
pub use fakes::{Deed, Fake, figures, windows};
pub use store::FakeStore;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use collectors::http::{Backoff, Http};
use collectors::{Clock as _, Collector, Context, Kind, NoQuotaMeter, Randomness};
use jiff::Timestamp;
use kpi::period::london;
use kpi::{CollectorName, Period, PeriodKind, ServiceId};
use pp_collector::config::settings::{CollectorSettings, PurgeGuard, Run};
use pp_collector::plan::Schedule;
use pp_collector::run::{
    Ask, Events, MemoryState, Meter, RunReport, RunState as _, Runner, Scheduler, ServiceBook, Trigger,
};
use tokio_util::sync::CancellationToken;

/// Chance that always takes the longest.
pub struct Longest;

impl Randomness for Longest {
    fn up_to(&self, longest: Duration) -> Duration {
        longest
    }
}

/// What events were counted, in words.
#[derive(Default)]
pub struct Heard(pub Mutex<Vec<String>>);

impl Heard {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Meter for Heard {
    fn run_retried(&self, collector: &CollectorName, reason: collectors::Reason) {
        self.0.lock().unwrap().push(format!("{collector} retried {reason}"));
    }
    fn run_finished(&self, report: &RunReport) {
        let (trigger, outcome) = (report.trigger.as_str(), report.outcome.as_str());
        self.0.lock().unwrap().push(format!("{} {trigger} {outcome}", report.collector));
    }
    fn last_success(&self, collector: &CollectorName, at: Timestamp) {
        self.0.lock().unwrap().push(format!("{collector} had succeeded at {at}"));
    }
    fn trigger_refused(&self, collector: &str) {
        self.0.lock().unwrap().push(format!("{collector} refused"));
    }
}

pub struct World {
    pub clock: Arc<ManualClock>,
    pub store: Arc<FakeStore>,
    pub state: Arc<MemoryState>,
    pub heard: Arc<Heard>,
    /// What the snapshot was told, in order.
    pub rebuilt: Arc<Mutex<Vec<BTreeSet<ServiceId>>>>,
}

pub const KIND: Kind = Kind {
    name: "fake",
    summary: "does as it is told",
    reasons: &[],
    purge_guard_days: None,
    build: |_| Err(Vec::new()),
};

impl World {
    pub fn at(now: &str) -> Self {
        Self {
            clock: Arc::new(ManualClock::at(now.parse().unwrap())),
            store: Arc::default(),
            state: Arc::default(),
            heard: Arc::default(),
            rebuilt: Arc::default(),
        }
    }

    pub fn runner(&self) -> Runner {
        // The client wants a crypto provider even where it makes no request; installing it again fails.
        let rebuilt = Arc::clone(&self.rebuilt);
        Runner {
            store: self.store.clone(),
            state: self.state.clone(),
            context: Context {
                clock: self.clock.clone(),
                http: Http::system().unwrap(),
                bookmark: None,
                quota: Arc::new(NoQuotaMeter),
            },
            book: Arc::new(ServiceBook::new(&[])),
            events: Events::new(self.heard.clone()),
            randomness: Arc::new(Longest),
            backoff: Backoff::default(),
            on_stored: Arc::new(move |services, _| rebuilt.lock().unwrap().push(services)),
        }
    }

    /// Runs once; time passes only where everything waits for it.
    pub async fn run(&self, settings: &CollectorSettings, ask: Ask) -> RunReport {
        let (runner, stop) = (self.runner(), CancellationToken::new());
        let trigger = if ask == Ask::Due { Trigger::Schedule } else { Trigger::by_hand(&ask) };
        self.clock.drive(runner.run(settings, trigger, &ask, &stop)).await
    }

    pub fn scheduler(
        &self,
        collectors: Vec<CollectorSettings>,
        concurrency: usize,
    ) -> (Scheduler, pp_collector::run::Triggers) {
        let run = Run { concurrency, stop_grace: Duration::from_secs(30) };
        Scheduler::build(collectors, &run, self.runner())
    }

    pub async fn cursor(&self, settings: &CollectorSettings) -> Option<Period> {
        self.state.cursor(&settings.name).await.unwrap()
    }

    pub fn move_to(&self, now: &str) {
        let now: Timestamp = now.parse().unwrap();
        self.clock.advance(now.duration_since(self.clock.now()).try_into().unwrap());
    }
}

/// A collector that runs daily at 06:00 in London.
pub fn settings(name: &str, collector: Arc<dyn Collector>) -> CollectorSettings {
    CollectorSettings {
        name: name.parse().unwrap(),
        adopts: Vec::new(),
        kind: &KIND,
        schedule: Schedule::parse("0 6 * * *", london()).unwrap(),
        jitter: Duration::ZERO,
        deadline: Duration::from_mins(5),
        retries: 3,
        start: None,
        look_back: None,
        purge_guard: PurgeGuard::Off,
        collector,
    }
}

pub fn day(text: &str) -> Period {
    Period::starting(PeriodKind::Day, text.parse().unwrap()).unwrap()
}
