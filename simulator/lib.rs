//! Stand-ins for real sources on loopback, for tests, benches and the demo.
//!
//! Each behaves like the source it stands for, the nasty parts included: late and revised figures,
//! quotas, errors in every dialect, and whatever [`mischief`] a test scripts. Everything follows from
//! a [`World`], its seed and its clock; two runs answer the same bytes.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use simulator::mischief::{Mischief, RetryAfter, Rule};
//! use simulator::{Simulator, Source, World, world::frozen};
//!
//! let now = "2026-11-23T09:00:00Z".parse().unwrap();
//! let world = World::demo(1, jiff::civil::date(2026, 11, 23), frozen(now));
//! let running = Simulator::build(world).start().await.unwrap();
//! let book = running.mischief(Source::Ga4);
//! book.script(Rule::new(Mischief::TooManyRequests(RetryAfter::Seconds(2))).on("runReport").calls(1..=1));
//! running.ga4().set(|options| options.threshold = Some(20));
//! assert!(running.address(Source::Ga4).starts_with("http://127.0.0.1:"));
//! assert_eq!(book.calls("runReport"), 0);
//! running.stop().await;
//! # });
//! ```

mod dial;
pub mod feedback;
mod files;
pub mod forms;
pub mod ga4;
pub mod json;
pub mod labelled;
pub mod matomo;
pub mod mischief;
pub mod notify;
pub mod pay;
pub mod plausible;
pub mod prometheus;
pub mod returns;
mod server;
mod simulator;
pub mod world;

pub use dial::Dial;
pub use simulator::{Running, Simulator, Source, StartError};
pub use world::{Character, Event, Now, Service, World};
