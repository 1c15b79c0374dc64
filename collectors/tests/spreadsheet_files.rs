//! Files on disk: what is read again, what is not, and what is said when nothing is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::fs;
use std::path::Path;

use collectors::{Answer, Bookmark, Reason, Window};
use support::{batch, collector, context};

fn settings(folder: &Path, more: &str) -> String {
    format!(
        "folder = '{}'\npattern = \"*.csv\"\nlayout = \"long\"\n{more}\n[columns]\nservice = \"Service\"\n\
         period = \"Month\"\nmeasure = {{ value = \"completed\" }}\nchannel = {{ value = \"phone\" }}\n\
         value = \"Calls\"\n",
        folder.display()
    )
}

fn write(folder: &Path, name: &str, calls: &str) {
    fs::write(folder.join(name), format!("Service,Month,Calls\nfixture-service,2026-04,{calls}\n")).unwrap();
}

async fn collect(folder: &Path, more: &str, bookmark: Option<Bookmark>) -> Answer {
    collector("spreadsheet", &settings(folder, more))
        .collect(&Window::Everything, &context(bookmark))
        .await
        .unwrap()
}

#[tokio::test]
async fn the_same_content_again_is_unchanged_and_a_changed_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csv", "1");
    let (_, bookmark) = batch(collect(folder.path(), "", None).await);
    // Written again, byte for byte.
    write(folder.path(), "a.csv", "1");
    assert_eq!(collect(folder.path(), "", bookmark.clone()).await, Answer::Unchanged);

    write(folder.path(), "a.csv", "2");
    let (changed, bookmark) = batch(collect(folder.path(), "", bookmark).await);
    assert_eq!(changed.figure_count(), 1);
    write(folder.path(), "b.csv", "3");
    assert!(matches!(collect(folder.path(), "", bookmark.clone()).await, Answer::Figures { .. }));
    fs::remove_file(folder.path().join("b.csv")).unwrap();
    assert!(matches!(collect(folder.path(), "blank = \"skip\"", bookmark).await, Answer::Figures { .. }));
}

#[tokio::test]
async fn a_rejected_file_does_not_stop_the_others_and_is_named_until_it_is_put_right() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csv", "1");
    write(folder.path(), "b.csv", "oops");
    let mut bookmark = None;
    for _ in 0..2 {
        let (found, next) = batch(collect(folder.path(), "", bookmark).await);
        assert_eq!(found.figure_count(), 1);
        assert_eq!(found.notes.len(), 2);
        assert_eq!(found.notes[0].place, "b.csv");
        bookmark = next;
    }
    write(folder.path(), "b.csv", "1");
    let (found, bookmark) = batch(collect(folder.path(), "", bookmark).await);
    assert!(found.notes.is_empty());
    assert_eq!(collect(folder.path(), "", bookmark).await, Answer::Unchanged);
}

#[tokio::test]
async fn an_empty_folder_and_a_missing_one_are_errors_that_say_so() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "notes.txt", "1");
    let missing = folder.path().join("missing");
    for (path, said) in [(folder.path(), "matches \"*.csv\""), (missing.as_path(), "no folder")] {
        let collector = collector("spreadsheet", &settings(path, ""));
        let error = collector.collect(&Window::Everything, &context(None)).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Config);
        assert!(error.to_string().contains(said), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_bookmark_that_cannot_be_read_costs_a_re_read() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csv", "1");
    let answer = collect(folder.path(), "", Some(Bookmark("not ours".to_owned()))).await;
    assert_eq!(batch(answer).0.figure_count(), 1);
}

#[tokio::test]
async fn a_probe_says_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csv", "1");
    write(folder.path(), "b.csv", "oops");
    let report = collector("spreadsheet", &settings(folder.path(), "")).probe(&context(None)).await.unwrap();
    assert_eq!(report.lines[0], "a.csv: 1 figures of 1 series, 0 services described, 0 notes");
    assert!(report.lines[1].starts_with("rejected: b.csv: 1 problem"), "{:?}", report.lines);
}
