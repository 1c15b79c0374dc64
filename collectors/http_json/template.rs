//! Questions with places for what changes: `{from}`, `{to:%Y%m%d}`, `{page}`.

use std::sync::LazyLock;

use jiff::Zoned;
use jiff::fmt::strtime;
use regex::Regex;
use serde_json::Value;

/// What is put in place of each placeholder.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// First instant of the window.
    pub(super) from: Zoned,
    /// The instant after its last.
    pub(super) to: Zoned,
    /// Its last day, or for hours its last second.
    pub(super) last: Zoned,
    /// Whether `{from}` alone is an instant and not a date.
    pub(super) hourly: bool,
    pub(super) page: u64,
    pub(super) offset: u64,
    pub(super) size: Option<u64>,
    pub(super) cursor: Option<String>,
}

/// A text with placeholders.
#[derive(Clone)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Time { edge: Edge, format: Format },
    Page,
    Offset,
    Size,
    Cursor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    From,
    To,
    Last,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Format {
    Usual,
    Instant,
    Epoch,
    EpochMillis,
    Pattern(String),
}

/// A name in braces. What else stands in braces is none of ours: bodies are full of it.
static PLACEHOLDER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{([a-z_]+)(?::([^{}]*))?\}").ok());

impl Template {
    /// Reads a text; the problem names a placeholder there is none of.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut written = 0;
        let found = PLACEHOLDER.iter().flat_map(|regex| regex.captures_iter(text));
        for captures in found {
            let Some(whole) = captures.get(0) else { continue };
            pieces.push(Piece::Text(text.get(written..whole.start()).unwrap_or_default().to_owned()));
            written = whole.end();
            let name = captures.get(1).map_or("", |name| name.as_str());
            pieces.push(placeholder(name, captures.get(2).map(|format| format.as_str()))?);
        }
        pieces.push(Piece::Text(text.get(written..).unwrap_or_default().to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }

    /// Whether it says where to go on, which only paging knows.
    pub(super) fn turns_pages(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Page | Piece::Offset | Piece::Cursor))
    }

    /// Whether it holds the cursor.
    pub(super) fn has_cursor(&self) -> bool {
        self.0.contains(&Piece::Cursor)
    }

    /// The text; nothing where it holds a cursor and there is none yet.
    pub(super) fn fill(&self, values: &Values) -> Option<String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Time { edge, format } => text.push_str(&values.time(*edge, format)),
                Piece::Page => text.push_str(&values.page.to_string()),
                Piece::Offset => text.push_str(&values.offset.to_string()),
                Piece::Size => text.push_str(&values.size?.to_string()),
                Piece::Cursor => text.push_str(values.cursor.as_deref()?),
            }
        }
        Some(text)
    }

    /// As a value in JSON: a number where the text is nothing but one, null where there is no cursor.
    fn fill_json(&self, values: &Values) -> Value {
        let text = self.fill(values);
        let numeric = matches!(
            self.0.as_slice(),
            [Piece::Page
                | Piece::Offset
                | Piece::Size
                | Piece::Time { format: Format::Epoch | Format::EpochMillis, .. }]
        );
        let number = text.as_deref().filter(|_| numeric).and_then(|text| text.parse::<i64>().ok());
        number.map(Value::from).or(text.map(Value::from)).unwrap_or(Value::Null)
    }
}

/// A body with every text in it filled in.
pub(super) fn fill_body(body: &Value, values: &Values) -> Value {
    match body {
        Value::String(text) => {
            Template::parse(text).map_or_else(|_| body.clone(), |text| text.fill_json(values))
        }
        Value::Array(items) => items.iter().map(|item| fill_body(item, values)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), fill_body(value, values))).collect()
        }
        other => other.clone(),
    }
}

/// Every text in a body, as a template.
pub(super) fn body_templates(body: &Value) -> Result<Vec<Template>, String> {
    match body {
        Value::String(text) => Ok(vec![Template::parse(text)?]),
        Value::Array(items) => items.iter().map(body_templates).collect::<Result<Vec<_>, _>>().map(flat),
        Value::Object(members) => {
            members.values().map(body_templates).collect::<Result<Vec<_>, _>>().map(flat)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Vec::new()),
    }
}

