//! Every kind of collector is a folder that keeps its promises: a README whose sample is a tested file,
//! and cases of settings, what the source holds and the figures expected.
//!
//! With `PP_BLESS=1` what is found is written as what is expected, to be read before it is kept.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use collectors::{Reading, Reason, kind, kinds};
use support::recorded::{Recorded, cases, folder, window};
use support::{batch, collector, figures_text, notes_text, services_text};

#[test]
fn every_kind_is_a_complete_folder() {
    for kind in kinds() {
        let folder = folder(kind.name);
        let readme = fs::read_to_string(folder.join("README.md")).expect("a README.md");
        let sample = fs::read_to_string(folder.join("sample.toml")).expect("a sample.toml");
        let block = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
        assert_eq!(block, Some(sample.as_str()), "the sample in the README of {} is sample.toml", kind.name);
        collector(kind.name, &sample);
        assert!(!cases(kind.name).is_empty(), "{} has no case", kind.name);
        for case in cases(kind.name) {
            assert!(case.join("config.toml").exists(), "{} has no config.toml", case.display());
        }
    }
}

#[test]
fn every_case_gives_what_it_says() {
    let mut failed = Vec::new();
    for kind in kinds() {
        for case in cases(kind.name) {
            if let Err(difference) = run(kind.name, &case) {
                failed.push(format!("{}\n{difference}", case.display()));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// The reasons for which collections fail in the cases of a kind.
fn recorded_reasons(kind: &str) -> BTreeSet<Reason> {
    let reason = |case: PathBuf| {
        let text = fs::read_to_string(case.join("expected.err")).ok()?;
        let word = text.split(": ").next()?.to_owned();
        Reason::ALL.into_iter().find(|reason| reason.as_str() == word)
    };
    cases(kind).into_iter().filter_map(reason).collect()
}

#[test]
fn every_reason_of_a_kind_is_recorded_and_the_others_explained() {
    let mut failed = Vec::new();
    for kind in kinds() {
        let recorded = recorded_reasons(kind.name);
        let readme = fs::read_to_string(folder(kind.name).join("README.md")).unwrap();
        for reason in Reason::ALL {
            let explained = readme.contains(&format!("`{reason}` does not occur: "));
            match (kind.reasons.contains(&reason), recorded.contains(&reason)) {
                (true, true) if !explained => {}
                (false, false) if explained => {}
                (true, false) => failed.push(format!("{}: no case fails with {reason}", kind.name)),
                (false, true) => failed.push(format!("{}: {reason} is not declared and occurs", kind.name)),
                _ => failed.push(format!("{}: README.md on {reason} and `reasons` disagree", kind.name)),
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Runs one case in its own folder and compares what it gives with its files.
fn run(kind_name: &str, case: &Path) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let recorded = runtime.block_on(Recorded::start(case));
    let collector = match (kind(kind_name).unwrap().build)(&recorded.settings(case)) {
        Ok(collector) => collector,
        Err(problems) => {
            let lines: Vec<String> =
                problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
            return expect(case, "expected.err", &(lines.join("\n") + "\n"));
        }
    };
    let period_kind = match collector.capabilities().reading {
        Reading::Whole => None,
        Reading::Windows { period_kind, .. } => Some(period_kind),
    };
    let (window, context) = window(case, period_kind);
    let answer = runtime.block_on(collector.collect(&window, &context));
    let requests = runtime.block_on(recorded.requests())?;
    if case.join("expected.requests").exists() {
        expect(case, "expected.requests", &recorded.take_out(&requests))?;
    }
    match answer {
        Err(error) => {
            let prefix = format!("{}/", case.display());
            let mut found = format!("{}: {error}\n", error.reason()).replace(&prefix, "");
            for line in error.details() {
                found.push_str(line);
                found.push('\n');
            }
            if let Some(instant) = error.resets_at() {
                writeln!(found, "resets at {instant}").unwrap();
            }
            if let Some(wait) = error.retry_after() {
                writeln!(found, "retry after {} s", wait.as_secs()).unwrap();
            }
            expect(case, "expected.err", &recorded.take_out(&found))
        }
        Ok(answer) => {
            let (batch, _) = batch(answer);
            expect(case, "expected.jsonl", &figures_text(&batch))?;
            expect_optional(case, "expected.services.jsonl", &services_text(&batch))?;
            expect_optional(case, "expected.notes", &notes_text(&batch))
        }
    }
}

/// A file that is not there expects nothing.
fn expect_optional(case: &Path, file: &str, found: &str) -> Result<(), String> {
    if found.is_empty() && !case.join(file).exists() {
        return Ok(());
    }
    expect(case, file, found)
}

fn expect(case: &Path, file: &str, found: &str) -> Result<(), String> {
    let path = case.join(file);
    if std::env::var_os("PP_BLESS").is_some() {
        fs::write(&path, found).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(&path).map_err(|_| format!("there is no {file}; found\n{found}"))?;
    let expected = expected.replace("\r\n", "\n");
    if expected == found { Ok(()) } else { Err(format!("{file}: expected\n{expected}\nfound\n{found}")) }
}
