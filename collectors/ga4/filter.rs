//! Which events count: conditions on dimensions, as written in settings and as the API is asked.
//!
//! API page: `FilterExpression` of the Data API v1beta.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// Conditions by dimension, all of which must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Filter(BTreeMap<String, Condition>);

/// What the value of a dimension must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Is(String),
    OneOf(Vec<String>),
    /// The match type in the API's words, and the text.
    Text(&'static str, String),
    Not(Box<Condition>),
}

/// The keys of a condition's table, and the API's words for them.
const MATCHES: [(&str, &str); 4] = [
    ("begins_with", "BEGINS_WITH"),
    ("ends_with", "ENDS_WITH"),
    ("contains", "CONTAINS"),
    ("matches", "FULL_REGEXP"),
];

impl Filter {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The dimensions it asks about.
    pub(super) fn dimensions(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// One expression for each condition.
    pub(super) fn expressions(&self) -> Vec<Value> {
        self.0.iter().map(|(dimension, condition)| condition.expression(dimension)).collect()
    }
}

impl Condition {
    fn expression(&self, dimension: &str) -> Value {
        let text = |kind: &str, text: &str| {
            let filter = json!({"matchType": kind, "value": text, "caseSensitive": true});
            json!({"filter": {"fieldName": dimension, "stringFilter": filter}})
        };
        match self {
            Self::Is(value) => text("EXACT", value),
            Self::Text(kind, value) => text(kind, value),
            Self::OneOf(values) => one_of(dimension, values.iter().map(String::as_str)),
            Self::Not(condition) => json!({"notExpression": condition.expression(dimension)}),
        }
    }
}

/// The value of a dimension is one of these.
pub(super) fn one_of<'a>(dimension: &str, values: impl Iterator<Item = &'a str>) -> Value {
    let values: Vec<&str> = values.collect();
    json!({"filter": {
        "fieldName": dimension,
        "inListFilter": {"values": values, "caseSensitive": true},
    }})
}

/// All of these; `None` where there is nothing to hold.
pub(super) fn all(mut expressions: Vec<Value>) -> Option<Value> {
    match expressions.len() {
        0 => None,
        1 => expressions.pop(),
        _ => Some(json!({"andGroup": {"expressions": expressions}})),
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = Condition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a text, a list of texts, or a table with one of begins_with, ends_with, contains, matches and not",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Condition, E> {
        Ok(Condition::Is(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Condition, A::Error> {
        let mut values: Vec<String> = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        if values.is_empty() {
            return Err(A::Error::custom("an empty list, which nothing is one of; name at least one value"));
        }
        Ok(Condition::OneOf(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Condition, A::Error> {
        let wrong = || A::Error::custom("give exactly one of begins_with, ends_with, contains, matches, not");
        let key: String = map.next_key()?.ok_or_else(wrong)?;
        let condition = match MATCHES.iter().find(|(ours, _)| *ours == key) {
            Some((_, kind)) => Condition::Text(kind, map.next_value()?),
            None if key == "not" => Condition::Not(Box::new(map.next_value()?)),
            None => return Err(wrong()),
        };
        if map.next_key::<String>()?.is_some() {
            return Err(wrong());
        }
        Ok(condition)
    }
}
