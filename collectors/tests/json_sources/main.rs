//! Sources that answer JSON: where secrets go, that nothing goes on for ever, what a probe says, and that
//! no body is too strange.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod bodies;
mod credentials;
mod pages;
mod probes;
mod settings;
#[path = "../support/mod.rs"]
mod support;
