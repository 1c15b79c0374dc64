//! What the tests of collectors share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

#[cfg(feature = "sql")]
pub mod databases;
pub mod recorded;

use std::fmt::Write as _;
use std::sync::Arc;

use collectors::http::Http;
use collectors::{Answer, Bookmark, Collector, Context, NoQuotaMeter, SystemClock, kind};
use kpi::Batch;

/// A context without a memory, whose client reaches loopback.
pub fn context(bookmark: Option<Bookmark>) -> Context {
    let http = Http::system().expect("a client");
    Context { clock: Arc::new(SystemClock), http, bookmark, quota: Arc::new(NoQuotaMeter) }
}

/// The collector of a kind with settings that are right.
pub fn collector(kind_name: &str, settings: &str) -> Arc<dyn Collector> {
    let table: toml::Table = settings.parse().expect("settings are TOML");
    match (kind(kind_name).expect("a known kind").build)(&table) {
        Ok(collector) => collector,
        Err(problems) => panic!("{problems:#?}"),
    }
}

/// The batch of an answer that has one.
pub fn batch(answer: Answer) -> (Batch, Option<Bookmark>) {
    match answer {
        Answer::Figures { batch, bookmark } => (batch, bookmark),
        Answer::Unchanged => panic!("unchanged, where figures were expected"),
    }
}

/// One figure a line, in order.
pub fn figures_text(batch: &Batch) -> String {
    let mut text = String::new();
    for (key, point) in batch.figures() {
        let mut line = serde_json::Map::new();
        let mut put = |name: &str, value: serde_json::Value| line.insert(name.to_owned(), value);
        put("service", key.service.as_str().into());
        put("measure", key.measure.as_str().into());
        put("channel", key.channel.as_str().into());
        put("period", serde_json::to_value(point.period).unwrap());
        put("state", point.value.state().into());
        if let Some(number) = point.value.known() {
            put("value", number.to_string().into());
        }
        if point.quality.provisional {
            put("provisional", true.into());
        }
        if point.quality.thresholded {
            put("thresholded", true.into());
        }
        if let Some(share) = point.quality.sampled {
            put("sampled_parts_per_million", share.parts_per_million().into());
        }
        if key.coverage != kpi::Coverage::All {
            put("coverage", key.coverage.as_str().into());
        }
        text.push_str(&serde_json::to_string(&line).unwrap());
        text.push('\n');
    }
    text
}

/// One note a line.
pub fn notes_text(batch: &Batch) -> String {
    let mut text = String::new();
    for note in &batch.notes {
        writeln!(text, "{}: {}", note.place, note.text).unwrap();
    }
    text
}

/// One described service a line.
pub fn services_text(batch: &Batch) -> String {
    batch.services.iter().map(|service| serde_json::to_string(service).unwrap() + "\n").collect()
}
