//! The demonstration: stand-ins and the daemon on loopback, on a clock on which days pass in seconds.
//!
//! Nothing in it is pretended but the sources and the time. The configuration is written to a folder and
//! read by the ordinary loader; figures come by the ordinary collectors and runs.

mod clock;
mod configuration;
mod folder;
mod history;

pub use clock::DemoClock;
pub use folder::{FOLDER, Folder, FolderError, Story};
pub use history::{Watcher, gather};

use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan as _;
use simulator::{Now, Running, Simulator, StartError, World};
use tokio_util::sync::CancellationToken;

/// Steps the clock takes in a day. Each is written down before it is shown, so there are few.
const STEPS_A_DAY: u32 = 24;

/// Starts the stand-ins of a story, on the clock given.
pub async fn start(story: &Story, clock: &DemoClock) -> Result<Running, StartError> {
    let clock = clock.clone();
    let now: Now = Arc::new(move || clock.step());
    // The steady one shows nothing that the others do not.
    let world = World::demo(story.seed, story.anchor, now).without("apply-juggling-licence");
    Simulator::build(world).start().await
}

/// Lets time pass, a day in `day`, until `stop` is cancelled. Where a step cannot be written down the
/// clock stands still: a start again would otherwise go back in time, and figures with it.
pub async fn pass_time(
    folder: &Folder,
    clock: &DemoClock,
    day: Duration,
    stop: &CancellationToken,
) -> Result<(), FolderError> {
    // Zero has no interval.
    let pace = (day / STEPS_A_DAY).max(Duration::from_millis(1));
    let mut steps = tokio::time::interval(pace);
    // The first tick of an interval comes at once.
    steps.tick().await;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            _ = steps.tick() => {}
        }
        // At the end of all time it stands still.
        let Ok(next) = clock.step().checked_add(1.hour()) else { return Ok(()) };
        folder.remember(next)?;
        clock.set(next);
    }
}
