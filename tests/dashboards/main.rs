//! What is in `dashboards/` works with the programs it is for, and speaks of metrics there are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

#[path = "../support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;
#[path = "../support/monitoring.rs"]
#[allow(dead_code, unreachable_pub)]
mod monitoring;

mod boards;
mod expressions;
mod routes;
mod rules;
mod scrape;

use std::path::PathBuf;

/// A file of `dashboards/`.
fn shipped(path: &str) -> PathBuf {
    daemon::checkout("dashboards").join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(shipped(path)).unwrap()
}
