//! Files on disk: which ones, in what order, and their bytes.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use globset::GlobMatcher;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::ReadFile;
use super::bookmark::{Memory, Seen};
use super::header::captured;
use super::merge::Merge;
use super::plan::{Location, Plan};
use super::read::Outcome;
use crate::hex::hex;
use crate::{Answer, CollectError, Reason};

/// Files at a location, those that supersede others last.
pub(super) fn files(plan: &Plan) -> Result<Vec<(String, PathBuf)>, CollectError> {
    match &plan.location {
        // It would open, and fail only when read, as if to try again could help.
        Location::File(path) if path.is_dir() => Err(CollectError::new(
            Reason::Config,
            format!("the file {} is a folder; use `folder`", path.display()),
        )),
        Location::File(path) => Ok(vec![(file_name(path), path.clone())]),
        Location::Folder { folder, pattern } => in_folder(plan, folder, pattern),
        Location::Url { .. } => Ok(Vec::new()),
    }
}

fn in_folder(
    plan: &Plan,
    folder: &Path,
    pattern: &GlobMatcher,
) -> Result<Vec<(String, PathBuf)>, CollectError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable("folder", folder, error))? {
        let path = entry.map_err(|error| unreadable("folder", folder, error))?.path();
        let name = file_name(&path);
        // `~$` is the lock of a workbook somebody has open; the endings are those of files on their way.
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        let passing = name.starts_with('.')
            || name.starts_with("~$")
            || ending.is_some_and(|ending| ending == "part" || ending == "tmp");
        let wanted = pattern.is_match(&name) || pattern.is_match(name.to_lowercase());
        if wanted && !passing && path.is_file() {
            let period = covers(plan, &name).map_err(|message| {
                CollectError::new(Reason::Malformed, format!("{}: {message}", path.display()))
            })?;
            found.push((period, name, path));
        }
    }
    if found.is_empty() {
        return Err(CollectError::new(
            Reason::Config,
            format!(
                "no file of the folder {} matches {:?}; put one there or correct `pattern`",
                folder.display(),
                pattern.glob().glob()
            ),
        ));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, name, path)| (name, path)).collect())
}

/// The first day a file covers by its name, where `filename` has a group for it.
fn covers(plan: &Plan, name: &str) -> Result<Option<Date>, String> {
    let group = "period";
    let has_group =
        plan.filename.as_ref().is_some_and(|regex| regex.capture_names().flatten().any(|name| name == group));
    if !has_group {
        return Ok(None);
    }
    let text = captured(plan, name, group)?;
    let kind = plan.period_kind;
    let period = plan.dates.period(text, kind).or_else(|_| plan.dates.period(text, None))?;
    Ok(Some(period.start_date()))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Reads the files of a location. Blocks: for a thread where that is allowed.
pub(super) fn collect(plan: &Plan, memory: &Memory, read: &ReadFile) -> Result<Answer, CollectError> {
    let files = files(plan)?;
    if !memory.files.is_empty() && unchanged(plan, &files, memory)? {
        return Ok(Answer::Unchanged);
    }
    let mut merge = Merge::new(&plan.fingerprint);
    for (name, path) in &files {
        let bytes = bytes(path, plan.max_bytes)?;
        let seen = Seen { sha256: hex(&Sha256::digest(&bytes)), ..Seen::default() };
        merge.add(name, seen, read(plan, name, &bytes));
    }
    merge.finish()
}

fn unchanged(plan: &Plan, files: &[(String, PathBuf)], memory: &Memory) -> Result<bool, CollectError> {
    if files.len() != memory.files.len() || !files.iter().all(|(name, _)| memory.files.contains_key(name)) {
        return Ok(false);
    }
    for (name, path) in files {
        let mut hash = Sha256::new();
        let file = fs::File::open(path).map_err(|error| unreadable("file", path, error))?;
        io::copy(&mut file.take(plan.max_bytes), &mut hash)
            .map_err(|error| unreadable("file", path, error))?;
        if memory.files.get(name).is_none_or(|seen| seen.sha256 != hex(&hash.finalize())) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn bytes(path: &Path, max_bytes: u64) -> Result<Vec<u8>, CollectError> {
    let failed = |error| unreadable("file", path, error);
    let file = fs::File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > max_bytes {
        return Err(CollectError::new(
            Reason::Malformed,
            format!("{} has {length} bytes, more than `max_bytes`, {max_bytes}", path.display()),
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(max_bytes).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn unreadable(what: &str, path: &Path, error: io::Error) -> CollectError {
    let shown = path.display();
    let (reason, message) = match error.kind() {
        io::ErrorKind::NotFound => {
            (Reason::Config, format!("no {what} {shown}; put it there or correct `{what}`"))
        }
        io::ErrorKind::NotADirectory => (Reason::Config, format!("the {what} {shown} is a file; use `file`")),
        io::ErrorKind::PermissionDenied => (
            Reason::Permission,
            format!("the {what} {shown} may not be read; allow it to the collector's user"),
        ),
        _ => (Reason::Transient, format!("the {what} {shown} cannot be read")),
    };
    CollectError::new(reason, message).with_source(error)
}

/// One file's outcome as an answer or an error: for a single document.
pub(super) fn probe(plan: &Plan, read: &ReadFile) -> Result<Vec<String>, CollectError> {
    let mut lines = Vec::new();
    for (name, path) in files(plan)? {
        let bytes = bytes(&path, plan.max_bytes)?;
        lines.push(describe(&name, &read(plan, &name, &bytes)));
    }
    Ok(lines)
}

/// What a file holds, in one line.
pub(super) fn describe(name: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Figures(batch) => format!(
            "{name}: {} figures of {} series, {} services described, {} notes",
            batch.figure_count(),
            batch.series.len(),
            batch.services.len(),
            batch.notes.len()
        ),
        Outcome::Rejected { message, .. } => format!("rejected: {message}"),
    }
}
