//! The stand-ins as a client meets them.

mod ga4;
mod ga4_auth;
mod json;
mod matomo;
mod mischief;
mod others;
mod pay;
mod support;
mod world;
