//! Stand-ins for real sources on loopback, for tests, benches and the demo.
//!
//! Each behaves like the source it stands for, the nasty parts included: late and revised figures,
//! quotas, errors in every dialect, and whatever [`mischief`] a test scripts. Everything follows from
//! a [`World`], its seed and its clock; two runs answer the same bytes.

pub mod world;

pub use world::{Character, Event, Now, Service, World};
