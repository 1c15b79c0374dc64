//! The stand-ins as a client meets them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod ga4;
mod ga4_auth;
mod json;
mod matomo;
mod mischief;
mod others;
mod pay;
mod support;
mod world;
