//! Telling receivers of alerts: who takes which, when, and what becomes of failures.
//!
//! Deliveries wait in the state file ([`AlertBook`](super::state::AlertBook)). Each receiver has a
//! courier of its own, so that one out of reach delays no other.

pub mod alertmanager;
mod courier;
pub mod email;
mod events;
pub mod govuk_notify;
mod http;
mod kinds;
mod login;
mod markup;
mod quiet;
mod receiver;
mod retry;
mod route;
pub mod slack;
pub mod teams;
pub mod webhook;

pub use courier::{Courier, Tell, tell_once};
pub use events::DeliveryEvents;
pub use kinds::{ReceiverKind, receiver_kinds};
pub use quiet::{Critical, QuietHours};
pub use receiver::{Context, DeliverError, Receiver, Telling};
pub use route::Route;
