//! `probe`: asks every source whether it answers and lets us in.

use std::io::Write;

use clap::Args;
use futures::stream::{self, StreamExt as _};
use kpi::CollectorName;

use super::collect::named;
use super::error::CommandError;
use super::{Environment, stop};
use crate::run::Failure;

/// Ask the sources of collectors whether they answer and accept the credentials. Nothing is stored.
#[derive(Debug, Args)]
pub(super) struct Probe {
    /// Collectors by name; every collector where none is named.
    #[arg(value_name = "NAME")]
    names: Vec<CollectorName>,
}

pub(super) async fn run(command: Probe, environment: &Environment) -> Result<(), CommandError> {
    let stop = stop::on_signal()?;
    let settings = environment.settings()?;
    let collectors = named(&settings, &command.names)?;
    let keeping = super::nothing_kept()?;
    let runner = super::runner(&settings, &keeping)?;
    // Several at once, because a source that does not answer takes its collector's whole deadline.
    let mut probes = stream::iter(&collectors)
        .map(async |collector| (collector, runner.probe(collector).await))
        .buffered(settings.run.concurrency.max(1));
    let mut failed = 0;
    loop {
        let next = tokio::select! {
            biased;
            () = stop.cancelled() => {
                return Err(CommandError::Failed("stopped before every source had answered".to_owned()));
            }
            next = probes.next() => next,
        };
        let Some((collector, answer)) = next else { break };
        failed += usize::from(answer.is_err());
        let text = match answer {
            Ok(report) => shown(&collector.name, &report.lines),
            Err(failure) => refused(&collector.name, &failure),
        };
        std::io::stdout()
            .write_all(text.as_bytes())
            .map_err(|error| CommandError::caused("cannot write the answers", error))?;
    }
    if failed > 0 {
        return Err(CommandError::Failed(format!("{failed} of {} collectors failed", collectors.len())));
    }
    Ok(())
}

/// On the same stream as what is good, so that each stands under its name.
fn refused(name: &CollectorName, failure: &Failure) -> String {
    let mut lines = vec![format!("failed ({}): {}", failure.reason, failure.message)];
    lines.extend(failure.details.iter().map(|detail| format!("  {detail}")));
    shown(name, &lines)
}

fn shown(name: &CollectorName, lines: &[String]) -> String {
    let mut text = format!("{name}\n");
    for line in lines {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
    text
}
