//! Carrying out runs: a collector is asked for the windows due, its answer accepted and stored, and only
//! then does the cursor move.
//!
//! One collector's failure, panic or slowness never stops the others.

pub mod accept;
pub mod book;
pub mod events;
mod lane;
mod missing;
mod own_meter;
pub mod purge_guard;
pub mod push;
pub mod report;
pub mod runner;
pub mod scheduler;
pub mod state;
mod stop;
pub mod triggers;

pub use accept::{Acceptance, Rules, accept};
pub use book::ServiceBook;
pub use events::{Events, Meter, NullMeter};
pub use purge_guard::{Guard, HeldBack};
pub use push::{PushDoor, PushError, Pushed};
pub use report::{Counts, Failure, Outcome, Postponement, RunReport, StoredWindow, Trigger};
pub use runner::{Ask, OnStored, Preview, Previewed, Runner, Standing};
pub use scheduler::Scheduler;
pub use state::{MemoryState, RunId, RunState, StateError};
pub use stop::Stopped;
pub use triggers::{TriggerError, Triggers};
