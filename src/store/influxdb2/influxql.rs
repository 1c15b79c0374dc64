//! InfluxQL text. What comes from outside gets into a statement through [`text`] alone.

use std::fmt::Write;

/// A name: of a measurement, a tag or a field. Quoted always, since words such as `exact` are InfluxQL's.
pub(super) fn name(name: &str) -> String {
    quoted(name, '"')
}

/// A text to compare with.
pub(super) fn text(text: &str) -> String {
    quoted(text, '\'')
}

fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for character in text.chars() {
        match character {
            '\n' => quoted.push_str("\\n"),
            '\\' => quoted.push_str("\\\\"),
            character if character == quote => {
                quoted.push('\\');
                quoted.push(character);
            }
            character => quoted.push(character),
        }
    }
    quoted.push(quote);
    quoted
}

/// A `SELECT` under construction.
#[derive(Debug, Clone)]
pub(super) struct Select {
    head: String,
    conditions: Vec<String>,
    tail: String,
}

impl Select {
    /// The fields of a measurement.
    pub(super) fn fields(fields: &[&str], measurement: &str) -> Self {
        let names: Vec<String> = fields.iter().map(|field| name(field)).collect();
        Self::expression(&names.join(","), measurement)
    }

    /// One value made of a field: `LAST` or `FIRST`.
    pub(super) fn one(function: &str, field: &str, measurement: &str) -> Self {
        Self::expression(&format!("{function}({})", name(field)), measurement)
    }

    fn expression(expression: &str, measurement: &str) -> Self {
        let head = format!("SELECT {expression} FROM {}", name(measurement));
        Self { head, conditions: Vec::new(), tail: String::new() }
    }

    /// Only points whose tag has one of these values. None at all selects nothing.
    pub(super) fn where_any<'a>(mut self, tag: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let tag = name(tag);
        let any: Vec<String> = values.into_iter().map(|value| format!("{tag}={}", text(value))).collect();
        // A condition that no point meets, since no tag is empty and present.
        let any = if any.is_empty() { format!("{tag}='' AND {tag}!=''") } else { any.join(" OR ") };
        self.conditions.push(format!("({any})"));
        self
    }

    /// Only points with at most this number in a field.
    pub(super) fn where_at_most(mut self, field: &str, number: i64) -> Self {
        self.conditions.push(format!("{}<={number}", name(field)));
        self
    }

    /// Only points from one second up to another, which is not included.
    pub(super) fn between(mut self, from_secs: i64, to_secs: i64) -> Self {
        self.conditions.push(format!("time>={from_secs}s AND time<{to_secs}s"));
        self
    }

    /// One answer for each combination of these tags.
    pub(super) fn by(mut self, tags: &[&str]) -> Self {
        let names: Vec<String> = tags.iter().map(|tag| name(tag)).collect();
        // Writing to a String cannot fail.
        let _ = write!(self.tail, " GROUP BY {}", names.join(","));
        self
    }

    /// Of each answer only the newest points, newest first.
    pub(super) fn newest(mut self, count: usize) -> Self {
        let _ = write!(self.tail, " ORDER BY time DESC LIMIT {count}");
        self
    }

    pub(super) fn build(&self) -> String {
        let mut statement = self.head.clone();
        if !self.conditions.is_empty() {
            statement.push_str(" WHERE ");
            statement.push_str(&self.conditions.join(" AND "));
        }
        statement.push_str(&self.tail);
        statement
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a quoted text as the server's scanner does; `None` where it does not end with the input.
    fn unquote(quoted: &str, quote: char) -> Option<String> {
        let mut characters = quoted.strip_prefix(quote)?.chars();
        let mut text = String::new();
        loop {
            match characters.next()? {
                '\\' => text.push(match characters.next()? {
                    'n' => '\n',
                    escaped @ ('\\' | '"' | '\'') => escaped,
                    _ => return None,
                }),
                // The server refuses a line end within quotes.
                '\n' => return None,
                end if end == quote => return characters.next().is_none().then_some(text),
                other => text.push(other),
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_ends_its_quotes(raw in r#"[\\'"\n; a-zé]{0,16}|.{0,16}"#) {
            prop_assert_eq!(unquote(&text(&raw), '\''), Some(raw.clone()));
            prop_assert_eq!(unquote(&name(&raw), '"'), Some(raw));
        }
    }

    #[test]
    fn a_statement_reads_as_documented() {
        let statement = Select::fields(&["state", "exact"], "pp_figure")
            .where_any("service", ["a", "it's"])
            .between(0, 86_400)
            .where_at_most("collected_at", 5)
            .by(&["service"])
            .newest(2);
        assert_eq!(
            statement.build(),
            r#"SELECT "state","exact" FROM "pp_figure" WHERE ("service"='a' OR "service"='it\'s') AND time>=0s AND time<86400s AND "collected_at"<=5 GROUP BY "service" ORDER BY time DESC LIMIT 2"#
        );
    }
}
