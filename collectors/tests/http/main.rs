//! The HTTP layer against servers on loopback that behave badly. Time stands still unless a test moves it.
#![cfg(test)]

mod answers;
mod bodies;
mod credentials;
mod redirects;
mod retries;
mod signatures;
mod support;
mod tls;
