//! The layers of a configuration, lowest first: the file, `conf.d/*.toml` beside it in order of name,
//! the `PP_*` variables. Below them all are the defaults of [`super::raw`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, Environment, FileFormat, Format, Map, Value, ValueKind};

use super::Source;
use super::document::{Document, ENVIRONMENT_ORIGIN};
use super::problem::Problem;

/// Keys whose value is a list, which a variable gives as one text with commas. `*` is any name.
const LISTS: [[&str; 3]; 1] = [["collectors", "*", "adopts"]];

/// Reads every layer and merges them: a later table adds to an earlier one key by key, any other value
/// replaces.
pub(super) fn read(source: &Source) -> Result<Document, Vec<Problem>> {
    let file = source.file.clone().unwrap_or_else(|| PathBuf::from(super::DEFAULT_FILE));
    let main_file = file.display().to_string();
    let mut problems = Vec::new();
    let mut texts = BTreeMap::new();
    let mut layers = Vec::new();
    let mut names = vec![file.clone()];
    match toml_files(&source.working_dir, &file.with_file_name("conf.d")) {
        Ok(found) => names.extend(found.unwrap_or_default()),
        Err(problem) => problems.push(problem),
    }
    for name in names {
        match read_file(&source.working_dir, &name) {
            Ok((text, layer)) => {
                texts.insert(name.display().to_string(), text);
                layers.push(layer);
            }
            Err(problem) => problems.push(problem),
        }
    }
    // With a layer missing, half of what is left would be refused for no fault of its own.
    if !problems.is_empty() {
        return Err(problems);
    }
    let environment: Map<String, String> =
        source.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    // No `try_parsing`: it turns the text 00123 into the number 123.
    let variables =
        Environment::with_prefix("PP").prefix_separator("_").separator("__").source(Some(environment));
    let mut builder = Config::builder();
    for layer in layers {
        builder = builder.add_source(layer);
    }
    let merged = builder
        .add_source(variables)
        .build()
        .map_err(|error| vec![whole_file(&main_file, None, error.to_string())])?;
    let mut tree = merged.cache;
    split_lists(&mut tree);
    Ok(Document { tree, main_file, texts, substitutions: Vec::new() })
}

/// One TOML file as a document of its own.
pub(super) fn read_one(working_dir: &Path, name: &Path) -> Result<Document, Problem> {
    let (text, layer) = read_file(working_dir, name)?;
    let main_file = name.display().to_string();
    let texts = BTreeMap::from([(main_file.clone(), text)]);
    Ok(Document { tree: Value::new(None, layer.0), main_file, texts, substitutions: Vec::new() })
}

/// The `*.toml` files of a folder in order of name; `None` when there is no such folder.
pub(super) fn toml_files(working_dir: &Path, folder: &Path) -> Result<Option<Vec<PathBuf>>, Problem> {
    let refused = |error: &std::io::Error| {
        whole_file(
            &folder.display().to_string(),
            None,
            format!("this folder cannot be read: {}", reason(error)),
        )
    };
    let entries = match std::fs::read_dir(working_dir.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(&error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = PathBuf::from(entry.map_err(|error| refused(&error))?.file_name());
        // Editors leave `.name.toml` beside a file that is open.
        let hidden = name.to_string_lossy().starts_with('.');
        if !hidden && name.extension().is_some_and(|extension| extension == "toml") {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(Some(files))
}

/// A table already parsed, as a source of the crate `config`.
#[derive(Debug, Clone)]
struct Layer(Map<String, Value>);

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

fn read_file(working_dir: &Path, name: &Path) -> Result<(String, Layer), Problem> {
    let shown = name.display().to_string();
    let text = std::fs::read_to_string(working_dir.join(name))
        .map_err(|error| whole_file(&shown, None, format!("this file cannot be read: {}", reason(&error))))?;
    if let Err(error) = toml::de::DeTable::parse(&text) {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.bytes().filter(|byte| *byte == b'\n').count() + 1);
        let caret = without_values(error.to_string().trim_end()).replace('\n', "\n  ");
        return Err(whole_file(&shown, line, format!("this file is not TOML\n  {caret}")));
    }
    let table = Format::parse(&FileFormat::Toml, Some(&shown), &text)
        .map_err(|error| whole_file(&shown, None, format!("this file is not TOML: {error}")))?;
    Ok((text, Layer(table)))
}

/// TOML's own message without the values of the line it shows: one of them may be a password, written
/// where none should be and then mistyped. Characters go one for one, so the caret stays in place.
fn without_values(message: &str) -> String {
    let masked = |line: &str| {
        let Some((number, shown)) =
            line.split_once(" | ").filter(|(number, _)| number.trim().parse::<u32>().is_ok())
        else {
            return line.to_owned();
        };
        let kept = match shown.find('=') {
            Some(equals) => equals,
            None if shown.trim_start().starts_with('[') => shown.len(),
            None => 0,
        };
        let (key, value) = shown.split_at(kept);
        format!("{number} | {key}{}", value.replace(char::is_alphanumeric, "·"))
    };
    message.lines().map(masked).collect::<Vec<_>>().join("\n")
}

fn whole_file(file: &str, line: Option<usize>, message: String) -> Problem {
    Problem { file: file.to_owned(), line, path: String::new(), message }
}

/// What went wrong with a file, in words that do not differ between systems.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is none of that name".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}

/// Cuts a text from the environment at its commas where a list is wanted.
fn split_lists(tree: &mut Value) {
    for pattern in LISTS {
        split_list(tree, &pattern);
    }
}

fn split_list(value: &mut Value, pattern: &[&str]) {
    let from_environment = value.origin() == Some(ENVIRONMENT_ORIGIN);
    match (pattern.split_first(), &mut value.kind) {
        (None, ValueKind::String(text)) if from_environment => {
            let origin = ENVIRONMENT_ORIGIN.to_owned();
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let list: Vec<Value> = items.map(|item| Value::new(Some(&origin), item)).collect();
            *value = Value::new(Some(&origin), list);
        }
        (Some((&"*", rest)), ValueKind::Table(table)) => {
            for child in table.values_mut() {
                split_list(child, rest);
            }
        }
        (Some((key, rest)), ValueKind::Table(table)) => {
            if let Some(child) = table.get_mut(*key) {
                split_list(child, rest);
            }
        }
        _ => {}
    }
}
