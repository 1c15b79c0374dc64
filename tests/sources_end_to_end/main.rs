//! The promises over real kinds, end to end: collectors built from configuration against stand-ins that
//! behave like their sources, a real store, and a clock moved by hand.
//!
//! Promise 4: downtime leaves no hole, late data is picked up, history shows what was known when.
//! Promise 5: one broken source never stops the others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod allowance;
mod broken;
mod downtime;
mod land;
mod late;
