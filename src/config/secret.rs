//! References to secrets in a collector's settings, whatever its kind.

use collectors::SecretRef;
use serde::Deserialize;

/// Every reference to a secret in a collector's settings, with the keys that lead to it. A table whose
/// one key is `env` or `file` is one, whatever the kind.
pub(super) fn references(settings: &toml::Table) -> Vec<(Vec<String>, SecretRef)> {
    let mut found = Vec::new();
    for (key, value) in settings {
        let toml::Value::Table(table) = value else { continue };
        let reference = table.len() == 1 && (table.contains_key("env") || table.contains_key("file"));
        if !reference {
            for (mut keys, secret) in references(table) {
                keys.insert(0, key.clone());
                found.push((keys, secret));
            }
        } else if let Ok(secret) = SecretRef::deserialize(value.clone()) {
            found.push((vec![key.clone()], secret));
        }
    }
    found
}