fn flat(lists: Vec<Vec<Template>>) -> Vec<Template> {
    lists.into_iter().flatten().collect()
}

fn placeholder(name: &str, format: Option<&str>) -> Result<Piece, String> {
    let edge = match name {
        "from" => Edge::From,
        "to" => Edge::To,
        "last" => Edge::Last,
        "page" => return Ok(Piece::Page),
        "offset" => return Ok(Piece::Offset),
        "size" => return Ok(Piece::Size),
        "cursor" => return Ok(Piece::Cursor),
        _ => {
            return Err(format!(
                "{{{name}}} is no placeholder; use {{from}}, {{to}}, {{last}}, {{page}}, {{offset}}, {{size}} or \
                 {{cursor}}"
            ));
        }
    };
    let format = match format {
        None => Format::Usual,
        Some("instant") => Format::Instant,
        Some("epoch") => Format::Epoch,
        Some("epoch_ms") => Format::EpochMillis,
        Some(pattern) if pattern.contains('%') && strtime::format(pattern, &Zoned::default()).is_ok() => {
            Format::Pattern(pattern.to_owned())
        }
        Some(other) => {
            return Err(format!(
                "{other:?} is no way to write a time; use instant, epoch, epoch_ms or a pattern such as %Y%m%d"
            ));
        }
    };
    Ok(Piece::Time { edge, format })
}

impl Values {
    fn time(&self, edge: Edge, format: &Format) -> String {
        let time = match edge {
            Edge::From => &self.from,
            Edge::To => &self.to,
            Edge::Last => &self.last,
        };
        match format {
            Format::Usual if !self.hourly => time.date().to_string(),
            Format::Usual | Format::Instant => time.timestamp().to_string(),
            Format::Epoch => time.timestamp().as_second().to_string(),
            Format::EpochMillis => time.timestamp().as_millisecond().to_string(),
            // Checked when the settings were read.
            Format::Pattern(pattern) => strtime::format(pattern, time).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn values() -> Values {
        let at = |text: &str| text.parse::<Zoned>().unwrap();
        Values {
            from: at("2026-03-29T00:00[Europe/London]"),
            to: at("2026-03-30T00:00[Europe/London]"),
            last: at("2026-03-29T00:00[Europe/London]"),
            hourly: false,
            page: 2,
            offset: 100,
            size: Some(50),
            cursor: None,
        }
    }

    #[rstest]
    #[case("{from}..{last}", Some("2026-03-29..2026-03-29"))]
    #[case("{to:instant}", Some("2026-03-29T23:00:00Z"))]
    #[case("{from:%Y%m%d}", Some("20260329"))]
    #[case("{from:epoch} {to:epoch_ms}", Some("1774742400 1774825200000"))]
    #[case("{page} {offset} {size}", Some("2 100 50"))]
    #[case("after {cursor}", None)]
    #[case("{\"a\": {}}", Some("{\"a\": {}}"))]
    fn a_template_is_filled(#[case] text: &str, #[case] filled: Option<&str>) {
        assert_eq!(Template::parse(text).unwrap().fill(&values()).as_deref(), filled);
    }

    #[test]
    fn a_body_keeps_its_numbers_and_has_null_for_no_cursor() {
        let body = serde_json::json!({"page": "{page}", "after": "{cursor}", "days": ["{from}", 7, null]});
        let filled = serde_json::json!({"page": 2, "after": null, "days": ["2026-03-29", 7, null]});
        assert_eq!(fill_body(&body, &values()), filled);
    }

    #[rstest]
    #[case("{form}", "{form} is no placeholder")]
    #[case("{from:dd/mm}", "\"dd/mm\" is no way to write a time")]
    #[case("{from:%!}", "is no way to write a time")]
    fn a_wrong_placeholder_is_named(#[case] text: &str, #[case] said: &str) {
        let problem = Template::parse(text).err().unwrap();
        assert!(problem.contains(said), "{problem}");
    }
}
