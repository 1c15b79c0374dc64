//! Secrets by reference: a configuration says where a secret is, never what it is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::interpolate::is_variable_name;

/// Where a secret is kept: `{ env = "NAME" }` or `{ file = "PATH" }`.
///
/// It may be printed: it holds a name. A secret written in its place is refused by a message that does
/// not repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In an environment variable.
    Environment(String),
    /// In a file, less the line end it may end with.
    File(PathBuf),
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not in the environment.
    #[error("variable {0} is not set, and a secret is read from it; set it before starting")]
    Unset(String),
    /// The file cannot be read.
    #[error("secret file {} cannot be read: {problem}; give a file this program may read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// There is nothing there.
    #[error("the secret in {0} is empty")]
    Empty(String),
}

impl SecretRef {
    /// Reads the secret. A relative file is looked for in `working_dir`.
    pub fn resolve(
        &self,
        environment: &BTreeMap<String, String>,
        working_dir: &Path,
    ) -> Result<SecretString, SecretError> {
        let (place, secret) = match self {
            Self::Environment(name) => {
                let secret = environment.get(name).ok_or_else(|| SecretError::Unset(name.clone()))?;
                (name.clone(), secret.clone())
            }
            Self::File(path) => {
                let text = std::fs::read_to_string(working_dir.join(path)).map_err(|error| {
                    SecretError::Unreadable { path: path.clone(), problem: super::layers::reason(&error) }
                })?;
                (path.display().to_string(), text.trim_end_matches(['\r', '\n']).to_owned())
            }
        };
        if secret.is_empty() { Err(SecretError::Empty(place)) } else { Ok(SecretString::from(secret)) }
    }
}

const INLINE: &str =
    "a secret is not written here but referred to; write { env = \"NAME\" } or { file = \"PATH\" }";

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = SecretRef;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{ env = \"NAME\" } or { file = \"PATH\" }")
            }
            // Serde's own message for a wrong type repeats the value, so each type is refused here.
            fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretRef, E> {
                Err(E::custom(INLINE))
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretRef, E> {
                Err(E::custom(INLINE))
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretRef, E> {
                Err(E::custom(INLINE))
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretRef, E> {
                Err(E::custom(INLINE))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
                let first: Option<(String, String)> = map.next_entry()?;
                let more = map.next_key::<de::IgnoredAny>()?.is_some();
                let pair = first.filter(|_| !more);
                match pair.as_ref().map(|(key, value)| (key.as_str(), value)) {
                    Some(("env", name)) if is_variable_name(name) => Ok(SecretRef::Environment(name.clone())),
                    // Not repeated: it may be the secret itself, written in the wrong place.
                    Some(("env", _)) => Err(de::Error::custom(
                        "env names no variable; give the name of one: letters, digits and underscores",
                    )),
                    Some(("file", path)) if !path.is_empty() => Ok(SecretRef::File(PathBuf::from(path))),
                    _ => Err(de::Error::custom(INLINE)),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    const SECRET: &str = "correct-horse";

    #[derive(Debug, serde::Deserialize)]
    struct Holder {
        #[allow(dead_code, reason = "read through Debug")]
        token: SecretRef,
    }

    #[test]
    fn a_secret_written_in_place_is_refused_without_being_repeated() {
        for text in [
            format!("token = {SECRET:?}"),
            format!("token = {{ env = {SECRET:?} }}"),
            format!("token = {{ value = {SECRET:?} }}"),
            format!("token = {{ file = \"a\", env = {SECRET:?} }}"),
        ] {
            let error = toml::from_str::<toml::Table>(&text).unwrap().try_into::<Holder>().unwrap_err();
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
    }

    #[test]
    fn a_secret_is_never_in_debug() {
        let environment = BTreeMap::from([("TOKEN".to_owned(), SECRET.to_owned())]);
        let reference = SecretRef::Environment("TOKEN".to_owned());
        let secret = reference.resolve(&environment, Path::new("")).unwrap();
        assert_eq!(secret.expose_secret(), SECRET);
        assert!(!format!("{reference:?} {secret:?}").contains(SECRET));
    }

    #[test]
    fn a_secret_file_is_read_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), format!("{SECRET}\r\n")).unwrap();
        let secret = SecretRef::File("token".into()).resolve(&BTreeMap::new(), folder.path()).unwrap();
        assert_eq!(secret.expose_secret(), SECRET);
    }
}
