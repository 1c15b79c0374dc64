//! The query as the database gets it: one `SELECT`, with `:from` and `:to` in the database's own notation.
//!
//! Values never become part of the text. They are bound, so that nothing a service is called can be
//! read as SQL.

use super::config::Dialect;
use super::lexer::{Lexer, Token};

const REMEDY: &str = "give one SELECT, or WITH … SELECT";

/// The query with its placeholders as parameters 1 (`:from`) and 2 (`:to`), or everything that is wrong
/// with it.
pub(super) fn translate(query: &str, dialect: Dialect) -> Result<String, Vec<String>> {
    let mut problems = Vec::new();
    let mut sql = String::with_capacity(query.len() + 8);
    let mut first_word: Option<&str> = None;
    let mut ended = false;
    let (mut from, mut to) = (false, false);
    for (token, piece) in Lexer::new(query, dialect) {
        let blank = matches!(token, Token::Space | Token::Comment);
        if ended && !blank && token != Token::Semicolon {
            problems.push(format!(
                "the query has more than one statement: {} follows a semicolon; {REMEDY}",
                excerpt(piece)
            ));
            break;
        }
        match token {
            // Spaces keep it apart from a name: `BETWEEN:from` would become the name `BETWEEN$1`.
            Token::Placeholder if piece == ":from" => {
                from = true;
                sql.push_str(parameter(dialect, Bound::From));
            }
            Token::Placeholder if piece == ":to" => {
                to = true;
                sql.push_str(parameter(dialect, Bound::To));
            }
            Token::Placeholder => problems.push(format!(
                "{} is not a placeholder; use :from and :to, and in a slice of an array put a space after the colon",
                excerpt(piece)
            )),
            Token::Parameter => problems.push(format!(
                "{} stands for a value nobody gives; use :from and :to",
                excerpt(piece)
            )),
            Token::Unclosed => problems
                .push(format!("what begins with {} has no end; close the quote or comment", excerpt(piece))),
            Token::Semicolon => ended = true,
            Token::Word => {
                first_word.get_or_insert(piece);
                sql.push_str(piece);
            }
            Token::Space | Token::Comment | Token::Quoted | Token::Other => sql.push_str(piece),
        }
    }
    match first_word {
        None => problems.push(format!("the query is empty; {REMEDY}")),
        Some(word) if ["select", "with"].iter().any(|known| word.eq_ignore_ascii_case(known)) => {
            for (there, name) in [(from, ":from"), (to, ":to")] {
                if !there {
                    problems.push(format!(
                        "the query does not use {name}; select the rows from :from until before :to, so that only the periods asked for are read"
                    ));
                }
            }
        }
        Some(word) => problems.push(format!("the query begins with {}; {REMEDY}", excerpt(word))),
    }
    if problems.is_empty() { Ok(sql) } else { Err(problems) }
}

#[derive(Clone, Copy)]
enum Bound {
    From,
    To,
}

const fn parameter(dialect: Dialect, bound: Bound) -> &'static str {
    match (dialect, bound) {
        (Dialect::Postgresql, Bound::From) => " $1 ",
        (Dialect::Postgresql, Bound::To) => " $2 ",
        (Dialect::Sqlite, Bound::From) => " ?1 ",
        (Dialect::Sqlite, Bound::To) => " ?2 ",
    }
}

fn excerpt(piece: &str) -> String {
    const MOST: usize = 30;
    if piece.chars().count() <= MOST {
        return format!("{piece:?}");
    }
    let start: String = piece.chars().take(MOST).collect();
    format!("{:?}", start + "…")
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
