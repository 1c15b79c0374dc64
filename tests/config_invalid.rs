//! Every mistake is named with its file, its line, its key and its remedy, and all of them at once.
//!
//! Each `tests/fixtures/invalid/NAME.toml` is a configuration with one mistake (`several-at-once` has
//! more) and `NAME.err` is what `check` says about it, to the letter. In `invalid-environment` the mistake
//! is in a variable, which a line `# environment: NAME=value`
//! sets. To accept new messages: `UPDATE_MESSAGES=1 cargo test --test config_invalid`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

#[path = "support/daemon.rs"]
#[allow(dead_code, unreachable_pub)]
mod daemon;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use daemon::{Said, finish};

fn fixtures() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["tests/fixtures/invalid", "tests/fixtures/invalid-environment"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    found.sort();
    found
}

/// What `check` says about a file, with the variables it asks for in lines `# environment: NAME=value`.
fn check(file: &Path) -> Said {
    let text = std::fs::read_to_string(file).unwrap();
    let variables = text.lines().filter_map(|line| line.strip_prefix("# environment: ")?.split_once('='));
    let mut command = Command::new(env!("CARGO_BIN_EXE_pp-collector"));
    finish(command.arg("--config").arg(file).arg("check").envs(variables))
}

#[test]
fn every_mistake_is_named_with_place_and_remedy() {
    let update = std::env::var_os("UPDATE_MESSAGES").is_some();
    let mut differences = String::new();
    for file in fixtures() {
        let Said { code, out, err: got } = check(&file);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{}: {got}", file.display());
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
        assert!(!check(&file).err.contains("hunter2"), "{} is repeated", file.display());
    }
}
