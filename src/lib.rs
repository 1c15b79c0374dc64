//! The daemon: when figures are collected, where they are kept, and who sees them.
//!
//! The way of a figure, with no turning back: source → collector → [`run`] accepts it → [`store`]
//! keeps it → the snapshot is rebuilt → every outlet reads the snapshot.

pub mod alerts;
pub mod catalogue;
pub mod cli;
pub mod config;
pub mod daemon;
#[cfg(feature = "demo")]
pub mod demo;
pub mod exchange;
pub mod metrics;
pub mod plan;
pub mod report;
pub mod run;
pub mod shard;
pub mod snapshot;
pub mod state;
pub mod store;
pub mod web;
pub mod wording;
