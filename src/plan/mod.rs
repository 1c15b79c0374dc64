//! Which windows are due: schedule, catch-up, look-back and backfill, by one mechanism.

pub mod schedule;

pub use schedule::{Schedule, ScheduleError};
