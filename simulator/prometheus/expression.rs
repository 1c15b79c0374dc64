//! The part of `PromQL` that collectors use.

use regex::Regex;

/// How a label must compare.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    Equal(String, String),
    NotEqual(String, String),
    Matches(String, Regex),
}

/// What is done with a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Its value.
    Value,
    /// Its increase over some seconds.
    Increase(i64),
    /// Its increase a second over some seconds.
    Rate(i64),
}

/// `[sum [by (…)] (] [increase|rate (] metric{…} [[span]] [)] [)]`
#[derive(Debug, Clone)]
pub(super) struct Expression {
    pub(super) metric: String,
    pub(super) matchers: Vec<Matcher>,
    pub(super) function: Function,
    /// Labels kept by a sum; `None` when nothing is summed.
    pub(super) by: Option<Vec<String>>,
}

/// A span such as `23h` or `1h30m`, in seconds.
pub(super) fn duration(text: &str) -> Option<i64> {
    let pattern = Regex::new(r"^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$").ok()?;
    let groups = pattern.captures(text).filter(|_| !text.is_empty())?;
    let seconds = (1..).zip([604_800, 86_400, 3600, 60, 1]);
    let sum =
        seconds.filter_map(|(group, unit)| Some(groups.get(group)?.as_str().parse::<i64>().ok()? * unit));
    Some(sum.sum())
}

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let pattern = Regex::new(
            r"(?s)^\s*(?:(?<sum>sum)\s*(?:by\s*\((?<before>[^)]*)\)\s*)?\(\s*)?(?:(?<function>increase|rate)\s*\(\s*)?(?<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(?<labels>[^}]*)\})?\s*(?:\[(?<span>[^\]]*)\])?\s*(?<close>(?:\)\s*)*)(?:by\s*\((?<after>[^)]*)\)\s*)?$",
        )
        .map_err(|error| error.to_string())?;
        let groups =
            pattern.captures(text).ok_or("unexpected token or an expression the stand-in does not know")?;
        let group = |name: &str| groups.name(name).map(|found| found.as_str());
        let opened = usize::from(group("sum").is_some()) + usize::from(group("function").is_some());
        if group("close").unwrap_or_default().matches(')').count() != opened {
            return Err("unclosed left parenthesis".to_owned());
        }
        let span = group("span")
            .map(|span| duration(span).ok_or_else(|| format!("not a valid duration string: {span:?}")));
        let function = match (group("function"), span.transpose()?) {
            (Some("increase"), Some(span)) => Function::Increase(span),
            (Some(_), Some(span)) => Function::Rate(span),
            (None, None) => Function::Value,
            _ => return Err("expected type range vector in call to function, got instant vector".to_owned()),
        };
        let by = group("before").or_else(|| group("after")).unwrap_or_default();
        let labels =
            by.split(',').map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect();
        Ok(Self {
            metric: group("metric").unwrap_or_default().to_owned(),
            matchers: matchers(group("labels").unwrap_or_default())?,
            function,
            by: group("sum").map(|_| labels),
        })
    }
}

fn matchers(text: &str) -> Result<Vec<Matcher>, String> {
    let pattern =
        Regex::new(r#"\s*([a-zA-Z_]\w*)\s*(=~|!=|=)\s*"([^"]*)"\s*,?"#).map_err(|error| error.to_string())?;
    if !pattern.replace_all(text, "").trim().is_empty() {
        return Err(format!("unexpected {text:?} in label matching"));
    }
    pattern
        .captures_iter(text)
        .map(|groups| {
            let [_, name, operator, value] =
                [0, 1, 2, 3].map(|index| groups.get(index).map_or("", |it| it.as_str()));
            Ok(match operator {
                "=" => Matcher::Equal(name.to_owned(), value.to_owned()),
                "!=" => Matcher::NotEqual(name.to_owned(), value.to_owned()),
                // Patterns are anchored at both ends.
                _ => {
                    let regex = Regex::new(&format!("^(?:{value})$")).map_err(|error| error.to_string())?;
                    Matcher::Matches(name.to_owned(), regex)
                }
            })
        })
        .collect()
}
