//! How an answer goes on, and that it comes to an end.

use std::collections::HashSet;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::config::PagingKind;
use super::template::Values;
use crate::http::{Address, Reply};
use crate::{CollectError, Reason};

/// How the pages of an answer follow each other.
#[derive(Debug, Clone)]
pub(super) struct Paging {
    pub(super) kind: PagingKind,
    /// The parameter that says which page; unless a template says it.
    pub(super) parameter: Option<String>,
    pub(super) size_parameter: Option<String>,
    pub(super) size: Option<u64>,
    /// The number of the first page, or row.
    pub(super) first: u64,
    /// Where in the body the cursor or link is.
    pub(super) pointer: String,
    /// Where the number of all rows is.
    pub(super) total: Option<String>,
    /// The status that means that the last page has been passed.
    pub(super) end_status: Option<u16>,
}

/// Where in the answer we are.
pub(super) struct Turn {
    pub(super) values: Values,
    pub(super) link: Option<Address>,
    pub(super) pages: u32,
    pub(super) rows: u64,
    /// How many rows the source says there are.
    pub(super) announced: Option<u64>,
    seen_pages: HashSet<[u8; 32]>,
    seen_places: HashSet<String>,
}

impl Turn {
    pub(super) fn first(values: Values) -> Self {
        Self {
            values,
            link: None,
            pages: 0,
            rows: 0,
            announced: None,
            seen_pages: HashSet::new(),
            seen_places: HashSet::new(),
        }
    }
}

impl Paging {
    /// The pairs of the query string that say which page.
    pub(super) fn parameters(&self, values: &Values) -> Vec<(String, String)> {
        let place = match self.kind {
            PagingKind::None | PagingKind::NextLink | PagingKind::LinkHeader => None,
            PagingKind::Page => Some(values.page.to_string()),
            PagingKind::Offset => Some(values.offset.to_string()),
            PagingKind::Cursor => values.cursor.clone(),
        };
        let place = self.parameter.clone().zip(place);
        let size = self.size_parameter.clone().zip(self.size.map(|size| size.to_string()));
        place.into_iter().chain(size).collect()
    }

    /// Goes on to the page after this one; false when this was the last.
    ///
    /// A page shorter than asked for is not taken for the last one: sources lower the size without
    /// saying so. Numbered pages end with an empty one, the announced total, or `end_status`.
    pub(super) fn turn(
        &self,
        turn: &mut Turn,
        reply: &Reply,
        body: &Value,
        rows: &[Value],
    ) -> Result<bool, CollectError> {
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        turn.pages += 1;
        turn.rows = turn.rows.saturating_add(count);
        if let Some(pointer) = &self.total {
            turn.announced = Some(total(reply, body, pointer)?);
        }
        if !rows.is_empty() && !turn.seen_pages.insert(fingerprint(rows)) {
            let problem = format!(
                "{} gave the same page twice, the second time as page {}; check what `paging` says about its pages",
                reply.address(),
                turn.pages
            );
            return Err(CollectError::new(Reason::Malformed, problem));
        }
        let all = turn.announced.is_some_and(|announced| turn.rows >= announced);
        match self.kind {
            PagingKind::None => Ok(false),
            PagingKind::Page | PagingKind::Offset => {
                turn.values.page = turn.values.page.saturating_add(1);
                turn.values.offset = turn.values.offset.saturating_add(count);
                Ok(!rows.is_empty() && !all)
            }
            PagingKind::Cursor => {
                let cursor = text_at(body, &self.pointer);
                self.goes_to(turn, reply, cursor.as_deref())?;
                turn.values.cursor = cursor;
                Ok(turn.values.cursor.is_some())
            }
            PagingKind::NextLink | PagingKind::LinkHeader => {
                let link = match self.kind {
                    PagingKind::NextLink => text_at(body, &self.pointer),
                    _ => {
                        reply.headers.get_all("link").iter().find_map(|value| next_link(value.to_str().ok()?))
                    }
                };
                self.goes_to(turn, reply, link.as_deref())?;
                turn.link = link.map(|link| reply.address().follow(&link)).transpose()?;
                Ok(turn.link.is_some())
            }
        }
    }

    /// Refuses to go where we have been. The place is not shown: a link may hold a key.
    fn goes_to(&self, turn: &mut Turn, reply: &Reply, place: Option<&str>) -> Result<(), CollectError> {
        let Some(place) = place.filter(|place| !turn.seen_places.insert((*place).to_owned())) else {
            return Ok(());
        };
        let (what, length) =
            if self.kind == PagingKind::Cursor { ("cursor", place.len()) } else { ("link", place.len()) };
        let problem = format!(
            "{} goes round in circles: page {} gave a {what} of {length} characters that an earlier page gave; check \
             what `paging` says about its pages",
            reply.address(),
            turn.pages
        );
        Err(CollectError::new(Reason::Malformed, problem))
    }
}

fn fingerprint(rows: &[Value]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for row in rows {
        hash.update(row.to_string());
        hash.update([0]);
    }
    hash.finalize().into()
}

fn total(reply: &Reply, body: &Value, pointer: &str) -> Result<u64, CollectError> {
    let found = body.pointer(pointer);
    let number = match found {
        Some(Value::String(text)) => text.parse().ok(),
        other => other.and_then(Value::as_u64),
    };
    number.ok_or_else(|| {
        let problem = format!(
            "{} says no number of rows at {pointer:?}, which `paging.total` names; correct it or leave it out",
            reply.address()
        );
        CollectError::new(Reason::Malformed, problem)
    })
}

/// A cursor or link; sources write a number, or an empty text or null where there is none.
fn text_at(body: &Value, pointer: &str) -> Option<String> {
    match body.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The target of `rel="next"` in a `Link` header (RFC 8288, section 3).
fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        // The parameters end at the comma before the next target; a comma in quotes is none.
        let mut quoted = false;
        let end = after.find(|each: char| {
            quoted ^= each == '"';
            each == ',' && !quoted
        });
        let (parameters, after) = after.split_at(end.unwrap_or(after.len()));
        let is_next =
            parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value
                        .trim()
                        .trim_matches('"')
                        .split_whitespace()
                        .any(|word| word.eq_ignore_ascii_case("next"))
            });
        if is_next {
            return Some(target.trim().to_owned());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("<https://a/?page=2>; rel=\"next\"", Some("https://a/?page=2"))]
    #[case("<https://a/1>; rel=prev, </2>; title=\"a, b\"; rel=\"last next\"", Some("/2"))]
    #[case("<https://a/?page=1>; rel=\"prev\"", None)]
    #[case("next", None)]
    fn a_next_link_is_found(#[case] header: &str, #[case] target: Option<&str>) {
        assert_eq!(next_link(header).as_deref(), target);
    }

    proptest! {
        #[test]
        fn no_header_panics(header in "[<>;,=\"a-z ]{0,60}") {
            let _ = next_link(&header);
        }
    }
}
