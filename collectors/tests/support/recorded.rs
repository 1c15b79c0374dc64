//! What a source answers, from the files of a case, and when it is asked.
//!
//! `responses/1.json`, `2.html` … are served in order, one a request, whatever is asked; beside them
//! `1.status` holds another status than 200 and `1.headers` one header a line. `window.toml` holds `now`,
//! `first` and `last`. In `config.toml`, `${SERVER}` is the server's address and `${CASE}` the folder.
//! With `refusal.postgresql`, `${PORT}` is that of a `PostgreSQL` server which says so; with `database.sql`,
//! `${DATABASE}` is an `SQLite` file made of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use collectors::clock::ManualClock;
use collectors::http::{Http, client};
use collectors::{Context, NoQuotaMeter, PeriodSpan, Randomness, Window};
use kpi::{Period, PeriodKind};
use tempfile::TempDir;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// The folder of a kind.
pub fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

/// The folders of its cases, in order.
pub fn cases(kind: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder(kind).join("testcases")) else { return Vec::new() };
    let mut cases: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

/// A server that says what the files say.
pub struct Recorded {
    server: MockServer,
    count: usize,
    /// What stands for what in the settings, and back again in what is found.
    places: Vec<(&'static str, String)>,
    _folder: TempDir,
}

struct InOrder {
    answers: Vec<ResponseTemplate>,
    next: AtomicUsize,
}

impl Respond for InOrder {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let beyond = || ResponseTemplate::new(418).set_body_string("more was asked than is recorded");
        self.answers.get(number).cloned().unwrap_or_else(beyond)
    }
}

impl Recorded {
    /// The server of a case; without a folder `responses` one that is never asked.
    pub async fn start(case: &Path) -> Self {
        let answers = answers(&case.join("responses"));
        let (server, count) = (MockServer::start().await, answers.len());
        let in_order = InOrder { answers, next: AtomicUsize::new(0) };
        Mock::given(any()).respond_with(in_order).mount(&server).await;
        let folder = tempfile::tempdir().unwrap();
        let host = server.uri().replace("http://", "");
        let mut places =
            vec![("${SERVER}", server.uri()), ("${SERVER}", host), ("${CASE}", case.display().to_string())];
        #[cfg(feature = "sql")]
        places.extend(super::databases::of(case, folder.path()).await);
        Self { server, count, places, _folder: folder }
    }

    /// The settings of a case, with every place filled in.
    pub fn settings(&self, case: &Path) -> toml::Table {
        let text = fs::read_to_string(case.join("config.toml")).unwrap();
        let text = self.places.iter().fold(text, |text, (name, place)| text.replace(name, place));
        let mut table: toml::Table = text.parse().unwrap();
        for key in ["file", "folder"] {
            if let Some(toml::Value::String(path)) = table.get_mut(key) {
                *path = case.join(&*path).display().to_string();
            }
        }
        table
    }

    /// A text without what differs from run to run.
    pub fn take_out(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (name, place)| text.replace(place, name))
    }

    /// Every request made, one a line; an error where they are not as many as the answers.
    pub async fn requests(&self) -> Result<String, String> {
        let requests = self.server.received_requests().await.unwrap_or_default();
        let mut text = String::new();
        for request in &requests {
            let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
            let body = String::from_utf8_lossy(&request.body);
            let line = format!("{} {}{query} {body}", request.method, request.url.path());
            writeln!(text, "{}", line.trim_end()).unwrap();
        }
        if requests.len() == self.count {
            Ok(text)
        } else {
            Err(format!(
                "{} answers are recorded, and {} were asked for:\n{text}",
                self.count,
                requests.len()
            ))
        }
    }
}

fn answers(folder: &Path) -> Vec<ResponseTemplate> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut bodies: BTreeMap<u32, (String, Vec<u8>)> = BTreeMap::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let extension = path.extension().unwrap().to_str().unwrap().to_owned();
        let number = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        if !matches!(extension.as_str(), "status" | "headers") {
            bodies.insert(number, (extension, fs::read(&path).unwrap()));
        }
    }
    let answer = |(number, (extension, body)): (u32, (String, Vec<u8>))| {
        let beside = |what: &str| fs::read_to_string(folder.join(format!("{number}.{what}"))).ok();
        let media_type = match extension.as_str() {
            "json" => "application/json",
            "html" => "text/html",
            "csv" => "text/csv",
            _ => "text/plain",
        };
        let status = beside("status").map_or(200, |text| text.trim().parse().unwrap());
        let mut answer = ResponseTemplate::new(status).set_body_raw(body, media_type);
        for line in beside("headers").unwrap_or_default().lines() {
            let (name, value) = line.split_once(": ").expect("a header as name: value");
            answer = answer.insert_header(name, value);
        }
        answer
    };
    bodies.into_iter().map(answer).collect()
}

struct NoJitter;

impl Randomness for NoJitter {
    fn up_to(&self, _: Duration) -> Duration {
        Duration::ZERO
    }
}

/// The window and the context of `window.toml`, on a clock that skips every wait; without that file
/// everything, on the machine's clock.
pub fn window(case: &Path, kind: Option<PeriodKind>) -> (Window, Context) {
    let (Ok(text), Some(kind)) = (fs::read_to_string(case.join("window.toml")), kind) else {
        return (Window::Everything, super::context(None));
    };
    let table: toml::Table = text.parse().unwrap();
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str).expect("a text");
    let period = |key: &str| Period::from_start_text(kind, text(key)).unwrap();
    let span = PeriodSpan { first: period("first"), last: period("last") };
    (Window::Span(span), at(text("now")))
}

/// A context at an instant, whose clock skips every wait.
pub fn at(now: &str) -> Context {
    let clock = Arc::new(ManualClock::new(now.parse().unwrap()).skipping_sleeps());
    let http = Http::new(client().unwrap(), Arc::clone(&clock) as _, Arc::new(NoJitter));
    Context { clock, http, bookmark: None, quota: Arc::new(NoQuotaMeter) }
}
