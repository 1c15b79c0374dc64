//! Answers of `/query`, read as they come.
//!
//! An answer is one JSON document for each chunk, in one line each. An error comes within an answer of
//! status 200, and an answer that was cut short must not be taken for a short one: both are looked for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::fault::{Fault, Outcome};

/// Some rows of one series of the answer to one statement.
#[derive(Debug, Deserialize)]
pub(super) struct Rows<'a> {
    #[serde(borrow, default)]
    pub(super) tags: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) values: Vec<Vec<Cell<'a>>>,
    #[serde(default)]
    partial: bool,
}

impl Rows<'_> {
    /// A tag of the series; empty where it has none of that name.
    pub(super) fn tag(&self, name: &str) -> &str {
        self.tags.get(name).map_or("", |value| value)
    }
}

/// One value. The columns are those the statement asked for, after the time in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Absent,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// A flag is written only where it is set.
    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Absent => Some(false),
            Self::Boolean(set) => Some(*set),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Cell<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Cell<'de>, E> {
                Ok(Cell::Absent)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Cell<'de>, E> {
                Ok(Cell::Boolean(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Cell<'de>, E> {
                Ok(Cell::Integer(value))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Cell<'de>, E> {
                i64::try_from(value).map(Cell::Integer).map_err(E::custom)
            }
            fn visit_f64<E>(self, value: f64) -> Result<Cell<'de>, E> {
                Ok(Cell::Float(value))
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[derive(Debug, Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    results: Vec<Result_<'a>>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Result_<'a> {
    statement_id: usize,
    #[serde(borrow, default)]
    series: Vec<Rows<'a>>,
    #[serde(default)]
    partial: bool,
    error: Option<String>,
}

/// What comes back from one request, put together from the chunks of it.
#[derive(Debug)]
pub(super) struct Answer {
    pending: Vec<u8>,
    /// For each statement whether its answer is complete.
    complete: Vec<bool>,
}

impl Answer {
    pub(super) fn to(statements: usize) -> Self {
        Self { pending: Vec::new(), complete: vec![false; statements] }
    }

    /// Takes some bytes, and hands on every row that is whole with the number of its statement.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        sink: &mut (dyn FnMut(usize, Rows<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        self.pending.extend_from_slice(bytes);
        let Some(end) = self.pending.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let rest = self.pending.split_off(end + 1);
        let whole = std::mem::replace(&mut self.pending, rest);
        self.documents(&whole, sink)
    }

    /// Takes what is left at the end, and says whether anything is missing.
    pub(super) fn finish(
        mut self,
        sink: &mut (dyn FnMut(usize, Rows<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        let rest = std::mem::take(&mut self.pending);
        self.documents(&rest, sink)?;
        if self.complete.iter().all(|complete| *complete) {
            return Ok(());
        }
        Err(Fault::Unavailable(
            "its answer to a query was cut short; nothing was made of it (raise the server's max-row-limit \
             if this stays)"
                .to_owned(),
        ))
    }

    fn documents(
        &mut self,
        bytes: &[u8],
        sink: &mut (dyn FnMut(usize, Rows<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            let document: Document<'_> = serde_json::from_slice(line).map_err(|error| {
                Fault::Unavailable(format!("its answer to a query cannot be read: {error}"))
            })?;
            if let Some(error) = document.error {
                return Err(refused(&error));
            }
            for result in document.results {
                if let Some(error) = result.error {
                    return Err(refused(&error));
                }
                let unfinished = result.partial || result.series.last().is_some_and(|rows| rows.partial);
                if let Some(complete) = self.complete.get_mut(result.statement_id) {
                    *complete = !unfinished;
                }
                for rows in result.series {
                    sink(result.statement_id, rows)?;
                }
            }
        }
        Ok(())
    }
}

/// A statement that the server does not carry out. What it says of itself is in its own words.
fn refused(words: &str) -> Fault {
    let remedy = if words.contains("not found") {
        "; create it, or set store.influxdb2.database to the one that /query knows the bucket by"
    } else {
        ""
    };
    Fault::Unavailable(format!("it refused a query: {words}{remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(statements: usize, chunks: &[&str]) -> Result<Vec<String>, String> {
        let mut rows = Vec::new();
        let mut sink = |statement: usize, part: Rows<'_>| {
            rows.push(format!("{statement} {:?} {:?}", part.tags, part.values));
            Ok(())
        };
        let mut answer = Answer::to(statements);
        let read = chunks
            .iter()
            .try_for_each(|chunk| answer.take(chunk.as_bytes(), &mut sink))
            .and_then(|()| answer.finish(&mut sink));
        read.map(|()| rows).map_err(|fault| format!("{fault:?}"))
    }

    #[test]
    fn chunks_may_be_cut_anywhere() {
        let text = concat!(
            r#"{"results":[{"statement_id":0,"series":[{"name":"m","tags":{"t":"a"},"columns":["time","x"],"values":[[1,"é\""],[2,null]],"partial":true}],"partial":true}]}"#,
            "\n",
            r#"{"results":[{"statement_id":0,"series":[{"name":"m","tags":{"t":"a"},"columns":["time","x"],"values":[[3,true]]}]}]}"#,
            "\n",
            r#"{"results":[{"statement_id":1}]}"#,
        );
        let expected = [
            r#"0 {"t": "a"} [[Integer(1), Text("é\"")], [Integer(2), Absent]]"#,
            r#"0 {"t": "a"} [[Integer(3), Boolean(true)]]"#,
        ];
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let (one, two) = text.split_at(cut);
            assert_eq!(read(2, &[one, two]).unwrap(), expected, "cut at {cut}");
        }
    }

    #[rstest::rstest]
    #[case(r#"{"error":"error parsing query"}"#, "error parsing query")]
    #[case(r#"{"results":[{"statement_id":0,"error":"database not found: x"}]}"#, "create it")]
    #[case(r#"{"results":[{"statement_id":0,"series":[{"values":[[1]],"partial":true}]}]}"#, "cut short")]
    #[case(r#"{"results":[{"statement_id":0,"partial":true}]}"#, "cut short")]
    #[case(r#"{"results":[]}"#, "cut short")]
    #[case("", "cut short")]
    #[case("<html>", "cannot be read")]
    fn what_is_no_whole_answer_is_an_error(#[case] body: &str, #[case] expected: &str) {
        let error = read(1, &[body]).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
