//! A collector's own settings: read from configuration with every problem found in one go.
//!
//! Serde stops at the first thing it dislikes. Here that thing is noted, taken out of a copy of the
//! table, and the rest is read again, so that a person corrects a file once and not ten times.

mod check;
#[cfg(any(feature = "ga4", feature = "matomo", feature = "plausible"))]
pub(crate) mod counted;

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{Table, Value};

pub(crate) use check::Check;

/// One thing wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Where, as a dotted path within the collector's own table: `columns.period`.
    pub path: String,
    /// What is wrong, the value given and what is allowed; lower case, no full stop.
    pub message: String,
}

impl SettingProblem {
    /// A problem at a path.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// Every problem of one collector's settings.
pub type SettingProblems = Vec<SettingProblem>;

/// More problems than this are those of a file of another kind altogether.
const MOST_PROBLEMS: usize = 200;

/// Reads a table as `T`, whose structs use `deny_unknown_fields`, and names every unknown key, wrong
/// type and value that is not allowed; of the keys missing from one table it names the first.
///
/// Custom `Deserialize` implementations decide the wording of their own problems.
pub fn parse<T: DeserializeOwned>(table: &Table) -> Result<T, SettingProblems> {
    let mut copy = Value::Table(table.clone());
    let mut removed: Vec<Vec<Step>> = Vec::new();
    let mut problems = SettingProblems::new();
    while problems.len() < MOST_PROBLEMS {
        let error = match serde_path_to_error::deserialize::<_, T>(copy.clone()) {
            Ok(settings) if problems.is_empty() => return Ok(settings),
            Ok(_) => break,
            Err(error) => error,
        };
        let found = Found::new(&error);
        // A key that is missing because it was taken out above has been reported already.
        let consequence =
            found.missing.is_some() && removed.iter().any(|path| found.names_missing(path, &removed));
        if !consequence {
            let mut place = original(&found.path, &removed);
            place.extend(found.missing.clone().map(Step::Key));
            problems.push(SettingProblem::new(dotted(&place), found.message));
        }
        if found.path.is_empty() || !remove(&mut copy, &found.path) {
            break;
        }
        removed.push(original(&found.path, &removed));
    }
    problems.sort_by(|a, b| a.path.cmp(&b.path));
    Err(problems)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// One error of serde, in our words.
struct Found {
    /// What to take out to read on: the offending key, or the table a key is missing from.
    path: Vec<Step>,
    missing: Option<String>,
    message: String,
}

impl Found {
    fn new(error: &serde_path_to_error::Error<toml::de::Error>) -> Self {
        let mut path: Vec<Step> = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                Segment::Map { key } => Some(Step::Key(key.clone())),
                Segment::Seq { index } => Some(Step::Index(*index)),
                Segment::Enum { .. } | Segment::Unknown => None,
            })
            .collect();
        let text = error.inner().message().trim().trim_end_matches('.');
        let mut quoted = text.split('`').skip(1).step_by(2);
        if text.starts_with("unknown field ") {
            let key = quoted.next().unwrap_or_default().to_owned();
            let allowed: Vec<&str> = quoted.collect();
            let message = format!("unknown key {key:?}; {}", suggestion(&key, &allowed));
            if path.last() != Some(&Step::Key(key.clone())) {
                path.push(Step::Key(key));
            }
            return Self { path, missing: None, message };
        }
        if text.starts_with("unknown variant ") {
            let given = quoted.next().unwrap_or_default().to_owned();
            let allowed: Vec<&str> = quoted.collect();
            let message = format!("{given:?} is not allowed here; {}", suggestion(&given, &allowed));
            return Self { path, missing: None, message };
        }
        if text.starts_with("missing field ") {
            let key = quoted.next().unwrap_or_default().to_owned();
            let message = "this key is missing; add it".to_owned();
            return Self { path, missing: Some(key), message };
        }
        Self { path, missing: None, message: in_plain_words(text) }
    }

    fn names_missing(&self, gone: &[Step], removed: &[Vec<Step>]) -> bool {
        let mut full = original(&self.path, removed);
        full.extend(self.missing.clone().map(Step::Key));
        full == gone
    }
}

