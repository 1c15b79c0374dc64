//! Every mistake is named with its file, its line, its key and its remedy, and all of them at once.
//!
//! Each `tests/fixtures/invalid/NAME.toml` is a configuration with one mistake (`several-at-once` has
//! more) and `NAME.err` is what is said about it, to the letter. A line `# environment: NAME=value`
//! sets a variable. To accept new messages: `UPDATE_MESSAGES=1 cargo test --test config_invalid`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod config_support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use config_support::source;
use pp_collector::config::load;

fn fixtures() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("tests/fixtures/invalid")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    found.sort();
    found
}

/// The variables a file asks for in lines `# environment: NAME=value`.
fn variables(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# environment: ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn refusal(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    match load(&source(file, variables(&text))) {
        Ok(_) => format!("{} is accepted\n", file.display()),
        Err(problems) => format!("{problems}\n"),
    }
}

#[test]
fn every_mistake_is_named_with_place_and_remedy() {
    let update = std::env::var_os("UPDATE_MESSAGES").is_some();
    let mut differences = String::new();
    for file in fixtures() {
        let got = refusal(&file);
        let stored = file.with_extension("err");
        if update {
            std::fs::write(&stored, &got).unwrap();
        }
        let expected = std::fs::read_to_string(&stored).unwrap_or_default();
        if got != expected {
            write!(differences, "--- {}\n{expected}+++ now\n{got}\n", stored.display()).unwrap();
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn a_message_never_repeats_a_secret() {
    for file in fixtures() {
        assert!(!refusal(&file).contains("hunter2"), "{} is repeated", file.display());
    }
}
