//! From a tree of values to a struct, with every refusal found in one go.
//!
//! The crate `config` can deserialise too, but rounds `2.7` to `3` and takes a number for a text. Here
//! only one thing is lenient: text that reads as a number or a truth value is taken for one where one
//! is wanted, because text is all an environment variable can hold.

use std::collections::BTreeMap;
use std::fmt;

use config::{Value, ValueKind};
use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::document::Document;
use super::path::KeyPath;
use super::problem::Problem;
use super::suggest::did_you_mean;

/// Reads the whole document. What is refused becomes a problem and is left out, so `T` needs a default
/// for every key.
pub(super) fn decode<T: DeserializeOwned + Default>(document: &Document) -> (T, Vec<Problem>) {
    let mut tree = document.tree.clone();
    let mut problems = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(Node(&tree)) {
            Ok(decoded) => return (decoded, problems),
            Err(error) => error,
        };
        let path = KeyPath::from(error.path());
        problems.push(document.problem(&path, error.inner().to_string()));
        // Each round takes a key away, so this ends.
        if !path.remove(&mut tree) {
            return (T::default(), problems);
        }
    }
}

/// A value as serde reads it.
struct Node<'a>(&'a Value);

impl IntoDeserializer<'_, Refusal> for Node<'_> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! from_text_too {
    ($($method:ident => $visit:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            if let ValueKind::String(text) = &self.0.kind
                && let Ok(parsed) = text.trim().parse()
            {
                return visitor.$visit(parsed);
            }
            self.deserialize_any(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.0.kind {
            ValueKind::Nil => visitor.visit_unit(),
            ValueKind::Boolean(value) => visitor.visit_bool(*value),
            ValueKind::I64(value) => visitor.visit_i64(*value),
            ValueKind::I128(value) => visitor.visit_i128(*value),
            ValueKind::U64(value) => visitor.visit_u64(*value),
            ValueKind::U128(value) => visitor.visit_u128(*value),
            ValueKind::Float(value) => visitor.visit_f64(*value),
            ValueKind::String(value) => visitor.visit_str(value),
            ValueKind::Table(table) => {
                // In order of key, so that problems are found in the same order every time.
                let sorted: BTreeMap<&str, Node<'_>> =
                    table.iter().map(|(key, value)| (key.as_str(), Node(value))).collect();
                visitor.visit_map(MapDeserializer::new(sorted.into_iter()))
            }
            ValueKind::Array(list) => visitor.visit_seq(SeqDeserializer::new(list.iter().map(Node))),
        }
    }

    from_text_too! {
        deserialize_bool => visit_bool,
        deserialize_i8 => visit_i8, deserialize_i16 => visit_i16, deserialize_i32 => visit_i32,
        deserialize_i64 => visit_i64, deserialize_u8 => visit_u8, deserialize_u16 => visit_u16,
        deserialize_u32 => visit_u32, deserialize_u64 => visit_u64,
        deserialize_f32 => visit_f32, deserialize_f64 => visit_f64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.0.kind == ValueKind::Nil { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match &self.0.kind {
            ValueKind::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(Refusal(format!("expected one of the words {}", variants.join(", ")))),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// Why a value is refused, in the words of the manual rather than those of Rust.
#[derive(Debug)]
struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn invalid_type(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("expected {}; given {}", wanted(expected), shown(given)))
    }

    fn invalid_value(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(given, expected)
    }

    fn unknown_variant(given: &str, allowed: &'static [&'static str]) -> Self {
        Self(format!("{given:?} is not one of the words allowed here{}", did_you_mean(given, allowed)))
    }

    fn unknown_field(given: &str, allowed: &'static [&'static str]) -> Self {
        Self(format!("unknown key{}", did_you_mean(given, allowed)))
    }
}

fn wanted(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    match words.as_str() {
        "a string" | "string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        _ if words.starts_with("a nonzero u") => "a whole number, 1 or more".to_owned(),
        _ if words.starts_with("struct ") => "a table".to_owned(),
        _ => words,
    }
}

fn shown(given: Unexpected<'_>) -> String {
    match given {
        Unexpected::Str(text) => format!("{text:?}"),
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Float(number) => number.to_string(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        other => other.to_string(),
    }
}
