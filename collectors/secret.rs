//! Secrets by reference: settings say where a secret is, never what it is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::{CollectError, Reason};

/// Where a secret is kept: `{ env = "NAME" }` or `{ file = "PATH" }`.
///
/// It may be printed: it holds a name. A secret written in its place is refused by a message that does
/// not repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In an environment variable of this process.
    Environment(String),
    /// In a file, less the line end it may end with. A relative path starts at the working directory.
    File(PathBuf),
}

impl SecretRef {
    /// Whether the secret can be had, found out offline: the variable is set and not empty, or the file
    /// is there. `lookup` answers for the environment.
    pub fn check(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
        match self {
            Self::Environment(name) => match lookup(name) {
                None => Err(format!("variable {name} is not set, and a secret is read from it; set it")),
                Some(value) if value.trim().is_empty() => {
                    Err(format!("variable {name} is empty, and a secret is read from it; set it"))
                }
                Some(_) => Ok(()),
            },
            Self::File(path) if path.is_file() => Ok(()),
            Self::File(path) => {
                Err(format!("secret file {} is not there; put the secret in it", path.display()))
            }
        }
    }

    /// The secret itself, read when it is first needed.
    pub fn open(&self) -> Secret {
        let kept = match self {
            Self::Environment(name) => Kept::Environment(name.clone()),
            Self::File(path) => Kept::File { path: path.clone(), read: Arc::default() },
        };
        Secret(kept)
    }
}

/// A secret that follows its place: a file that changed is read again, so that rotating a key needs no
/// restart. Clones share what was read.
#[derive(Clone)]
pub struct Secret(Kept);

#[derive(Clone)]
enum Kept {
    Environment(String),
    File { path: PathBuf, read: Arc<Mutex<Option<ReadFile>>> },
    Made(SecretString),
}

struct ReadFile {
    modified: Option<SystemTime>,
    length_bytes: u64,
    content: SecretString,
}

/// A key file of a service account has about 2,400 bytes; more than this is some other file.
const LARGEST_BYTES: u64 = 64 * 1024;

impl Secret {
    /// The secret as it is now. A file is read only if its time or length changed since the last call.
    pub async fn current(&self) -> Result<SecretString, CollectError> {
        let (path, kept) = match &self.0 {
            Kept::Environment(name) => return from_environment(name),
            Kept::Made(secret) => return Ok(secret.clone()),
            Kept::File { path, read } => (path, read),
        };
        let metadata = tokio::fs::metadata(path).await.map_err(|error| unreadable(path, &error))?;
        let (modified, length_bytes) = (metadata.modified().ok(), metadata.len());
        if length_bytes > LARGEST_BYTES {
            let problem = format!(
                "secret file {} has {length_bytes} bytes; a secret has at most {LARGEST_BYTES}: name another file",
                path.display()
            );
            return Err(CollectError::new(Reason::Config, problem));
        }
        let unchanged = locked(kept)
            .as_ref()
            .filter(|read| {
                modified.is_some() && read.modified == modified && read.length_bytes == length_bytes
            })
            .map(|read| read.content.clone());
        if let Some(content) = unchanged {
            return Ok(content);
        }
        let text = tokio::fs::read_to_string(path).await.map_err(|error| unreadable(path, &error))?;
        let content = cleaned(&text, &path.display().to_string())?;
        *locked(kept) = Some(ReadFile { modified, length_bytes, content: content.clone() });
        Ok(content)
    }

    /// The secret read anew, although nothing seems to have changed: within one tick of the file
    /// system's clock a key of the same length can be written unnoticed.
    pub async fn reread(&self) -> Result<SecretString, CollectError> {
        if let Kept::File { read, .. } = &self.0 {
            *locked(read) = None;
        }
        self.current().await
    }
}

fn locked(read: &Mutex<Option<ReadFile>>) -> std::sync::MutexGuard<'_, Option<ReadFile>> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A secret made by the program itself, such as a signed assertion for a token.
impl From<SecretString> for Secret {
    fn from(secret: SecretString) -> Self {
        Self(Kept::Made(secret))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::Environment(name) => write!(f, "Secret(variable {name})"),
            Kept::File { path, .. } => write!(f, "Secret(file {})", path.display()),
            Kept::Made(_) => f.write_str("Secret(made)"),
        }
    }
}

fn from_environment(name: &str) -> Result<SecretString, CollectError> {
    let text = std::env::var(name).map_err(|_| {
        let problem = format!("variable {name} is not set to a text, and a secret is read from it; set it");
        CollectError::new(Reason::Config, problem)
    })?;
    cleaned(&text, &format!("variable {name}"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> CollectError {
    // Only the kind: the text of an error on odd content may quote it.
    let problem = format!(
        "secret file {} cannot be read: {}; give a text file this program may read",
        path.display(),
        error.kind()
    );
    CollectError::new(Reason::Config, problem)
}

fn cleaned(text: &str, place: &str) -> Result<SecretString, CollectError> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return Err(CollectError::new(Reason::Config, format!("the secret in {place} is empty; set it")));
    }
    Ok(SecretString::from(text))
}

const INLINE: &str =
    "a secret is not written here but referred to; write { env = \"NAME\" } or { file = \"PATH\" }";

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

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
        let first: Option<(String, toml::Value)> = map.next_entry()?;
        let more = map.next_key::<de::IgnoredAny>()?.is_some();
        let pair = first.filter(|_| !more);
        match pair.as_ref().map(|(key, value)| (key.as_str(), value.as_str())) {
            Some(("env", Some(name))) if is_variable_name(name) => {
                Ok(SecretRef::Environment(name.to_owned()))
            }
            // Not repeated: it may be the secret itself, written in the wrong place.
            Some(("env", _)) => Err(de::Error::custom(
                "env names no variable; give the name of one: letters, digits and underscores",
            )),
            Some(("file", Some(path))) if !path.is_empty() => Ok(SecretRef::File(PathBuf::from(path))),
            _ => Err(de::Error::custom(INLINE)),
        }
    }
}

fn is_variable_name(text: &str) -> bool {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts_well && text.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
}

/// Whether two secrets are the same text.
pub(crate) fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
