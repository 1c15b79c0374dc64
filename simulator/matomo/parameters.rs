//! Parameters of a request, from its query, its body, or one URL of a bulk.

use std::collections::BTreeMap;

use super::errors::Refusal;

/// Parameters by name.
#[derive(Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, String>);

const BOOLEANS: [&str; 6] = [
    "flat",
    "expanded",
    "format_metrics",
    "percent_of_total",
    "showAllGoalSpecificMetrics",
    "hideIdSubDatable",
];

impl Parameters {
    pub(super) fn read(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn put(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::bad(format!("Please specify a value for '{name}'.")))
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "true"))
    }

    pub(super) fn is_off(&self, name: &str) -> bool {
        matches!(self.get(name), Some("0" | "false"))
    }

    /// The values of `name[0]`, `name[1]`, … in the order of their numbers.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let number = |key: &str| -> Option<u64> {
            key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
        };
        let found: BTreeMap<u64, &str> =
            self.0.iter().filter_map(|(key, value)| Some((number(key)?, value.as_str()))).collect();
        found.into_values().collect()
    }

    /// Matomo 6 refuses a boolean that is none.
    pub(super) fn strict_booleans(&self) -> Result<(), Refusal> {
        let wrong = BOOLEANS
            .iter()
            .find(|name| self.get(name).is_some_and(|value| !matches!(value, "0" | "1" | "true" | "false")));
        wrong.map_or(Ok(()), |name| Err(Refusal::bad(format!("Parameter '{name}' must be a boolean."))))
    }
}
