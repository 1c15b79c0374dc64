//! The manual says what the program does.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::raw::{
    RawCollector, RawDefinition, RawPusher, RawQuietHours, RawReceiver, RawService, RawSettings,
};
use super::scalar::Length;
use super::settings::{KeepPeriods, PurgeGuard};

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.as_secs();
        let minutes = seconds > 0 && seconds.is_multiple_of(60);
        serializer.serialize_str(&if minutes { format!("{}m", seconds / 60) } else { format!("{seconds}s") })
    }
}

impl Serialize for KeepPeriods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Count(count) => serializer.serialize_u32(count.get()),
        }
    }
}

impl Serialize for PurgeGuard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str("off"),
            Self::After(age) => Length(*age).serialize(serializer),
        }
    }
}

/// A secret has no default, and is never written out.
pub(super) fn nothing<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// Every key and its default; a key without one is `null`.
fn defaults() -> BTreeMap<String, Value> {
    fn flatten(path: &str, value: Value, keys: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(table) if !table.is_empty() => {
                for (key, child) in table {
                    flatten(&format!("{path}{}{key}", if path.is_empty() { "" } else { "." }), child, keys);
                }
            }
            leaf => {
                keys.insert(path.to_owned(), leaf);
            }
        }
    }
    let mut keys = BTreeMap::new();
    flatten("", serde_json::to_value(RawSettings::default()).unwrap(), &mut keys);
    keys.remove("collectors");
    keys.remove("push");
    flatten("push.NAME", serde_json::to_value(RawPusher::default()).unwrap(), &mut keys);
    keys.remove("receivers");
    flatten("receivers.NAME", serde_json::to_value(RawReceiver::default()).unwrap(), &mut keys);
    let quiet = serde_json::to_value(RawQuietHours::default()).unwrap();
    flatten("receivers.NAME.quiet_hours", quiet, &mut keys);
    flatten("collectors.NAME", serde_json::to_value(RawCollector::default()).unwrap(), &mut keys);
    flatten("service", serde_json::to_value(RawService::default()).unwrap(), &mut keys);
    flatten("service.digital", serde_json::to_value(RawDefinition::default()).unwrap(), &mut keys);
    keys
}

#[test]
fn the_manual_names_every_key_with_its_default() {
    let manual: BTreeMap<String, String> = include_str!("../../docs/configuration.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| {
            let (key, rest) = row.split_once("` | ").unwrap();
            (key.to_owned(), rest.split_once(" | ").unwrap().0.replace('`', ""))
        })
        .collect();
    let defaults = defaults();
    assert_eq!(manual.keys().collect::<Vec<_>>(), defaults.keys().collect::<Vec<_>>());
    for (key, default) in defaults {
        if default.is_null() {
            assert!(["none", "required"].contains(&manual[&key].as_str()), "{key} has no default");
        } else {
            assert_eq!(manual[&key], default.to_string(), "default of {key}");
        }
    }
}

#[test]
fn the_manual_names_the_purge_guard_of_every_kind() {
    let manual = include_str!("../../docs/configuration.md");
    let rows: BTreeMap<&str, &str> = manual
        .lines()
        .skip_while(|line| *line != "### Purge guard")
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .flat_map(|(kinds, rest)| kinds.split(", ").map(move |kind| (kind, rest)))
        .collect();
    for kind in collectors::kinds() {
        let row = rows.get(kind.name).or(rows.get("every other")).unwrap();
        let expected =
            kind.purge_guard_days.map_or("`\"off\"`".to_owned(), |days| format!("`\"{days} days\"`"));
        assert!(row.starts_with(&expected), "{}: {row}", kind.name);
    }
}

#[test]
fn the_annotated_example_shows_every_key() {
    let example = include_str!("../../config/example.toml");
    for key in defaults().keys() {
        let name = key.rsplit('.').next().unwrap();
        let shown = [format!("{name} = "), format!(".{name}]")].iter().any(|form| example.contains(form));
        assert!(shown, "{key} is not in config/example.toml");
    }
}
