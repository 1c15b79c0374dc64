//! `demo`: everything at once, on this machine, without a set-up.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use collectors::{Clock, SystemClock};
use indicatif::ProgressBar;
use jiff::civil::Date;
use kpi::{CollectorName, Kpi, PeriodKind};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::collect::say_failure;
use super::error::CommandError;
use super::{Environment, logging, progress, stop, table};
use crate::config::Settings;
use crate::daemon::{self, Daemon, Keeping};
use crate::demo::{self, DemoClock, Folder, Watcher};
use crate::report::{self, By, Request, Wanted};
use crate::run::{Counts, Events, NullMeter, RunReport};

/// A line for whoever reads. That nobody does is no reason to stop: the addresses answer all the same.
macro_rules! line {
    ($($text:tt)*) => {{
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// Show what the program does, without any set-up: six made-up services, stand-ins for the sources they
/// have, 13 months of history, and then a day every few seconds.
///
/// Everything stays on this machine. What it writes is in the folder demo of the data directory; a second
/// start goes on from there, and removing the folder begins anew.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Port to answer on; 0 takes a free one. 9480 unless set.
    #[arg(long)]
    port: Option<u16>,
    /// Gather history, print the KPIs of the newest month, and end.
    #[arg(long)]
    once: bool,
    /// Seconds a day lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=86400))]
    day_seconds: u32,
    /// Day the demonstration begins on; today unless set.
    #[arg(long, value_name = "DATE")]
    anchor: Option<Date>,
    /// Number that the volumes of the services follow from. 1 unless set.
    #[arg(long)]
    seed: Option<u64>,
    /// Folder in which it makes its own folder, demo.
    #[arg(long, value_name = "DIR", env = "PP_DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
}

pub(super) async fn run(command: Demo, environment: &Environment) -> Result<(), CommandError> {
    let stop = stop::on_signal()?;
    let failed = |error: demo::FolderError| CommandError::caused("cannot prepare the demo", error);
    let today = SystemClock.now().to_zoned(::kpi::period::london()).date();
    let folder = Folder::open(&command.data_dir, command.anchor, command.seed, today).map_err(failed)?;
    let clock = DemoClock::new(folder.story.now);
    let sources = demo::start(&folder.story, &clock)
        .await
        .map_err(|error| CommandError::caused("cannot start the stand-ins for sources", error))?;
    let listen = format!("127.0.0.1:{}", command.port.unwrap_or(9480));
    let file = folder.configure(&sources, &listen).map_err(failed)?;
    let environment = environment.of_demo(file.clone(), command.port.is_some());
    let settings = environment.settings()?;
    let keeping = environment.keeping(&settings).await?;
    line!("configuration: {}", file.display());

    let show = Show { folder, clock, day: Duration::from_secs(command.day_seconds.into()) };
    let done = if command.once {
        show.once(&settings, &keeping, &stop).await
    } else {
        show.go_on(settings, keeping, &stop).await
    };
    sources.stop().await;
    done
}

impl Environment {
    /// The same with another configuration. What the demonstration decides itself is not taken from
    /// variables.
    fn of_demo(&self, file: PathBuf, port_given: bool) -> Self {
        let mut source = self.source.clone();
        source.file = Some(file);
        source.environment.remove("PP_DATA_DIR");
        if port_given {
            source.environment.remove("PP_WEB__LISTEN");
        }
        Self { source }
    }
}

/// A demonstration whose sources answer.
struct Show {
    folder: Folder,
    clock: DemoClock,
    day: Duration,
}

impl Show {
    async fn once(
        &self,
        settings: &Settings,
        keeping: &Keeping,
        stop: &CancellationToken,
    ) -> Result<(), CommandError> {
        self.gather(settings, keeping, stop).await?;
        let request = Request {
            by: By::Service,
            service: None,
            kpis: Kpi::ALL.to_vec(),
            period: Wanted::Newest(PeriodKind::Month),
            known_at: None,
        };
        let rows = report::report(&request, keeping.store.as_ref(), &settings.services, self.clock.now())
            .await
            .map_err(|error| CommandError::caused("cannot read the figures", error))?;
        write!(std::io::stdout(), "\n{}", table::render(&rows))
            .map_err(|error| CommandError::caused("cannot write to standard output", error))
    }

    async fn go_on(
        self,
        settings: Settings,
        keeping: Keeping,
        stop: &CancellationToken,
    ) -> Result<(), CommandError> {
        // Before history is gathered, so that a port that is taken is known at once.
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let daemon = Daemon::build_on(clock, settings.clone(), keeping.clone())
            .await
            .map_err(|error| CommandError::caused("cannot start; --port 0 takes a free port", error))?;
        self.gather(&settings, &keeping, stop).await?;
        if let Ok(address) = daemon.address() {
            say_addresses(&format!("http://{address}"), self.day);
        }
        logging::start(&settings.log)?;
        // Nobody sends a configuration: the demonstration has the one it wrote.
        let (_, reloads) = mpsc::channel(1);
        let time = async {
            if let Err(error) = demo::pass_time(&self.folder, &self.clock, self.day, stop).await {
                tracing::error!(%error, "time stands still from here on");
            }
        };
        let (stopped, ()) = tokio::join!(daemon.run(stop.clone(), reloads), time);
        stopped.map_err(|error| CommandError::caused("cannot run", error))?;
        Ok(())
    }

    async fn gather(
        &self,
        settings: &Settings,
        keeping: &Keeping,
        stop: &CancellationToken,
    ) -> Result<(), CommandError> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let events = Events::new(Arc::new(NullMeter));
        let runner = daemon::runner_on(clock, settings, keeping, events, Arc::new(|_: BTreeSet<_>, _| {}))
            .map_err(|error| CommandError::caused("cannot prepare the HTTP client", error))?;
        let days = (self.folder.first_day(), self.folder.last_day());
        line!("gathering {} to {} from {} sources", days.0, days.1, settings.collectors.len());
        let told = Told { bar: progress::bar(0, "periods") };
        let failed = demo::gather(&settings.collectors, days, &runner, &told, stop)
            .await
            .map_err(|error| CommandError::caused("cannot read the state of runs", error))?;
        told.bar.finish_and_clear();
        if stop.is_cancelled() {
            return Err(CommandError::Failed("interrupted; the same command goes on from here".to_owned()));
        }
        if failed > 0 {
            return Err(CommandError::Failed(format!(
                "{failed} of {} collectors failed",
                settings.collectors.len()
            )));
        }
        Ok(())
    }
}

/// A bar where there is a terminal, and a line for each source.
struct Told {
    bar: ProgressBar,
}

impl Watcher for Told {
    fn awaited(&self, periods: u64) {
        self.bar.inc_length(periods);
    }

    fn gathered(&self, periods: u64) {
        self.bar.inc(periods);
    }

    fn ended(&self, collector: &CollectorName, reports: &[RunReport]) {
        let counts = reports.iter().map(RunReport::counts).fold(Counts::default(), Counts::add);
        let Counts { new, unchanged, revised, .. } = counts;
        self.bar.suspend(|| {
            line!("{collector}: {new} new, {unchanged} unchanged, {revised} revised");
            if let Some(failure) = reports.last().and_then(RunReport::failure) {
                say_failure(collector, failure);
            }
        });
    }
}

fn say_addresses(address: &str, day: Duration) {
    line!("\nOpen, while a day passes every {} seconds:", day.as_secs());
    for (path, what) in [
        ("/api/v1/services", "every service with its newest KPIs"),
        ("/api/v1/kpis?period=month", "the newest month of each service"),
        ("/api/v1/kpis.csv?by=department&period=month", "departments, for a spreadsheet"),
        ("/api/v1/alerts", "what fell, and what has not come"),
        ("/metrics", "for Prometheus"),
    ] {
        line!("  {address}{path:<46} {what}");
    }
    line!("Stop it with Ctrl-C; the same command goes on from there.\n");
}
