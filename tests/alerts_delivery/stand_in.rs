//! An HTTP server on loopback that records what it is told and answers as a test says.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Told {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// Status, headers and body of an answer.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

type Answering = dyn Fn(&Told) -> Answer + Send + Sync;

#[derive(Clone)]
struct Shared {
    told: Arc<Mutex<Vec<Told>>>,
    answering: Arc<Answering>,
}

/// The server; stopped when dropped.
pub(crate) struct StandIn {
    pub(crate) address: String,
    told: Arc<Mutex<Vec<Told>>>,
    task: JoinHandle<()>,
}

impl StandIn {
    pub(crate) async fn start(answering: impl Fn(&Told) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { told: Arc::clone(&told), answering: Arc::new(answering) };
        let router = Router::new().fallback(take).with_state(shared);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, told, task }
    }

    /// Answers everything with this status and body.
    pub(crate) async fn answering(status: u16, body: &'static str) -> Self {
        Self::start(move |_| (status, Vec::new(), body.to_owned())).await
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let told = Told { method: method.to_string(), path, headers, body };
    let (status, headers, body) = (shared.answering)(&told);
    shared.told.lock().unwrap().push(told);
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
