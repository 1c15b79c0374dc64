//! Recorded answers of Matomo and Plausible, and the figures or the error each gives.
//!
//! A case is a folder with `config.toml`, `window.toml`, the answers in order as `responses/1.json` (and
//! `1.status`, `1.headers`), the last one repeated, and what is expected. With `PP_BLESS=1` what is found
//! is written as what is expected, to be read before it is kept.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use collectors::clock::ManualClock;
use collectors::http::{Http, client};
use collectors::{Context, MachineRandomness, NoQuotaMeter, PeriodSpan, Window};
use kpi::Period;
use rstest::rstest;
use support::{batch, collector, figures_text, notes_text};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

struct InOrder {
    folder: PathBuf,
    served: AtomicUsize,
}

impl Respond for InOrder {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let number = self.served.fetch_add(1, Ordering::SeqCst) + 1;
        let last = (1..=number).rev().find(|number| self.file(*number, "json").exists());
        let number = last.expect("an answer");
        let read = |ending| fs::read_to_string(self.file(number, ending)).ok();
        let status = read("status").map_or(200, |status| status.trim().parse().expect("a status"));
        let body = read("json").unwrap_or_default();
        let mut answer = ResponseTemplate::new(status).set_body_raw(body, "application/json; charset=utf-8");
        for line in read("headers").unwrap_or_default().lines() {
            let (name, value) = line.split_once(": ").expect("a header");
            answer = answer.insert_header(name, value);
        }
        answer
    }
}

impl InOrder {
    fn file(&self, number: usize, ending: &str) -> PathBuf {
        self.folder.join(format!("{number}.{ending}"))
    }
}

#[rstest]
#[tokio::test]
async fn every_recorded_case_gives_what_it_says(#[values("matomo", "plausible")] kind: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join("recorded");
    let mut failed = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        if let Err(difference) = run(kind, &case).await {
            failed.push(format!("{}\n{difference}", case.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

async fn run(kind: &str, case: &Path) -> Result<(), String> {
    let server = MockServer::start().await;
    let answers = InOrder { folder: case.join("responses"), served: AtomicUsize::new(0) };
    Mock::given(method("POST")).respond_with(answers).mount(&server).await;
    let settings = fs::read_to_string(case.join("config.toml")).unwrap().replace("${SERVER}", &server.uri());
    let table: toml::Table = fs::read_to_string(case.join("window.toml")).unwrap().parse().unwrap();
    let text = |key: &str| table[key].as_str().unwrap().to_owned();
    let period = |key| Period::from_start_text(text("kind").parse().unwrap(), &text(key)).unwrap();
    let window = Window::Span(PeriodSpan { first: period("first"), last: period("last") });
    let clock = Arc::new(ManualClock::new(text("now").parse().unwrap()).skipping_sleeps());
    let http = Http::new(client().unwrap(), clock.clone(), Arc::new(MachineRandomness));
    let context = Context { clock, http, bookmark: None, quota: Arc::new(NoQuotaMeter) };
    match collector(kind, &settings).collect(&window, &context).await {
        Err(error) => {
            let mut found = format!("{}: {error}\n", error.reason()).replace(&server.uri(), "${SERVER}");
            for line in error.details() {
                found.push_str(line);
                found.push('\n');
            }
            if let Some(instant) = error.resets_at() {
                found.push_str(&format!("resets at {instant}\n"));
            }
            expect(case, "expected.err", &found)
        }
        Ok(answer) => {
            let (batch, _) = batch(answer);
            expect(case, "expected.jsonl", &figures_text(&batch))?;
            if batch.notes.is_empty() && !case.join("expected.notes").exists() {
                return Ok(());
            }
            expect(case, "expected.notes", &notes_text(&batch).replace(&server.uri(), "${SERVER}"))
        }
    }
}

fn expect(case: &Path, file: &str, found: &str) -> Result<(), String> {
    let path = case.join(file);
    if std::env::var_os("PP_BLESS").is_some() {
        fs::write(&path, found).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(&path).map_err(|_| format!("there is no {file}; found\n{found}"))?;
    if expected == found { Ok(()) } else { Err(format!("{file}: expected\n{expected}\nfound\n{found}")) }
}
