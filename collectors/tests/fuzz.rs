//! Nothing a source sends or a person configures makes a collector panic, hang or say more than can be
//! read: every kind, over damaged copies of its own recorded cases.
//!
//! Answers of databases are the driver's to read; what is made of their cells is fuzzed in
//! `sql/figures_tests.rs`, and queries in `sql/statement_tests.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use collectors::{Kind, Reading, kinds};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use support::recorded::{Recorded, cases, window};

/// Long enough for any answer on a busy machine; only a collector that hangs needs longer.
const HANGS: Duration = Duration::from_mins(1);
/// What a person reads of a message.
const LONGEST_MESSAGE_BYTES: usize = 4_000;

/// What happens to a text or file on its way.
#[derive(Debug, Clone)]
enum Damage {
    Cut(Index),
    Overwrite(Index, u8),
    Insert(Index, Vec<u8>),
    /// The part between two places comes again.
    Repeat(Index, Index),
    /// A number becomes another.
    Digits(Index, String),
    Replace(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let number =
        prop::sample::select(vec!["-1", "1e999", "0.1", "99999999999999999999999999999999", "null", "{}"]);
    prop_oneof![
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        (any::<Index>(), bytes()).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        (any::<Index>(), number).prop_map(|(at, number)| Damage::Digits(at, number.to_owned())),
        bytes().prop_map(Damage::Replace),
    ]
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Self::Cut(at) => bytes.truncate(place(at)),
            Self::Overwrite(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Overwrite(..) => {}
            Self::Insert(at, more) => {
                let at = place(at);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Repeat(from, to) => {
                let (from, to) = (place(from), place(to));
                let again = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(from..from, again);
            }
            Self::Digits(at, number) => {
                let from = place(at);
                let digit = |from: usize, wanted: bool| {
                    bytes[from..].iter().position(|byte| byte.is_ascii_digit() == wanted).map(|at| from + at)
                };
                if let Some(first) = digit(from, true) {
                    let end = digit(first, false).unwrap_or(bytes.len());
                    bytes.splice(first..end, number.bytes());
                }
            }
            Self::Replace(other) => bytes.clone_from(other),
        }
    }
}

/// What a case's source gives: bodies of answers, and files.
fn given(case: &Path) -> Vec<PathBuf> {
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("expected.") || ["config.toml", "window.toml"].contains(&name)
    };
    let mut files: Vec<PathBuf> = below(case).into_iter().filter(|path| !ours(path)).collect();
    files.retain(|path| !matches!(path.extension().and_then(|it| it.to_str()), Some("status" | "headers")));
    files
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { files.extend(below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// A copy of a case with one of the given files damaged, collected.
fn collect_damaged(kind: &Kind, case: &Path, which: Index, damages: &[Damage]) {
    let folder = tempfile::tempdir().unwrap();
    // Beside a copy of what several cases share, such as a made-up key.
    let kind_folder = case.parent().unwrap();
    let copy = folder.path().join(case.file_name().unwrap());
    for path in below(case) {
        let to = copy.join(path.strip_prefix(case).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&path, to).unwrap();
    }
    for entry in fs::read_dir(kind_folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_file() {
            fs::copy(&entry, folder.path().join(entry.file_name().unwrap())).unwrap();
        }
    }
    let files = given(&copy);
    let victim = &files[which.index(files.len())];
    let mut bytes = fs::read(victim).unwrap();
    for damage in damages {
        damage.apply(&mut bytes);
    }
    fs::write(victim, bytes).unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let recorded = runtime.block_on(Recorded::start(&copy));
    let Ok(collector) = (kind.build)(&recorded.settings(&copy)) else { return };
    let period_kind = match collector.capabilities().reading {
        Reading::Whole => None,
        Reading::Windows { period_kind, .. } => Some(period_kind),
    };
    let (window, context) = window(&copy, period_kind);
    let collecting = async { tokio::time::timeout(HANGS, collector.collect(&window, &context)).await };
    let answer = runtime.block_on(collecting).expect("the collector hangs");
    if let Err(error) = answer {
        let text = error.to_string();
        assert!(!text.contains("the reader failed on it"), "{text}");
        assert!(text.len() <= LONGEST_MESSAGE_BYTES, "a message of {} bytes: {text}", text.len());
    }
}

#[test]
fn damaged_answers_and_files_are_read_or_refused() {
    for kind in kinds().iter().filter(|kind| kind.name != "sql") {
        let with_something: Vec<PathBuf> =
            cases(kind.name).into_iter().filter(|case| !given(case).is_empty()).collect();
        assert!(!with_something.is_empty(), "{} has no case to damage", kind.name);
        let damages = prop::collection::vec(damage(), 1..4);
        let mut runner = TestRunner::new(ProptestConfig { cases: 24, ..ProptestConfig::default() });
        let found = runner.run(&(any::<Index>(), any::<Index>(), damages), |(case, which, damages)| {
            collect_damaged(
                kind,
                with_something[case.index(with_something.len())].as_path(),
                which,
                &damages,
            );
            Ok(())
        });
        found.unwrap_or_else(|failure| panic!("{}: {failure}", kind.name));
    }
}

/// Puts another value in the place of one setting.
fn unsettle(value: &mut toml::Value, place: &mut usize, other: &toml::Value) {
    match value {
        toml::Value::Table(table) => table.iter_mut().for_each(|(_, value)| unsettle(value, place, other)),
        toml::Value::Array(items) => items.iter_mut().for_each(|value| unsettle(value, place, other)),
        leaf => {
            if *place == 0 {
                *leaf = other.clone();
            }
            *place = place.wrapping_sub(1);
        }
    }
}

fn setting() -> impl Strategy<Value = toml::Value> {
    prop_oneof![
        r"[{}a-z:%/*()\[\]?<>.0-9 -]{0,24}".prop_map(toml::Value::String),
        r"\PC{0,12}".prop_map(toml::Value::String),
        r"\{(from|to|first|last|page|offset|cursor|window|x)(:[%a-zA-Z-]{0,8})?\}.{0,4}"
            .prop_map(toml::Value::String),
        any::<i64>().prop_map(toml::Value::Integer),
        any::<f64>().prop_map(toml::Value::Float),
        any::<bool>().prop_map(toml::Value::Boolean),
    ]
}

#[test]
fn settings_of_any_value_are_taken_or_refused() {
    for kind in kinds() {
        let all = cases(kind.name);
        let mut runner = TestRunner::new(ProptestConfig { cases: 64, ..ProptestConfig::default() });
        let found = runner.run(&(any::<Index>(), 0..40_usize, setting()), |(case, mut place, other)| {
            let text = fs::read_to_string(all[case.index(all.len())].join("config.toml")).unwrap();
            let text = text.replace("${SERVER}", "http://127.0.0.1:9").replace("${PORT}", "9");
            let mut value = toml::Value::Table(text.parse().unwrap());
            unsettle(&mut value, &mut place, &other);
            let toml::Value::Table(table) = value else { unreachable!("a table stays one") };
            if let Err(problems) = (kind.build)(&table) {
                assert!(!problems.is_empty(), "refused without saying why: {table}");
            }
            Ok(())
        });
        found.unwrap_or_else(|failure| panic!("{}: {failure}", kind.name));
    }
}
