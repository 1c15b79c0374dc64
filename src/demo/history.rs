//! Gathering history: the backfill of every collector, then what has come due since.

use futures::future::join_all;
use jiff::civil::Date;
use kpi::CollectorName;
use tokio_util::sync::CancellationToken;

use crate::config::settings::CollectorSettings;
use crate::plan::Backfill;
use crate::run::{Ask, RunReport, RunState, Runner, StateError, Trigger};

/// How history comes along, told as it happens.
pub trait Watcher: Send + Sync {
    /// So many more periods are to be gathered.
    fn awaited(&self, periods: u64);
    /// So many more periods have been gathered.
    fn gathered(&self, periods: u64);
    /// A collector has come to an end, well or not: its runs, the last one last.
    fn ended(&self, collector: &CollectorName, reports: &[RunReport]);
}

/// Lets every collector gather the days from `from` to `to`, and what has come due since. A collector
/// that has done so before is asked for what is due only; one that was interrupted goes on.
///
/// Says how many failed.
pub async fn gather(
    collectors: &[CollectorSettings],
    (from, to): (Date, Date),
    runner: &Runner,
    watcher: &dyn Watcher,
    stop: &CancellationToken,
) -> Result<usize, StateError> {
    let each = collectors.iter().map(|collector| async move {
        let mut reports = Vec::new();
        let done = one(collector, (from, to), runner, watcher, stop, &mut reports).await;
        watcher.ended(&collector.name, &reports);
        done.map(|()| reports.last().is_some_and(|report| report.failure().is_some()))
    });
    let mut failed = 0;
    for ended in join_all(each).await {
        failed += usize::from(ended?);
    }
    Ok(failed)
}

async fn one(
    collector: &CollectorSettings,
    (from, to): (Date, Date),
    runner: &Runner,
    watcher: &dyn Watcher,
    stop: &CancellationToken,
    reports: &mut Vec<RunReport>,
) -> Result<(), StateError> {
    let state: &dyn RunState = runner.state.as_ref();
    let reading = collector.collector.capabilities().reading;
    // The cursor moves with the first run of what is due, which comes after the backfill: where there is
    // one, history is whole. A source read whole has neither.
    if state.cursor(&collector.name).await?.is_none()
        && let Ok(wanted) = Backfill::of_days(&reading, from, to, collector.schedule.zone())
    {
        let going = state.backfill(&collector.name).await?.filter(|going| going.span == wanted.span);
        if going.is_none() {
            state.set_backfill(&collector.name, Some(&wanted)).await?;
        }
        let (mut done, total) = going.unwrap_or(wanted).progress();
        watcher.awaited(total.saturating_sub(done) as u64);
        loop {
            let report = runner.run(collector, Trigger::Backfill, &Ask::Backfill, stop).await;
            let left = state.backfill(&collector.name).await?;
            let now_done = left.as_ref().map_or(total, |left| left.progress().0);
            watcher.gathered(now_done.saturating_sub(done) as u64);
            done = now_done;
            let failed = report.failure().is_some();
            reports.push(report);
            if failed {
                return Ok(());
            }
            if left.is_none() {
                break;
            }
        }
    }
    watcher.awaited(1);
    loop {
        let report = runner.run(collector, Trigger::Start, &Ask::Due, stop).await;
        let again = report.more_due;
        reports.push(report);
        if !again {
            watcher.gathered(1);
            return Ok(());
        }
    }
}
