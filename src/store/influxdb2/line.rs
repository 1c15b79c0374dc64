//! Line protocol, written so that no text can become anything but the value it is.
//!
//! Rules: InfluxData, "Line protocol" (v2), special characters and data types.

use std::fmt::Write;

/// A text that has no form in line protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LineError {
    #[error(
        "the tag {tag} has the value {value:?}: a control character or a backslash at its end cannot be written; rename it"
    )]
    Tag { tag: String, value: String },
    #[error("the field {field} is not a finite number")]
    NotFinite { field: String },
    #[error("the name {0:?} is empty, begins with an underscore or holds a control character or backslash")]
    Name(String),
    #[error("a line of {0} has no field")]
    NoField(String),
}

/// A line under construction: tags first, then fields, then its time.
#[derive(Debug)]
pub(super) struct Line {
    text: String,
    fields: usize,
}

impl Line {
    pub(super) fn new(measurement: &str) -> Result<Self, LineError> {
        let mut text = String::with_capacity(256);
        escape(name(measurement)?, &[',', ' '], &mut text);
        Ok(Self { text, fields: 0 })
    }

    /// Adds a tag. An empty value is no tag at all.
    pub(super) fn tag(mut self, key: &str, value: &str) -> Result<Self, LineError> {
        if value.is_empty() {
            return Ok(self);
        }
        if value.ends_with('\\') || value.contains(char::is_control) {
            return Err(LineError::Tag { tag: key.to_owned(), value: value.to_owned() });
        }
        self.text.push(',');
        escape(name(key)?, &[',', '=', ' '], &mut self.text);
        self.text.push('=');
        escape(value, &[',', '=', ' '], &mut self.text);
        Ok(self)
    }

    /// Adds a text; any text.
    pub(super) fn text(mut self, key: &str, value: &str) -> Result<Self, LineError> {
        self.field(key)?;
        self.text.push('"');
        escape(value, &['"', '\\'], &mut self.text);
        self.text.push('"');
        Ok(self)
    }

    pub(super) fn integer(mut self, key: &str, value: i64) -> Result<Self, LineError> {
        self.field(key)?;
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}i");
        Ok(self)
    }

    pub(super) fn float(mut self, key: &str, value: f64) -> Result<Self, LineError> {
        if !value.is_finite() {
            return Err(LineError::NotFinite { field: key.to_owned() });
        }
        self.field(key)?;
        let _ = write!(self.text, "{value}");
        Ok(self)
    }

    pub(super) fn boolean(mut self, key: &str, value: bool) -> Result<Self, LineError> {
        self.field(key)?;
        self.text.push_str(if value { "true" } else { "false" });
        Ok(self)
    }

    /// The finished line, without a line end.
    pub(super) fn at(mut self, secs: i64) -> Result<String, LineError> {
        if self.fields == 0 {
            return Err(LineError::NoField(self.text));
        }
        let _ = write!(self.text, " {secs}");
        Ok(self.text)
    }

    fn field(&mut self, key: &str) -> Result<(), LineError> {
        self.text.push(if self.fields == 0 { ' ' } else { ',' });
        escape(name(key)?, &[',', '=', ' '], &mut self.text);
        self.text.push('=');
        self.fields += 1;
        Ok(())
    }
}

/// A measurement or a key. Names that begin with an underscore belong to the server.
fn name(text: &str) -> Result<&str, LineError> {
    let odd =
        text.is_empty() || text.starts_with('_') || text.contains(|c: char| c.is_control() || c == '\\');
    if odd { Err(LineError::Name(text.to_owned())) } else { Ok(text) }
}

fn escape(text: &str, special: &[char], into: &mut String) {
    if !text.contains(special) {
        into.push_str(text);
        return;
    }
    for character in text.chars() {
        if special.contains(&character) {
            into.push('\\');
        }
        into.push(character);
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
