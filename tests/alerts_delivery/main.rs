//! Promise 8: nobody is alerted twice for one drop, nor by a backfill; and whatever ends the process,
//! nobody who is to be told is forgotten.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

mod alerting;
mod chain;
mod couriers;
mod kill;
mod land;
mod messages;
mod receivers;
mod routes;
mod smtp;
mod stand_in;
mod state;

#[path = "../support/monitoring.rs"]
#[allow(dead_code, unreachable_pub)]
mod monitoring;
