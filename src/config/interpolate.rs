//! `${NAME}` in the text values of a configuration.
//!
//! A file is parsed first and its text values are filled in after, so what a variable holds can never
//! add a key, close a string or change a type. The filled-in text is not looked at again.

use std::collections::BTreeMap;

use config::{Value, ValueKind};

use super::document::{Document, ENVIRONMENT_ORIGIN, Substitution};
use super::path::KeyPath;
use super::problem::Problem;

/// Fills in every text value that came from a file. A value that cannot be filled in stays as it is
/// written, and a problem says why.
pub(super) fn interpolate(document: &mut Document, environment: &BTreeMap<String, String>) -> Vec<Problem> {
    let mut found = Found { environment, substitutions: Vec::new(), refused: Vec::new() };
    found.visit(&KeyPath::default(), &mut document.tree);
    document.substitutions = found.substitutions;
    found.refused.into_iter().map(|(path, message)| document.problem(&path, message)).collect()
}

struct Found<'a> {
    environment: &'a BTreeMap<String, String>,
    substitutions: Vec<Substitution>,
    refused: Vec<(KeyPath, String)>,
}

impl Found<'_> {
    fn visit(&mut self, path: &KeyPath, value: &mut Value) {
        // What the environment gives has been through a shell already.
        if value.origin() == Some(ENVIRONMENT_ORIGIN) {
            return;
        }
        match &mut value.kind {
            ValueKind::Table(table) => {
                for (key, child) in table.iter_mut() {
                    self.visit(&path.key(key), child);
                }
            }
            ValueKind::Array(list) => {
                for (index, child) in list.iter_mut().enumerate() {
                    self.visit(&path.index(index), child);
                }
            }
            ValueKind::String(text) => match filled_in(text, self.environment) {
                Ok(became) if became == *text => {}
                Ok(became) => {
                    let written = std::mem::replace(text, became.clone());
                    self.substitutions.push(Substitution { path: path.clone(), written, became });
                }
                Err(message) => self.refused.push((path.clone(), message)),
            },
            _ => {}
        }
    }
}

/// The text with `${NAME}`, `${NAME:-default}` and the escape `$${` replaced.
fn filled_in(text: &str, environment: &BTreeMap<String, String>) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let (before, from_dollar) = rest.split_at(dollar);
        result.push_str(before);
        if let Some(after) = from_dollar.strip_prefix("$${") {
            result.push_str("${");
            rest = after;
        } else if let Some(inside) = from_dollar.strip_prefix("${") {
            let Some((reference, after)) = inside.split_once('}') else {
                return Err(format!(
                    "{text:?} opens ${{ and never closes it; write $${{ for the characters themselves"
                ));
            };
            result.push_str(&looked_up(reference, environment)?);
            rest = after;
        } else {
            result.push('$');
            rest = from_dollar.strip_prefix('$').unwrap_or_default();
        }
    }
    result.push_str(rest);
    Ok(result)
}

fn looked_up(reference: &str, environment: &BTreeMap<String, String>) -> Result<String, String> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if !is_variable_name(name) {
        return Err(format!(
            "${{{reference}}} names no variable; write ${{NAME}} or ${{NAME:-default}}, and $${{ for the characters themselves"
        ));
    }
    // An empty variable takes the default, as in a shell.
    match (environment.get(name), default) {
        (Some(value), None) => Ok(value.clone()),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value.clone()),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => {
            Err(format!("variable {name} is not set; set it, or give a default with ${{{name}:-default}}"))
        }
    }
}

/// Whether a text may name an environment variable: letters, digits and underscores, no digit first.
pub(super) fn is_variable_name(text: &str) -> bool {
    let first_is_letter = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first_is_letter && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("${SHEET}", Ok("a.csv"))]
    #[case("in/${SHEET}.old", Ok("in/a.csv.old"))]
    #[case("${NONE:-b.csv}", Ok("b.csv"))]
    #[case("${EMPTY:-b.csv}", Ok("b.csv"))]
    #[case("${EMPTY}", Ok(""))]
    #[case("$${SHEET}", Ok("${SHEET}"))]
    #[case("£5 or $5 or $$", Ok("£5 or $5 or $$"))]
    #[case("${TRICK}", Ok("${SHEET}"))]
    #[case("${NONE}", Err("variable NONE is not set; set it, or give a default with ${NONE:-default}"))]
    fn a_reference_becomes_what_it_stands_for_and_is_not_read_again(
        #[case] text: &str,
        #[case] expected: Result<&str, &str>,
    ) {
        let environment = [("SHEET", "a.csv"), ("EMPTY", ""), ("TRICK", "${SHEET}")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        let got = filled_in(text, &environment.into());
        assert_eq!(got.as_deref().map_err(String::as_str), expected);
    }
}