/// Serde names what it expected as Rust does.
fn in_plain_words(text: &str) -> String {
    const WHOLE: [&str; 10] = ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"];
    match text.rsplit_once(", expected ") {
        Some((given, wanted)) if WHOLE.contains(&wanted) => format!("{given}, expected a whole number"),
        Some((given, "char")) => format!("{given}, expected one character"),
        _ => text.to_owned(),
    }
}

/// `did you mean …` where one allowed word is near, else all of them.
fn suggestion(given: &str, allowed: &[&str]) -> String {
    let close_enough = 1 + given.chars().count() / 4;
    let nearest = allowed
        .iter()
        .map(|word| (strsim::osa_distance(&given.to_lowercase(), word), word))
        .filter(|(distance, _)| *distance <= close_enough)
        .min_by_key(|(distance, _)| *distance);
    match (nearest, allowed) {
        (Some((_, word)), _) => format!("did you mean {word:?}?"),
        (None, []) => "nothing is allowed here".to_owned(),
        (None, words) => format!("use one of {}", words.join(", ")),
    }
}

fn remove(value: &mut Value, path: &[Step]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let mut at = value;
    for step in parents {
        let next = match (step, at) {
            (Step::Key(key), Value::Table(table)) => table.get_mut(key),
            (Step::Index(index), Value::Array(items)) => items.get_mut(*index),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return false,
        }
    }
    match (last, at) {
        (Step::Key(key), Value::Table(table)) => table.remove(key).is_some(),
        (Step::Index(index), Value::Array(items)) if *index < items.len() => {
            items.remove(*index);
            true
        }
        _ => false,
    }
}

/// The path in the table as given: taking an item out of an array renumbers those after it.
fn original(path: &[Step], removed: &[Vec<Step>]) -> Vec<Step> {
    let mut given: Vec<Step> = Vec::with_capacity(path.len());
    for step in path {
        let Step::Index(index) = step else {
            given.push(step.clone());
            continue;
        };
        let mut gone: Vec<usize> = removed
            .iter()
            .filter_map(|earlier| match earlier.split_last() {
                Some((Step::Index(gone), parents)) if parents == given => Some(*gone),
                _ => None,
            })
            .collect();
        gone.sort_unstable();
        let index = gone.into_iter().fold(*index, |index, gone| index + usize::from(gone <= index));
        given.push(Step::Index(index));
    }
    given
}

fn dotted(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => {
                text.push('[');
                text.push_str(&index.to_string());
                text.push(']');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Settings {
        name: String,
        count: Option<u32>,
        layout: Option<Layout>,
        columns: Option<Columns>,
        items: Option<Vec<Columns>>,
        numbers: Option<Vec<u32>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Columns {
        value: String,
        period: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Layout {
        Long,
        Wide,
    }

    fn problems(text: &str) -> Vec<String> {
        let table: Table = text.parse().unwrap();
        parse::<Settings>(&table)
            .unwrap_err()
            .into_iter()
            .map(|problem| format!("{}: {}", problem.path, problem.message))
            .collect()
    }

    #[test]
    fn every_problem_is_named_in_one_go() {
        let found = problems(
            r#"
            nmae = "x"
            count = "three"
            layout = "wyde"
            numbers = [1, "two", 3, "four"]
            [columns]
            value = 3
            perod = "Month"
            [[items]]
            value = "v"
            [[items]]
            vlaue = "v"
            "#,
        );
        insta::assert_snapshot!(found.join("\n"));
    }

    #[test]
    fn a_key_like_no_other_gets_the_list_of_allowed_ones() {
        assert_eq!(
            problems("name = \"x\"\n[columns]\nvalue = \"v\"\nzebra = 1"),
            ["columns.zebra: unknown key \"zebra\"; use one of value, period"]
        );
    }

    #[test]
    fn a_missing_key_is_named_where_it_is_missing() {
        assert_eq!(problems("count = 1"), ["name: this key is missing; add it"]);
    }

    #[test]
    fn a_good_table_is_read() {
        let table: Table = "name = \"x\"\nlayout = \"long\"".parse().unwrap();
        let settings: Settings = parse(&table).unwrap();
        assert!(matches!(settings.layout, Some(Layout::Long)));
    }
}
