//! What Matomo does to every report last: limit rows, choose columns, format numbers, add shares.

use serde_json::{Map, Value, json};

use super::{Query, Version};

/// Rows given when `filter_limit` is left out.
const ROWS: usize = 100;

impl Query<'_> {
    /// The report as it goes out. `draw` decides which counts are text: PHP's database layer gives
    /// some numbers as strings, and which ones depends on where they come from.
    pub(super) fn finish(&self, value: Value, draw: u64) -> Value {
        match value {
            Value::Array(mut rows) => {
                if self.options.version >= Version(6, 0) && !self.parameters.is_off("percent_of_total") {
                    add_shares(&mut rows);
                }
                let rows = self.page(rows).into_iter().map(|row| match row {
                    Value::Object(row) => Value::Object(self.row(row, draw)),
                    other => other,
                });
                rows.collect()
            }
            Value::Object(members) => {
                let mut members = self.row(members, draw);
                if members.len() == 1
                    && let Some((_, value)) = std::mem::take(&mut members).into_iter().next()
                {
                    return json!({"value": value});
                }
                Value::Object(members)
            }
            other => other,
        }
    }

    fn page(&self, rows: Vec<Value>) -> Vec<Value> {
        let number = |name: &str| self.parameters.get(name).and_then(|text| text.parse::<i64>().ok());
        let limit = match number("filter_limit") {
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
            None => ROWS,
        };
        let offset = number("filter_offset").and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0);
        rows.into_iter().skip(offset).take(limit).collect()
    }

    fn row(&self, members: Map<String, Value>, draw: u64) -> Map<String, Value> {
        let chosen: Option<Vec<&str>> = self
            .parameters
            .get("showColumns")
            .filter(|text| !text.is_empty())
            .map(|text| text.split(',').collect());
        let is_chosen = |name: &String| {
            name == "label" || chosen.as_ref().is_none_or(|chosen| chosen.contains(&name.as_str()))
        };
        members
            .into_iter()
            .filter(|(name, _)| is_chosen(name))
            .map(|(name, value)| {
                let value = match value {
                    Value::Object(inner) => Value::Object(
                        inner
                            .into_iter()
                            .map(|(goal, value)| match value {
                                Value::Object(row) => (goal, Value::Object(self.row(row, draw))),
                                other => (goal, other),
                            })
                            .collect(),
                    ),
                    other => self.number(&name, other, draw),
                };
                (name, value)
            })
            .collect()
    }

    fn number(&self, name: &str, value: Value, draw: u64) -> Value {
        if name.ends_with("_rate") || name.ends_with("_percent_of_total") {
            return self.rate(value.as_u64().unwrap_or(0));
        }
        if matches!(name, "nb_visits" | "nb_conversions") && draw.is_multiple_of(3) {
            return json!(value.to_string());
        }
        value
    }

    /// A share of one as a number, or as text in the user's language.
    fn rate(&self, ten_thousandths: u64) -> Value {
        let (whole, part) = (ten_thousandths / 100, ten_thousandths % 100);
        if self.parameters.is_off("format_metrics") {
            let text = format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000);
            return serde_json::from_str(&text).unwrap_or_default();
        }
        let fraction = format!("{part:02}");
        let fraction = fraction.trim_end_matches('0');
        let (mark, unit) = match self.parameters.get("language") {
            Some("de" | "fr") => (",", "\u{a0}%"),
            _ => (".", "%"),
        };
        if fraction.is_empty() {
            json!(format!("{whole}{unit}"))
        } else {
            json!(format!("{whole}{mark}{fraction}{unit}"))
        }
    }
}

fn add_shares(rows: &mut [Value]) {
    for metric in ["nb_visits", "nb_events", "nb_hits"] {
        let total: u64 = rows.iter().filter_map(|row| row.get(metric)?.as_u64()).sum();
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            if let Some(count) = row.get(metric).and_then(Value::as_u64) {
                row.insert(format!("{metric}_percent_of_total"), super::reports::rate(count, total));
            }
        }
    }
}
