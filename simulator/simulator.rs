//! All stand-ins together: built, then started on loopback, each on a port of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::mischief::{Book, Dialect, Layer, count, meddle};
use crate::server::{Bound, Server};
use crate::{Dial, World, files, ga4, json, matomo, notify, pay, plausible, prometheus};

/// A stand-in. Each has its own port, as real sources have their own hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Google Analytics 4, its token endpoints included.
    Ga4,
    /// Matomo.
    Matomo,
    /// GOV.UK Pay.
    Pay,
    /// Plausible.
    Plausible,
    /// Prometheus.
    Prometheus,
    /// Feedback Explorer and GOV.UK Forms files.
    Files,
    /// A JSON API with five kinds of paging.
    Json,
    /// GOV.UK Notify, which is told rather than asked.
    Notify,
    /// Another host, where redirects lead: it refuses everything and remembers what came along.
    Elsewhere,
}

impl Source {
    /// Every stand-in.
    pub const ALL: [Self; 9] = [
        Self::Ga4,
        Self::Matomo,
        Self::Pay,
        Self::Plausible,
        Self::Prometheus,
        Self::Files,
        Self::Json,
        Self::Notify,
        Self::Elsewhere,
    ];

    /// Its name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ga4 => "ga4",
            Self::Matomo => "matomo",
            Self::Pay => "pay",
            Self::Plausible => "plausible",
            Self::Prometheus => "prometheus",
            Self::Files => "files",
            Self::Json => "json",
            Self::Notify => "notify",
            Self::Elsewhere => "elsewhere",
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Self::Ga4 => ga4::dialect,
            Self::Matomo => matomo::dialect,
            Self::Pay => pay::dialect,
            Self::Plausible | Self::Json => json::dialect,
            Self::Prometheus => prometheus::dialect,
            Self::Notify => notify::dialect,
            Self::Files | Self::Elsewhere => files::dialect,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why the stand-ins did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port could not be had.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Bind {
        /// Port asked for; 0 means any.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The settings of every stand-in that has some.
#[derive(Debug, Clone, Default)]
struct Dials {
    ga4: Dial<ga4::Options>,
    matomo: Dial<matomo::Options>,
    pay: Dial<pay::Options>,
    plausible: Dial<plausible::Options>,
    json: Dial<json::Options>,
    notify: Dial<notify::Options>,
}

/// Stand-ins for a world, not started yet.
pub struct Simulator {
    world: Arc<World>,
    first_port: u16,
}

impl Simulator {
    /// Stand-ins for a world. Nothing listens until [`start`](Self::start).
    pub fn build(world: World) -> Self {
        Self { world: Arc::new(world), first_port: 0 }
    }

    /// Takes the ports from `port` on, in the order of [`Source::ALL`], instead of free ones.
    #[must_use]
    pub fn at_port(mut self, port: u16) -> Self {
        self.first_port = port;
        self
    }

    /// Starts every stand-in on loopback.
    pub async fn start(self) -> Result<Running, StartError> {
        let mut bound = Vec::new();
        let mut port = self.first_port;
        for source in Source::ALL {
            bound.push((source, Bound::at(port).await?));
            port = if port == 0 { 0 } else { port.saturating_add(1) };
        }
        let elsewhere = bound
            .iter()
            .find(|(source, _)| *source == Source::Elsewhere)
            .map_or_else(String::new, |(_, bound)| bound.address.clone());
        let dials = Dials::default();
        let mut places = BTreeMap::new();
        for (source, bound) in bound {
            let book = Book::default();
            let layer = Arc::new(Layer {
                book: book.clone(),
                world: Arc::clone(&self.world),
                dialect: source.dialect(),
                elsewhere: elsewhere.clone(),
            });
            let router = self.router(source, &dials, &layer, &bound.address);
            places.insert(source, (bound.serve(router.layer(from_fn_with_state(layer, count))), book));
        }
        Ok(Running { world: self.world, dials, places, nowhere: Book::default() })
    }

    fn router(&self, source: Source, dials: &Dials, layer: &Arc<Layer>, address: &str) -> Router {
        let world = Arc::clone(&self.world);
        let router = match source {
            // Its meter stands between the count and the mischief.
            Source::Ga4 => return ga4::router(world, dials.ga4.clone(), address, layer),
            Source::Matomo => matomo::router(world, dials.matomo.clone()),
            Source::Pay => pay::router(world, dials.pay.clone(), address),
            Source::Plausible => plausible::router(world, dials.plausible.clone()),
            Source::Prometheus => prometheus::router(world),
            Source::Files => files::router(world),
            Source::Json => json::router(world, dials.json.clone(), address),
            Source::Notify => notify::router(world, dials.notify.clone()),
            Source::Elsewhere => Router::new(),
        };
        router.layer(from_fn_with_state(Arc::clone(layer), meddle))
    }
}

/// Stand-ins that answer. They stop when this is dropped.
pub struct Running {
    world: Arc<World>,
    dials: Dials,
    places: BTreeMap<Source, (Server, Book)>,
    nowhere: Book,
}

impl Running {
    /// The world they show.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Where a stand-in answers: `http://127.0.0.1:PORT`.
    pub fn address(&self, source: Source) -> &str {
        self.places.get(&source).map_or("", |(server, _)| server.address.as_str())
    }

    /// What goes wrong on a stand-in, and the calls it had.
    pub fn mischief(&self, source: Source) -> &Book {
        self.places.get(&source).map_or(&self.nowhere, |(_, book)| book)
    }

    /// Settings of Google Analytics.
    pub fn ga4(&self) -> &Dial<ga4::Options> {
        &self.dials.ga4
    }

    /// Settings of Matomo.
    pub fn matomo(&self) -> &Dial<matomo::Options> {
        &self.dials.matomo
    }

    /// Settings of GOV.UK Pay.
    pub fn pay(&self) -> &Dial<pay::Options> {
        &self.dials.pay
    }

    /// Settings of Plausible.
    pub fn plausible(&self) -> &Dial<plausible::Options> {
        &self.dials.plausible
    }

    /// Settings of the JSON API.
    pub fn json(&self) -> &Dial<json::Options> {
        &self.dials.json
    }

    /// Settings of GOV.UK Notify, and what it has sent.
    pub fn notify(&self) -> &Dial<notify::Options> {
        &self.dials.notify
    }

    /// Stops every stand-in.
    pub async fn stop(self) {
        for (server, _) in self.places.into_values() {
            server.stop().await;
        }
    }
}
