//! A small world whose clock tests move by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Once};

use jiff::Timestamp;
use jiff::civil::date;
use reqwest::Client;
use serde_json::Value;
use simulator::{Now, Running, Simulator, Source, World};

/// The morning every test begins on, a Monday.
pub(crate) const MORNING: &str = "2026-11-23T09:00:00Z";

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(MORNING.parse::<Timestamp>().unwrap().as_second())))
    }

    pub(crate) fn forward(&self, hours: i64) {
        self.0.fetch_add(hours * 3600, Ordering::SeqCst);
    }

    pub(crate) fn second(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || Timestamp::from_second(clock.second()).unwrap())
    }
}

pub(crate) fn world(seed: u64, now: Now) -> World {
    World::demo(seed, date(2026, 11, 23), now)
}

pub(crate) async fn start() -> (Running, Clock) {
    let clock = Clock::new();
    let running = Simulator::build(world(1, clock.now())).start().await.unwrap();
    (running, clock)
}

thread_local! {
    // Each test has a thread and a runtime of its own, so none meets the connections of another.
    static CLIENT: Client = {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Client::builder().no_gzip().build().unwrap()
    };
}

pub(crate) fn client() -> Client {
    CLIENT.with(Client::clone)
}

pub(crate) async fn get(running: &Running, source: Source, path: &str) -> (u16, Value) {
    let response = client().get(format!("{}{path}", running.address(source))).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}
