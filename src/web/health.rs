//! Whether the process lives, and whether it has figures to show.

use std::sync::{Mutex, PoisonError};

use axum::extract;
use axum::http::StatusCode;

use super::Shared;

/// Whether the first snapshot has been built.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<State>);

#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    Reading,
    Waiting(String),
    Ready,
}

impl Readiness {
    /// The first snapshot is there.
    pub fn set_ready(&self) {
        self.set(State::Ready);
    }

    /// The first snapshot cannot be built yet, for a reason that may pass.
    pub fn set_waiting(&self, reason: String) {
        self.set(State::Waiting(reason));
    }

    fn set(&self, state: State) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn state(&self) -> State {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(super) async fn alive() -> &'static str {
    "alive\n"
}

pub(super) async fn ready(extract::State(shared): extract::State<Shared>) -> (StatusCode, String) {
    let not_ready = |why: &str| (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n"));
    match shared.readiness.state() {
        State::Ready => (StatusCode::OK, "ready\n".to_owned()),
        State::Reading => not_ready("the figures are still being read from the store"),
        State::Waiting(reason) => not_ready(&reason),
    }
}
