//! The one way to every HTTP source: limits, retries, redirects, credentials and size caps in one place,
//! so that a kind is left with building a question and reading an answer.
//!
//! ```no_run
//! # use collectors::{http::{Address, Credential, HostLimit, Request}, CollectError, Context, SecretRef};
//! # #[derive(serde::Deserialize)] struct Page { total: u64 }
//! # async fn example(address: Address, api_key: SecretRef, cx: &Context) -> Result<u64, CollectError> {
//! let request = Request::get(address.at("v1/payments"))
//!     .query("from_date", "2026-11-16T00:00:00Z")
//!     .credential(Credential::bearer(api_key.open())) // kept by the collector, not opened per request
//!     .host_limit(HostLimit::concurrent(2).per_second(15))
//!     .expect_json();
//! let page: Page = cx.http.send(request).await?.json()?;
//! # Ok(page.total)
//! # }
//! ```
//!
//! What [`Http::send`] makes of an answer, unless [`Request::classify`] says otherwise:
//!
//! | answer | reason | asked again |
//! | --- | --- | --- |
//! | 2xx, and what [`Request::accept`] names | | |
//! | 401 | `auth` | once, if the credential could be renewed |
//! | 402, 403 | `permission` | no |
//! | 408, 425, 5xx | `transient` | yes |
//! | 429 | `throttled` | yes |
//! | every other 4xx | `config` | no |
//! | a certificate that is not trusted | `config` | no |
//! | ours is not accepted | `auth` | no |
//! | no connection, half a body, time-out | `transient` | yes |
//! | too large, not JSON, corrupt gzip | `malformed` | no |
//! | a redirect to elsewhere with credentials | `config` | no |

mod address;
mod attempt;
mod body;
mod classify;
mod client;
mod credential;
mod hidden;
mod limit;
mod meter;
mod redirect;
mod reply;
mod request;
mod retry;
mod signature;
mod tls;
mod token;

use std::sync::Arc;

use jiff::Timestamp;

pub use address::Address;
pub use client::{client, use_ring};
pub use credential::Credential;
pub use limit::HostLimit;
pub use meter::{Answered, NoRequestMeter, RequestMeter};
pub use reply::Reply;
pub use request::{Classify, Request};
pub use reqwest::header::HeaderMap;
pub use retry::Backoff;
pub use signature::{Algorithm, Encoding, Instant, Signature, SignedText};
pub use tls::{ClientCertificate, Tls};
#[cfg(any(feature = "ga4", feature = "http_json"))]
pub(crate) use token::{OAuthError, TokenAnswer};
pub use token::{Token, TokenSource};

use crate::{Clock, CollectError, MachineRandomness, Randomness, SystemClock, clock};

/// Sends requests. Cheap to clone: clones share connections and the limits of each host.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    gates: Arc<limit::Gates>,
    meter: Arc<dyn RequestMeter>,
    deadline: Option<Timestamp>,
}

impl Http {
    /// A layer over [`client()`], with time and chance given.
    pub fn new(client: reqwest::Client, clock: Arc<dyn Clock>, randomness: Arc<dyn Randomness>) -> Self {
        Self {
            client,
            clock,
            randomness,
            gates: Arc::default(),
            meter: Arc::new(NoRequestMeter),
            deadline: None,
        }
    }

    /// A layer over a client of its own, the machine's clock and the machine's chance. A program has one.
    pub fn system() -> Result<Self, CollectError> {
        Ok(Self::new(client()?, Arc::new(SystemClock), Arc::new(MachineRandomness)))
    }

    /// The same layer for a run that ends at `deadline`: nothing is awaited beyond it, and a wait that
    /// would reach it is not begun.
    #[must_use]
    pub fn until(&self, deadline: Timestamp) -> Self {
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// The same layer, whose requests are counted by `meter`.
    #[must_use]
    pub fn metered(&self, meter: Arc<dyn RequestMeter>) -> Self {
        Self { meter, ..self.clone() }
    }

    /// Sends a request, again where that helps, and gives the answer if it is one to read.
    ///
    /// Every text of an error has been cleared of the credential, even where the source echoed it.
    pub async fn send(&self, request: Request) -> Result<Reply, CollectError> {
        let Some(deadline) = self.deadline else { return self.send_repeatedly(&request).await };
        let left = clock::until(self.clock.now(), deadline);
        if left.is_zero() {
            return Err(classify::out_of_time(&request.address));
        }
        tokio::select! {
            biased;
            result = self.send_repeatedly(&request) => result,
            () = self.clock.time_limit(left) => Err(classify::out_of_time(&request.address)),
        }
    }
}
