//! Filters of a report: on dimensions before rows are made, on metrics after.

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::errors::Refusal;
use super::names;
use super::request::Choice;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Expression {
    #[serde(rename = "andGroup")]
    All(List),
    #[serde(rename = "orGroup")]
    Any(List),
    #[serde(rename = "notExpression")]
    Not(Box<Expression>),
    #[serde(rename = "filter")]
    One(Box<Filter>),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct List {
    expressions: Vec<Expression>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Filter {
    field_name: String,
    #[serde(rename = "stringFilter")]
    text: Option<StringFilter>,
    #[serde(rename = "inListFilter")]
    list: Option<InListFilter>,
    #[serde(rename = "numericFilter")]
    number: Option<NumericFilter>,
    #[serde(rename = "betweenFilter")]
    between: Option<BetweenFilter>,
    #[serde(rename = "emptyFilter")]
    empty: Option<serde_json::Map<String, Value>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct StringFilter {
    match_type: Option<Choice>,
    value: String,
    case_sensitive: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct InListFilter {
    values: Vec<String>,
    case_sensitive: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NumericFilter {
    operation: Choice,
    value: Number,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BetweenFilter {
    from_value: Number,
    to_value: Number,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Number {
    int64_value: Option<Value>,
    double_value: Option<f64>,
}

impl Number {
    fn value(&self) -> f64 {
        let whole = self.int64_value.as_ref().and_then(|value| match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        });
        whole.or(self.double_value).unwrap_or(0.0)
    }
}

const MATCH_TYPES: [&str; 6] =
    ["EXACT", "BEGINS_WITH", "ENDS_WITH", "CONTAINS", "FULL_REGEXP", "PARTIAL_REGEXP"];
const OPERATIONS: [&str; 5] =
    ["EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL"];

impl Expression {
    /// The fields it speaks of.
    pub(super) fn fields(&self) -> Vec<String> {
        match self {
            Self::All(list) | Self::Any(list) => list.expressions.iter().flat_map(Self::fields).collect(),
            Self::Not(inner) => inner.fields(),
            Self::One(filter) => vec![filter.field_name.clone()],
        }
    }

    /// Refuses fields there are not, and patterns that are none.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::All(list) | Self::Any(list) => list.expressions.iter().try_for_each(Self::check),
            Self::Not(inner) => inner.check(),
            Self::One(filter) => filter.check(),
        }
    }

    /// Whether it holds, given the value of each field.
    pub(super) fn holds(&self, value: &dyn Fn(&str) -> String) -> bool {
        match self {
            Self::All(list) => list.expressions.iter().all(|inner| inner.holds(value)),
            Self::Any(list) => list.expressions.iter().any(|inner| inner.holds(value)),
            Self::Not(inner) => !inner.holds(value),
            Self::One(filter) => filter.holds(&value(&filter.field_name)),
        }
    }
}

impl Filter {
    fn check(&self) -> Result<(), Refusal> {
        let name = &self.field_name;
        if !names::is_dimension(name) && names::metric_type(name).is_none() {
            return Err(Refusal::invalid(format!("Field {name} is not a valid dimension or metric.")));
        }
        if let Some(filter) = &self.text
            && filter.kind().ends_with("_REGEXP")
            && filter.pattern().is_none()
        {
            return Err(Refusal::invalid(format!("Invalid regular expression: {}", filter.value)));
        }
        Ok(())
    }

    fn holds(&self, value: &str) -> bool {
        if let Some(filter) = &self.text {
            return filter.holds(value);
        }
        if let Some(filter) = &self.list {
            let same = |wanted: &String| {
                if filter.case_sensitive { wanted == value } else { wanted.eq_ignore_ascii_case(value) }
            };
            return filter.values.iter().any(same);
        }
        let number = value.parse().unwrap_or(0.0);
        if let Some(filter) = &self.number {
            let wanted = filter.value.value();
            return match filter.operation.name(&OPERATIONS).as_deref() {
                Some("LESS_THAN") => number < wanted,
                Some("LESS_THAN_OR_EQUAL") => number <= wanted,
                Some("GREATER_THAN") => number > wanted,
                Some("GREATER_THAN_OR_EQUAL") => number >= wanted,
                _ => (number - wanted).abs() < f64::EPSILON,
            };
        }
        if let Some(filter) = &self.between {
            return number >= filter.from_value.value() && number <= filter.to_value.value();
        }
        self.empty.is_some() && (value.is_empty() || value == "(not set)")
    }
}

impl StringFilter {
    fn kind(&self) -> String {
        self.match_type
            .as_ref()
            .and_then(|kind| kind.name(&MATCH_TYPES))
            .unwrap_or_else(|| "EXACT".to_owned())
    }

    fn pattern(&self) -> Option<Regex> {
        let whole =
            if self.kind() == "FULL_REGEXP" { format!("^(?:{})$", self.value) } else { self.value.clone() };
        let pattern = if self.case_sensitive { whole } else { format!("(?i){whole}") };
        Regex::new(&pattern).ok()
    }

    fn holds(&self, value: &str) -> bool {
        let fold = |text: &str| if self.case_sensitive { text.to_owned() } else { text.to_lowercase() };
        let (value, wanted) = (fold(value), fold(&self.value));
        match self.kind().as_str() {
            "BEGINS_WITH" => value.starts_with(&wanted),
            "ENDS_WITH" => value.ends_with(&wanted),
            "CONTAINS" => value.contains(&wanted),
            "FULL_REGEXP" | "PARTIAL_REGEXP" => {
                self.pattern().is_some_and(|pattern| pattern.is_match(&value))
            }
            _ => value == wanted,
        }
    }
}
