//! Which windows are due: schedule, catch-up, look-back and backfill, by one mechanism.

pub mod backfill;
pub mod schedule;
pub mod windows;

pub use backfill::{Backfill, BackfillError};
pub use schedule::{Schedule, ScheduleError};
pub use windows::{Due, Plan, Situation, Why, cursor_after, plan, plan_span};
