//! Identifiers, parsed once at the edge so that the rest of the program can trust them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest identifier accepted. The longest real service slug seen has 165 characters.
pub const MAX_LENGTH: usize = 200;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing but white space was given.
    #[error("an identifier is empty; give lower-case letters, digits and hyphens")]
    Empty,
    /// More than [`MAX_LENGTH`] characters.
    #[error("identifier {0:?} is longer than {MAX_LENGTH} characters")]
    TooLong(String),
    /// A character outside `a-z`, `0-9`, `-` and `_`, or a hyphen first.
    #[error(
        "identifier {0:?} may hold only lower-case letters, digits, hyphens and underscores, and starts with a letter or digit"
    )]
    Malformed(String),
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_LENGTH {
        return Err(IdError::TooLong(text.to_owned()));
    }
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if starts_well && text.bytes().all(allowed) { Ok(()) } else { Err(IdError::Malformed(text.to_owned())) }
}

/// Turns a name into the form of a GOV.UK slug: lower case, apostrophes dropped, every other run of
/// characters that a slug cannot hold replaced by one hyphen.
///
/// ```
/// assert_eq!(kpi::id::slugify("Attorney General’s Office"), "attorney-generals-office");
/// ```
pub fn slugify(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !matches!(character, '\'' | '’') && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                check(text).map(|()| Self(Arc::from(text)))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
}

identifier! {
    /// The stable id of a service. It outlives renames and moves between departments, so a
    /// department is never derived from it.
    ServiceId
}
identifier! {
    /// A department or agency by its GOV.UK slug, such as `department-for-education`.
    OrganisationId
}
identifier! {
    /// The name a configuration gives a collector.
    CollectorName
}
identifier! {
    /// The name a configuration gives a receiver of alerts.
    ReceiverName
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("dfe-apply-for-teacher-training", true)]
    #[case("2012_census", true)]
    #[case("", false)]
    #[case("-leading", false)]
    #[case("Upper", false)]
    #[case("two words", false)]
    #[case("line\nbreak", false)]
    fn an_identifier_is_a_slug(#[case] text: &str, #[case] accepted: bool) {
        assert_eq!(text.parse::<ServiceId>().is_ok(), accepted);
    }

    #[rstest]
    #[case("HM Revenue & Customs", "hm-revenue-customs")]
    #[case(
        "Department for Business, Energy and Industrial Strategy",
        "department-for-business-energy-and-industrial-strategy"
    )]
    #[case("  Home Office ", "home-office")]
    fn a_name_becomes_a_slug(#[case] name: &str, #[case] slug: &str) {
        assert_eq!(slugify(name), slug);
    }
}
